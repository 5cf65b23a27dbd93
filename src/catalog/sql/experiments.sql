-- Experiments: hundreds in a workspace.

-- name: find_experiment
-- Index: unique (id).
SELECT * FROM experiment_rows WHERE id = $1;

-- name: find_experiment_by_name
-- $1 the workspace. Index: unique (workspace_pk, name).
SELECT * FROM experiment_rows WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: list_experiments
-- $1 the workspace, $2 1 to have archived ones too. By name. Index: unique (workspace_pk, name).
SELECT * FROM experiment_rows
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND (archived_at IS NULL OR CAST($2 AS BIGINT) = 1)
ORDER BY name;

-- name: insert_experiment
-- $2 and $3 come from count_experiment. Nothing changes when the name is taken (two servers at once).
INSERT INTO experiments (id, workspace_pk, number, name, created_at, tags, run_count)
VALUES ($1, $2, $3, $4, $5, '{}', 0)
ON CONFLICT (workspace_pk, name) DO NOTHING;

-- name: count_run
-- Takes the next run's number; the row stays locked until the transaction ends, so numbers have no gap and no double.
-- An archived experiment comes back with a new run, as SDK v1 has it.
-- No RETURNING here and in the other statements of a new run: SQLite keeps a journal for each statement that has one, which doubles its cost.
-- Index: unique (workspace_pk, name).
UPDATE experiments SET run_count = run_count + 1, archived_at = NULL
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: find_run_place
-- After count_run: the number, and the keys that the run's row needs. Index: unique (workspace_pk, name).
SELECT pk, workspace_pk, id, run_count FROM experiments
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: update_experiment
UPDATE experiments SET archived_at = $2, description = $3, tags = $4 WHERE id = $1;

-- name: find_run_of_experiment
-- Index: unique (experiment_pk, number).
SELECT id FROM runs WHERE experiment_pk = (SELECT pk FROM experiments WHERE id = $1) LIMIT 1;

-- name: remove_experiment
DELETE FROM experiments WHERE id = $1;
