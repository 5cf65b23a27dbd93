-- Datastores and datasets of workspaces, and those of runs. `$1` is the workspace's or run's id.

-- name: put_datastore
-- Nothing changes when there is no such workspace. Primary key.
INSERT INTO datastores (workspace_pk, name, path, created_at) SELECT pk, $2, $3, $4 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk, name) DO UPDATE SET path = excluded.path;

-- name: find_datastore
SELECT name, path, created_at FROM datastores WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: list_datastores
SELECT name, path, created_at FROM datastores WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) ORDER BY name;

-- name: remove_datastore
DELETE FROM datastores WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: set_default_datastore
INSERT INTO default_datastores (workspace_pk, name) SELECT pk, $2 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk) DO UPDATE SET name = excluded.name;

-- name: find_default_datastore
SELECT name FROM default_datastores WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: clear_default_datastore
DELETE FROM default_datastores WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: save_dataset
-- The same content again changes nothing. Index: unique (id).
INSERT INTO datasets (workspace_pk, id, definition, created_at) SELECT pk, $2, $3, $4 FROM workspaces WHERE id = $1
ON CONFLICT (id) DO NOTHING;

-- name: find_dataset
-- Index: unique (id).
SELECT d.id, d.definition, d.created_at FROM datasets AS d
WHERE d.id = $2 AND d.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: latest_registration
-- The newest version that has this content. Index: dataset_versions_by_dataset.
SELECT v.name, v.version, v.description, v.tags, v.created_at FROM dataset_versions AS v
WHERE v.dataset_pk = (SELECT pk FROM datasets WHERE id = $1) ORDER BY v.created_at DESC LIMIT 1;

-- name: latest_version
-- Primary key, from its end.
SELECT d.id, d.definition, v.name, v.version, v.description, v.tags, v.created_at
FROM dataset_versions AS v JOIN datasets AS d ON d.pk = v.dataset_pk
WHERE v.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND v.name = $2 ORDER BY v.version DESC LIMIT 1;

-- name: find_version
-- Primary key.
SELECT d.id, d.definition, v.name, v.version, v.description, v.tags, v.created_at
FROM dataset_versions AS v JOIN datasets AS d ON d.pk = v.dataset_pk
WHERE v.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND v.name = $2 AND v.version = $3;

-- name: list_versions
-- All names and versions of a workspace, in the order of the primary key.
SELECT d.id, d.definition, v.name, v.version, v.description, v.tags, v.created_at
FROM dataset_versions AS v JOIN datasets AS d ON d.pk = v.dataset_pk
WHERE v.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) ORDER BY v.name, v.version;

-- name: insert_version
-- $4 the dataset's id; index: unique (id).
INSERT INTO dataset_versions (workspace_pk, name, version, dataset_pk, description, tags, created_at)
SELECT workspace_pk, $2, $3, pk, $5, $6, $7 FROM datasets WHERE id = $4 AND workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: update_version
UPDATE dataset_versions SET description = $4, tags = $5
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2 AND version = $3;

-- name: remove_versions
-- The contents stay known by their ids: runs name them.
DELETE FROM dataset_versions WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: add_run_dataset
-- Index: unique (id) of both.
INSERT INTO run_datasets (run_pk, relation, name, dataset_pk, dataset_name, version, mechanism)
SELECT r.pk, $2, $3, d.pk, $5, $6, $7 FROM runs AS r JOIN datasets AS d ON d.id = $4 WHERE r.id = $1
ON CONFLICT (run_pk, relation, name) DO UPDATE SET dataset_pk = excluded.dataset_pk, dataset_name = excluded.dataset_name, version = excluded.version;

-- name: list_run_datasets
-- Primary key.
SELECT x.relation, x.name, d.id, d.definition, x.dataset_name, x.version, x.mechanism FROM run_datasets AS x JOIN datasets AS d ON d.pk = x.dataset_pk
WHERE x.run_pk = (SELECT pk FROM runs WHERE id = $1) ORDER BY x.relation, x.name;
