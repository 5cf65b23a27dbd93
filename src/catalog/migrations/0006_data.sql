-- Datastores, datasets and their versions, and which datasets a run read and wrote.

-- Folders that were registered. The built-in datastores of a workspace have no row: they are folders of the server's data.
CREATE TABLE datastores (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         KEY_TEXT NOT NULL,
  path         TEXT NOT NULL,                -- absolute
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name)
) CLUSTERED;

-- No row: workspaceblobstore.
CREATE TABLE default_datastores (
  workspace_pk BIGINT PRIMARY KEY NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         KEY_TEXT NOT NULL
) CLUSTERED;

-- Definitions, each once in a workspace: the id is made from the content.
CREATE TABLE datasets (
  pk           ROW_KEY,
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  id           KEY_TEXT NOT NULL UNIQUE,     -- GUID
  definition   TEXT NOT NULL,                -- JSON {kind, paths: [{datastore, path, url}], options}
  created_at   BIGINT NOT NULL
);

CREATE TABLE dataset_versions (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         KEY_TEXT NOT NULL,
  version      BIGINT NOT NULL,              -- from 1, without gaps
  dataset_pk   BIGINT NOT NULL REFERENCES datasets (pk) ON DELETE CASCADE,
  description  TEXT NOT NULL,
  tags         TEXT NOT NULL,                -- JSON {key: text}
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name, version)
) CLUSTERED;
CREATE INDEX dataset_versions_by_dataset ON dataset_versions (dataset_pk, created_at);

-- Lineage. Goes with the run; a dataset that was unregistered stays known by its id.
CREATE TABLE run_datasets (
  run_pk       BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  relation     TEXT NOT NULL,                -- input, reference (used by the script without being declared), output
  name         KEY_TEXT NOT NULL,            -- of the input or output
  dataset_pk   BIGINT NOT NULL REFERENCES datasets (pk) ON DELETE CASCADE,
  dataset_name TEXT NOT NULL,                -- as it was registered then; empty: it was not
  version      BIGINT NOT NULL,              -- 0: it was not registered
  mechanism    TEXT NOT NULL,                -- direct, mount, download, upload
  PRIMARY KEY (run_pk, relation, name)
) CLUSTERED;
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_pk);
