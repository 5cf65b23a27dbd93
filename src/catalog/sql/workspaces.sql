-- Workspaces are few (tens); every column is read at once.

-- name: find_workspace
-- By the id that users see. Index: unique (id).
SELECT id, subscription_id, resource_group, name, friendly_name, description, created_at, tags FROM workspaces WHERE id = $1;

-- name: find_workspace_by_name
-- Index: unique (subscription_id, resource_group, name).
SELECT id, subscription_id, resource_group, name, friendly_name, description, created_at, tags FROM workspaces
WHERE subscription_id = $1 AND resource_group = $2 AND name = $3;

-- name: list_workspaces
-- Oldest first. Whole table.
SELECT id, subscription_id, resource_group, name, friendly_name, description, created_at, tags FROM workspaces ORDER BY pk;

-- name: insert_workspace
-- No row comes back when the name is taken.
INSERT INTO workspaces (id, subscription_id, resource_group, name, created_at, tags, experiment_count)
VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (subscription_id, resource_group, name) DO NOTHING
RETURNING id, subscription_id, resource_group, name, friendly_name, description, created_at, tags;

-- name: count_experiment
-- Takes the next experiment's number; the row stays locked until the transaction ends, so numbers have no gap and no double.
UPDATE workspaces SET experiment_count = experiment_count + 1 WHERE id = $1 RETURNING pk, experiment_count;

-- name: update_workspace
UPDATE workspaces SET friendly_name = $2, description = $3, tags = $4 WHERE id = $1;

-- name: find_run_of_workspace
-- Index: runs_by_workspace.
SELECT id FROM runs WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) LIMIT 1;

-- name: find_live_run_of_workspace
-- Index: runs_live.
SELECT id FROM runs WHERE is_live = 1 AND workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) LIMIT 1;

-- name: newest_runs_of_workspace
-- Children come before their parents. $2 how many. Index: runs_by_workspace.
SELECT id FROM runs WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) ORDER BY pk DESC LIMIT $2;

-- name: remove_experiments_of
-- Index: unique (workspace_pk, name).
DELETE FROM experiments WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: remove_secrets_of
DELETE FROM secrets WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: remove_workspace
DELETE FROM workspaces WHERE id = $1;
