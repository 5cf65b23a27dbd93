-- Secrets of workspaces: a handful each. Primary key (workspace_pk, name) throughout.

-- name: put_secret
-- Nothing changes when there is no such workspace.
INSERT INTO secrets (workspace_pk, name, sealed, created_at, updated_at) SELECT pk, $2, $3, $4, $4 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk, name) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at;

-- name: find_secret
SELECT name, sealed, created_at, updated_at FROM secrets WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: list_secrets
SELECT name, sealed, created_at, updated_at FROM secrets WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) ORDER BY name;

-- name: remove_secret
DELETE FROM secrets WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;
