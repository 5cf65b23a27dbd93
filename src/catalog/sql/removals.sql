-- Runs that go for good. Each takes the run's id; primary keys throughout, for the keys idempotency_keys_by_run.

-- name: find_child
-- Index: runs_by_parent.
SELECT id FROM runs WHERE parent_pk = (SELECT pk FROM runs WHERE id = $1) LIMIT 1;

-- name: note_removal
INSERT INTO removals (run_id) SELECT id FROM runs WHERE id = $1 ON CONFLICT (run_id) DO NOTHING;

-- name: remove_tags_of
DELETE FROM run_tags WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: remove_properties_of
DELETE FROM run_properties WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: remove_files_of
DELETE FROM run_files WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: remove_events_of
DELETE FROM run_events WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: remove_keys_of
DELETE FROM idempotency_keys WHERE run_pk = (SELECT pk FROM runs WHERE id = $1);

-- name: remove_run
DELETE FROM runs WHERE id = $1;

-- name: list_removals
-- Few: those that a crash left. Whole table.
SELECT run_id FROM removals;

-- name: find_removal
SELECT run_id FROM removals WHERE run_id = $1;

-- name: forget_removal
DELETE FROM removals WHERE run_id = $1;
