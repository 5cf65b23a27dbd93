-- Workspaces are few (tens); every column is read at once.

-- name: find_workspace
-- By the id that users see. Index: unique (id).
SELECT id, subscription_id, resource_group, name, created_at, tags FROM workspaces WHERE id = $1;

-- name: find_workspace_by_name
-- Index: unique (subscription_id, resource_group, name).
SELECT id, subscription_id, resource_group, name, created_at, tags FROM workspaces
WHERE subscription_id = $1 AND resource_group = $2 AND name = $3;

-- name: list_workspaces
-- Oldest first. Whole table.
SELECT id, subscription_id, resource_group, name, created_at, tags FROM workspaces ORDER BY pk;

-- name: insert_workspace
-- No row comes back when the name is taken.
INSERT INTO workspaces (id, subscription_id, resource_group, name, created_at, tags, experiment_count)
VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT (subscription_id, resource_group, name) DO NOTHING
RETURNING id, subscription_id, resource_group, name, created_at, tags;

-- name: count_experiment
-- Takes the next experiment's number; the row stays locked until the transaction ends, so numbers have no gap and no double.
UPDATE workspaces SET experiment_count = experiment_count + 1 WHERE id = $1 RETURNING pk, experiment_count;
