-- Tags and properties of runs: a handful each. The statements that write take the run's id and change nothing when there is no such run.

-- name: set_tag
INSERT INTO run_tags (run_pk, key, value) SELECT pk, $2, $3 FROM runs WHERE id = $1
ON CONFLICT (run_pk, key) DO UPDATE SET value = excluded.value;

-- name: set_tag_of
-- The same by the run's pk, for a run that was just inserted.
INSERT INTO run_tags (run_pk, key, value) VALUES ($1, $2, $3);

-- name: remove_tag
DELETE FROM run_tags WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND key = $2;

-- name: add_property
-- The value that is there now, ours or an older one.
INSERT INTO run_properties (run_pk, key, value) SELECT pk, $2, $3 FROM runs WHERE id = $1
ON CONFLICT (run_pk, key) DO UPDATE SET value = run_properties.value
RETURNING value;

-- name: add_property_of
-- By the run's pk, for a run that was just inserted.
INSERT INTO run_properties (run_pk, key, value) VALUES ($1, $2, $3);

-- name: tags_of_runs
-- $1 a JSON array of pks: one query for a whole page of runs. Primary key.
SELECT run_pk, key, value FROM run_tags WHERE run_pk IN EACH_INTEGER($1) ORDER BY run_pk, key;

-- name: properties_of_runs
SELECT run_pk, key, value FROM run_properties WHERE run_pk IN EACH_INTEGER($1) ORDER BY run_pk, key;
