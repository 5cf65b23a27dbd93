-- Files of the artifact root, a run's and those of no run, by the same parameters: $1 the run's id, or the workspace's. Primary keys throughout.

-- name: find_run_of_artifact
-- $1 workspace, $2 the experiment's number, $3 the run's id. Index: unique (id).
SELECT r.id FROM runs AS r JOIN experiments AS e ON e.pk = r.experiment_pk JOIN workspaces AS w ON w.pk = r.workspace_pk
WHERE r.id = $3 AND e.number = $2 AND w.id = $1;

-- name: find_artifact_place
-- The experiment's number of a run, with its workspace. Index: unique (id).
SELECT e.number, w.id AS workspace_id FROM runs AS r JOIN experiments AS e ON e.pk = r.experiment_pk JOIN workspaces AS w ON w.pk = r.workspace_pk
WHERE r.id = $1;

-- name: find_artifact
SELECT path, size_bytes, sha256, object, created_at FROM artifacts
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND path = $2;

-- name: find_artifact_of_run
SELECT path, size_bytes, sha256, object, created_at FROM run_files
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND path = $2;

-- name: list_artifacts
-- From $2 on, before $3, at most $4.
SELECT path, size_bytes, sha256, object, created_at FROM artifacts
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND path >= $2 AND path < $3 ORDER BY path LIMIT $4;

-- name: list_artifacts_of_run
SELECT path, size_bytes, sha256, object, created_at FROM run_files
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND path >= $2 AND path < $3 ORDER BY path LIMIT $4;

-- name: put_artifact
INSERT INTO artifacts (workspace_pk, path, size_bytes, sha256, object, created_at)
SELECT pk, $2, $3, $4, $5, $6 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk, path) DO UPDATE SET size_bytes = excluded.size_bytes, sha256 = excluded.sha256, object = excluded.object,
                                               created_at = excluded.created_at;

-- name: put_artifact_of_run
INSERT INTO run_files (run_pk, path, size_bytes, sha256, object, origin, created_at)
SELECT pk, $2, $3, $4, $5, 'upload', $6 FROM runs WHERE id = $1
ON CONFLICT (run_pk, path) DO UPDATE SET size_bytes = excluded.size_bytes, sha256 = excluded.sha256, object = excluded.object,
                                         origin = excluded.origin, created_at = excluded.created_at;

-- name: remove_artifacts
-- The file $2, and what lies from $3 on and before $4: the folder of that name.
DELETE FROM artifacts WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND (path = $2 OR (path >= $3 AND path < $4));

-- name: remove_artifacts_of_run
DELETE FROM run_files WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND (path = $2 OR (path >= $3 AND path < $4));

-- name: copy_artifacts_of_run
-- The same contents under another name: $2 the workspace, $3 a file, $4 and $5 the folder as above, $6 what stands for the first $7 characters.
INSERT INTO artifacts (workspace_pk, path, size_bytes, sha256, object, created_at)
SELECT (SELECT pk FROM workspaces WHERE id = $2), CAST($6 AS TEXT) || substr(path, CAST($7 AS INTEGER) + 1), size_bytes, sha256, object, $8 FROM run_files
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND (path = $3 OR (path >= $4 AND path < $5))
ON CONFLICT (workspace_pk, path) DO NOTHING;

-- name: move_artifacts
-- $2 the file, $3 and $4 the folder as above; $5 what stands for the first $6 characters.
UPDATE artifacts SET path = CAST($5 AS TEXT) || substr(path, CAST($6 AS INTEGER) + 1)
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND (path = $2 OR (path >= $3 AND path < $4));
