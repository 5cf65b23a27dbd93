-- Registered models: hundreds in a workspace, with up to thousands of versions each.

-- part: version_columns
SELECT v.pk, v.model_pk, m.name, v.version, v.created_at, v.updated_at, v.stage, v.description, v.source, v.storage, v.run_id, v.run_link, v.logged_id,
       v.created_by, v.properties, v.details
FROM model_versions AS v JOIN registered_models AS m ON m.pk = v.model_pk

-- name: insert_registered_model
-- Nothing changes when the name is taken, or there is no such workspace.
INSERT INTO registered_models (workspace_pk, name, created_at, updated_at, description, version_count)
SELECT pk, $2, $3, $3, $4, 0 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk, name) DO NOTHING;

-- name: find_registered_model
-- Index: unique (workspace_pk, name).
SELECT pk, name, created_at, updated_at, description, version_count FROM registered_models
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND name = $2;

-- name: list_registered_models
-- By name. Index: unique (workspace_pk, name).
SELECT pk, name, created_at, updated_at, description, version_count FROM registered_models
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) ORDER BY name;

-- name: describe_registered_model
UPDATE registered_models SET description = $2, updated_at = $3 WHERE pk = $1;

-- name: rename_registered_model
UPDATE registered_models SET name = $2, updated_at = $3 WHERE pk = $1;

-- name: touch_versions_of
-- Index: unique (model_pk, version).
UPDATE model_versions SET updated_at = $2 WHERE model_pk = $1;

-- name: touch_registered_model
UPDATE registered_models SET updated_at = $2 WHERE pk = $1;

-- name: remove_registered_model
-- Versions, tags and aliases go with it.
DELETE FROM registered_models WHERE pk = $1;

-- name: set_registered_model_tag
INSERT INTO registered_model_tags (model_pk, key, value) VALUES ($1, $2, $3)
ON CONFLICT (model_pk, key) DO UPDATE SET value = excluded.value;

-- name: remove_registered_model_tag
DELETE FROM registered_model_tags WHERE model_pk = $1 AND key = $2;

-- name: tags_of_registered_models
-- $1 a JSON array of pks. Primary key.
SELECT model_pk AS owner_pk, key, value FROM registered_model_tags WHERE model_pk IN EACH_INTEGER($1) ORDER BY model_pk, key;

-- name: set_model_alias
INSERT INTO model_aliases (model_pk, alias, version) VALUES ($1, $2, $3)
ON CONFLICT (model_pk, alias) DO UPDATE SET version = excluded.version;

-- name: remove_model_alias
DELETE FROM model_aliases WHERE model_pk = $1 AND alias = $2;

-- name: remove_aliases_of_version
DELETE FROM model_aliases WHERE model_pk = $1 AND version = $2;

-- name: aliases_of_registered_models
-- $1 a JSON array of pks. Primary key.
SELECT model_pk, alias, version FROM model_aliases WHERE model_pk IN EACH_INTEGER($1) ORDER BY model_pk, alias;

-- name: count_model_version
-- Takes the next number; the row stays locked until the transaction ends.
UPDATE registered_models SET version_count = version_count + 1, updated_at = $2 WHERE pk = $1;

-- name: insert_model_version
INSERT INTO model_versions (model_pk, version, created_at, updated_at, stage, description, source, storage, run_id, run_link, logged_id, created_by,
                            properties, details)
VALUES ($1, $2, $3, $3, 'None', $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: find_model_version
-- Index: unique (workspace_pk, name), then unique (model_pk, version).
-- with: version_columns
WHERE m.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND m.name = $2 AND v.version = $3;

-- name: versions_of_registered_models
-- $1 a JSON array of pks. Index: unique (model_pk, version).
-- with: version_columns
WHERE v.model_pk IN EACH_INTEGER($1);

-- name: list_model_versions
-- Of a workspace. Index: unique (workspace_pk, name), then unique (model_pk, version).
-- with: version_columns
WHERE m.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: list_model_versions_of_run
-- $1 workspace, $2 run. Index: model_versions_by_run.
-- with: version_columns
WHERE v.run_id = $2 AND v.run_id <> '' AND m.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: update_model_version
UPDATE model_versions SET description = $2, stage = $3, properties = $4, details = $5, updated_at = $6 WHERE pk = $1;

-- name: remove_model_version
DELETE FROM model_versions WHERE pk = $1;

-- name: set_model_version_tag
INSERT INTO model_version_tags (version_pk, key, value) VALUES ($1, $2, $3)
ON CONFLICT (version_pk, key) DO UPDATE SET value = excluded.value;

-- name: remove_model_version_tag
DELETE FROM model_version_tags WHERE version_pk = $1 AND key = $2;

-- name: tags_of_model_versions
-- $1 a JSON array of pks. Primary key.
SELECT version_pk AS owner_pk, key, value FROM model_version_tags WHERE version_pk IN EACH_INTEGER($1) ORDER BY version_pk, key;
