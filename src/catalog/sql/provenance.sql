-- What runs were made from. Primary key (run_pk) throughout; the statements that write change nothing when there is no such run.

-- name: put_diff
INSERT INTO run_diffs (run_pk, size_bytes, object) SELECT pk, $2, $3 FROM runs WHERE id = $1
ON CONFLICT (run_pk) DO NOTHING;

-- name: find_diff
SELECT size_bytes, object FROM run_diffs WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: add_environment_record
INSERT INTO environment_records (digest, record) VALUES ($1, $2)
ON CONFLICT (digest) DO NOTHING;

-- name: put_environment
-- A later attempt's environment replaces the former one's. $2 the digest; index: unique (digest).
INSERT INTO run_environments (run_pk, environment_pk)
SELECT r.pk, e.pk FROM runs AS r JOIN environment_records AS e ON e.digest = $2 WHERE r.id = $1
ON CONFLICT (run_pk) DO UPDATE SET environment_pk = excluded.environment_pk;

-- name: find_environment
SELECT e.record FROM run_environments AS x JOIN environment_records AS e ON e.pk = x.environment_pk
WHERE x.run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: find_environment_digest
SELECT r.digest FROM run_environments AS e JOIN environment_records AS r ON r.pk = e.environment_pk
WHERE e.run_pk = (SELECT pk FROM runs WHERE id = $1);
