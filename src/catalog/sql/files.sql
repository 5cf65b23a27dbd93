-- Files of runs: up to many thousands each. Primary key (run_pk, path) throughout.

-- name: find_file
SELECT path, size_bytes, sha256, object, origin, created_at FROM run_files
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND path = $2;

-- name: list_files
SELECT path, size_bytes, sha256, object, origin, created_at FROM run_files
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) ORDER BY path;

-- name: put_file
-- Overwrites; files.cpp has decided that it may. Nothing changes when there is no such run.
INSERT INTO run_files (run_pk, path, size_bytes, sha256, object, origin, created_at)
SELECT pk, $2, $3, $4, $5, $6, $7 FROM runs WHERE id = $1
ON CONFLICT (run_pk, path) DO UPDATE SET size_bytes = excluded.size_bytes, sha256 = excluded.sha256, object = excluded.object,
                                         origin = excluded.origin, created_at = excluded.created_at;
