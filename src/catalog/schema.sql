-- What the migrations make of an empty SQLite file; for reading and review. Rewritten by STOKER_ACCEPT=1 test_catalog.

CREATE VIEW experiment_rows AS
SELECT e.pk, e.id, e.number, e.workspace_pk, w.id AS workspace_id, e.name, e.created_at, e.archived_at, e.updated_at, e.artifact_location, e.description,
       e.tags, e.run_count
FROM experiments AS e JOIN workspaces AS w ON w.pk = e.workspace_pk;

CREATE VIEW run_rows AS
SELECT r.pk, r.id, r.number, r.workspace_pk, r.experiment_pk, r.parent_pk, w.id AS workspace_id, e.id AS experiment_id, e.name AS experiment_name,
       r.kind, r.display_name, r.description, r.user_name, r.spec, r.created_at, r.archived_at, r.is_watched, r.state, r.is_live, r.attempt, r.handle,
       r.gpu_indices, r.cancel_requested, r.cancel_by, r.started_at, r.ended_at, r.end_reason, r.end_exit_code, r.end_signal, r.end_message, r.error,
       r.phases, r.journal_acked
FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk JOIN experiments AS e ON e.pk = r.experiment_pk;

CREATE TABLE artifacts (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  path         TEXT NOT NULL,     -- relative, from the root
  size_bytes   BIGINT NOT NULL,
  sha256       TEXT NOT NULL,         -- of the content, 64 hexadecimal digits
  object       TEXT NOT NULL,         -- digest under which the object store has it
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, path)
) WITHOUT ROWID;

CREATE TABLE dataset_versions (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  version      BIGINT NOT NULL,              -- from 1, without gaps
  dataset_pk   BIGINT NOT NULL REFERENCES datasets (pk) ON DELETE CASCADE,
  description  TEXT NOT NULL,
  tags         TEXT NOT NULL,                -- JSON {key: text}
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name, version)
) WITHOUT ROWID;

CREATE TABLE datasets (
  pk           INTEGER PRIMARY KEY,
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  id           TEXT NOT NULL UNIQUE,     -- GUID
  definition   TEXT NOT NULL,                -- JSON {kind, paths: [{datastore, path, url}], options}
  created_at   BIGINT NOT NULL
);

CREATE TABLE datastores (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         TEXT NOT NULL,
  path         TEXT NOT NULL,                -- absolute
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name)
) WITHOUT ROWID;

CREATE TABLE default_datastores (
  workspace_pk BIGINT PRIMARY KEY NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name         TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE environment_records (
  pk     INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,     -- SHA-256 of the record
  record TEXT NOT NULL                 -- JSON {kind, interpreter, version, packages, host, user, platform}
);

CREATE TABLE experiments (
  pk           INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,  -- GUID
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk),
  number       BIGINT NOT NULL,           -- 1, 2, 3 … in the workspace; MLflow's integer id
  name         TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  archived_at  BIGINT,                    -- null: not archived
  tags         TEXT NOT NULL,             -- JSON object, text to text
  run_count    BIGINT NOT NULL, description TEXT NOT NULL DEFAULT '', artifact_location TEXT NOT NULL DEFAULT '', updated_at BIGINT,           -- made so far; the number of the newest
  UNIQUE (workspace_pk, name),
  UNIQUE (workspace_pk, number)
);

CREATE TABLE idempotency_keys (
  key        TEXT PRIMARY KEY NOT NULL,  -- chosen by the client, at most 128 characters
  request    TEXT NOT NULL,                  -- SHA-256 of the request that used it first
  run_pk     BIGINT NOT NULL REFERENCES runs (pk),
  created_at BIGINT NOT NULL                 -- deleted some days later
) WITHOUT ROWID;

CREATE TABLE input_datasets (
  pk            INTEGER PRIMARY KEY,
  experiment_pk BIGINT NOT NULL REFERENCES experiments (pk) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  digest        TEXT NOT NULL,
  source_type   TEXT NOT NULL,
  source        TEXT NOT NULL,
  schema_text   TEXT,                       -- null: not given
  profile       TEXT,
  UNIQUE (experiment_pk, name, digest)
);

CREATE TABLE latest_metrics (
  run_pk        BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  key           TEXT NOT NULL,
  experiment_pk BIGINT NOT NULL,            -- of the run
  value         DOUBLE PRECISION NOT NULL,  -- finite: infinities are the largest numbers, NaN is 0
  is_nan        BIGINT NOT NULL,
  step          BIGINT NOT NULL,
  time          BIGINT NOT NULL,
  PRIMARY KEY (run_pk, key)
) WITHOUT ROWID;

CREATE TABLE logged_model_metrics (
  model_pk BIGINT NOT NULL REFERENCES logged_models (pk) ON DELETE CASCADE,
  key      TEXT NOT NULL,
  time     BIGINT NOT NULL,                 -- milliseconds since 1970, as MLflow has them
  step     BIGINT NOT NULL,
  run_id   TEXT NOT NULL,
  value    DOUBLE PRECISION,                -- null: NaN
  dataset_name   TEXT NOT NULL,             -- empty: none
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model_pk, key, time, step, run_id)
) WITHOUT ROWID;

CREATE TABLE logged_models (
  pk             INTEGER PRIMARY KEY,
  id             TEXT NOT NULL UNIQUE,  -- m-<32 hex>
  experiment_pk  BIGINT NOT NULL REFERENCES experiments (pk) ON DELETE CASCADE,
  name           TEXT NOT NULL,
  model_type     TEXT NOT NULL,             -- empty: not said
  source_run     TEXT NOT NULL,         -- empty: none
  status         BIGINT NOT NULL,           -- 1 pending, 2 ready, 3 its upload failed
  status_message TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  deleted_at     BIGINT,                    -- null: not deleted
  params         TEXT NOT NULL,             -- JSON object, text to text
  tags           TEXT NOT NULL              -- JSON object, text to text
);

CREATE TABLE model_aliases (
  model_pk BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  alias    TEXT NOT NULL,
  version  BIGINT NOT NULL,
  PRIMARY KEY (model_pk, alias)
) WITHOUT ROWID;

CREATE TABLE model_version_tags (
  version_pk BIGINT NOT NULL REFERENCES model_versions (pk) ON DELETE CASCADE,
  key        TEXT NOT NULL,
  value      TEXT NOT NULL,
  PRIMARY KEY (version_pk, key)
) WITHOUT ROWID;

CREATE TABLE model_versions (
  pk          INTEGER PRIMARY KEY,
  model_pk    BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  version     BIGINT NOT NULL,        -- 1, 2, 3 …
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  stage       TEXT NOT NULL,          -- None, Staging, Production, Archived
  description TEXT NOT NULL,
  source      TEXT NOT NULL,          -- as it was given
  storage     TEXT NOT NULL,          -- where the files are: source, with `models:/…` resolved
  run_id      TEXT NOT NULL,      -- empty: none. No reference: the run may be deleted, or be another server's
  run_link    TEXT NOT NULL,
  logged_id   TEXT NOT NULL,      -- of the logged model; empty: none
  created_by  TEXT NOT NULL,
  properties  TEXT NOT NULL,          -- JSON object, text to text; v1's, written once
  details     TEXT NOT NULL,          -- JSON object: what v1 says of a model beyond this (framework, datasets …)
  UNIQUE (model_pk, version)
);

CREATE TABLE registered_model_tags (
  model_pk BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  PRIMARY KEY (model_pk, key)
) WITHOUT ROWID;

CREATE TABLE registered_models (
  pk            INTEGER PRIMARY KEY,
  workspace_pk  BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name          TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  description   TEXT NOT NULL,
  version_count BIGINT NOT NULL,      -- made so far; a number is not used again
  UNIQUE (workspace_pk, name)
);

CREATE TABLE removals (
  run_id TEXT PRIMARY KEY NOT NULL
) WITHOUT ROWID;

CREATE TABLE run_datasets (
  run_pk       BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  relation     TEXT NOT NULL,                -- input, reference (used by the script without being declared), output
  name         TEXT NOT NULL,            -- of the input or output
  dataset_pk   BIGINT NOT NULL REFERENCES datasets (pk) ON DELETE CASCADE,
  dataset_name TEXT NOT NULL,                -- as it was registered then; empty: it was not
  version      BIGINT NOT NULL,              -- 0: it was not registered
  mechanism    TEXT NOT NULL,                -- direct, mount, download, upload
  PRIMARY KEY (run_pk, relation, name)
) WITHOUT ROWID;

CREATE TABLE run_diffs (
  run_pk     BIGINT PRIMARY KEY NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  size_bytes BIGINT NOT NULL,
  object     TEXT NOT NULL             -- digest under which the object store has it
) WITHOUT ROWID;

CREATE TABLE run_environments (
  run_pk         BIGINT PRIMARY KEY NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  environment_pk BIGINT NOT NULL REFERENCES environment_records (pk)
) WITHOUT ROWID;

CREATE TABLE run_events (
  run_pk  BIGINT NOT NULL REFERENCES runs (pk),
  seq     BIGINT NOT NULL,          -- 1, 2, 3 … in the run
  time    BIGINT NOT NULL,
  kind    TEXT NOT NULL,
  message TEXT NOT NULL,
  data    TEXT,                     -- JSON object
  PRIMARY KEY (run_pk, seq)
) WITHOUT ROWID;

CREATE TABLE run_files (
  run_pk     BIGINT NOT NULL REFERENCES runs (pk),
  path       TEXT NOT NULL,     -- relative: outputs/model.pkl
  size_bytes BIGINT NOT NULL,
  sha256     TEXT NOT NULL,         -- of the content, 64 hexadecimal digits
  object     TEXT NOT NULL,         -- digest under which the object store has it
  origin     TEXT NOT NULL,         -- outputs, logs: uploaded by the supervisor; upload: by the script, and that wins
  created_at BIGINT NOT NULL,
  PRIMARY KEY (run_pk, path)
) WITHOUT ROWID;

CREATE TABLE run_inputs (
  run_pk     BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  dataset_pk BIGINT NOT NULL REFERENCES input_datasets (pk),
  position   BIGINT NOT NULL,               -- in order of logging
  context    TEXT,                          -- of the tag mlflow.data.context
  tags       TEXT NOT NULL,                 -- JSON [{key, value}], of the first logging
  PRIMARY KEY (run_pk, dataset_pk)
) WITHOUT ROWID;

CREATE TABLE run_models (
  run_pk    BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  is_output BIGINT NOT NULL,
  model_id  TEXT NOT NULL,
  position  BIGINT NOT NULL,
  step      BIGINT NOT NULL,                -- of an output
  PRIMARY KEY (run_pk, is_output, model_id)
) WITHOUT ROWID;

CREATE TABLE run_params (
  run_pk BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (run_pk, key)
) WITHOUT ROWID;

CREATE TABLE run_properties (
  run_pk BIGINT NOT NULL REFERENCES runs (pk),
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,             -- written once
  PRIMARY KEY (run_pk, key)
) WITHOUT ROWID;

CREATE TABLE run_tags (
  run_pk BIGINT NOT NULL REFERENCES runs (pk),
  key    TEXT NOT NULL,
  value  TEXT,                      -- null: a tag without a value
  PRIMARY KEY (run_pk, key)
) WITHOUT ROWID;

CREATE TABLE runs (
  pk               INTEGER PRIMARY KEY,
  id               TEXT NOT NULL UNIQUE,  -- <experiment>_<epoch seconds>_<8 hex>
  workspace_pk     BIGINT NOT NULL REFERENCES workspaces (pk),
  experiment_pk    BIGINT NOT NULL REFERENCES experiments (pk),
  number           BIGINT NOT NULL,           -- 1, 2, 3 … in the experiment
  parent_pk        BIGINT REFERENCES runs (pk),
  display_name     TEXT NOT NULL,
  spec             TEXT NOT NULL,             -- JSON, what the user asked for; never changes
  created_at       BIGINT NOT NULL,

  -- What runs/lifecycle decides; written together, by compare-and-set on (state, attempt).
  state            TEXT NOT NULL,             -- NotStarted, Starting, … (domain/run.hpp)
  is_live          BIGINT NOT NULL,           -- 1 until the state is Completed, Failed or Canceled
  attempt          BIGINT NOT NULL,           -- 0 until the first start
  handle           TEXT,                      -- JSON, the target's own; null until it was started
  gpu_indices      TEXT NOT NULL,             -- JSON array of whole numbers, of the present attempt
  cancel_requested BIGINT NOT NULL,
  cancel_by        TEXT NOT NULL,             -- empty: nobody
  started_at       BIGINT,
  ended_at         BIGINT,
  end_reason       TEXT,                      -- exited, signaled, … (domain/run.hpp); null until the end
  end_exit_code    BIGINT,
  end_signal       BIGINT,
  end_message      TEXT,
  error            TEXT,                      -- JSON {code, message, type, trace, hint}
  phases           TEXT NOT NULL,             -- JSON array of [name, started_at, ended_at or null]

  journal_acked    BIGINT NOT NULL, kind TEXT NOT NULL DEFAULT 'script', description TEXT NOT NULL DEFAULT '', archived_at BIGINT, is_watched BIGINT NOT NULL DEFAULT 0, children_made BIGINT NOT NULL DEFAULT 0, user_name TEXT NOT NULL DEFAULT '',           -- the present attempt's journal is durable up to here
  UNIQUE (experiment_pk, number)              -- also: runs of an experiment, newest first
);

CREATE TABLE schema_migrations (
  number     BIGINT PRIMARY KEY,  -- 1, 2, 3 …
  name       TEXT NOT NULL,       -- of the file, for people
  checksum   TEXT NOT NULL,       -- SHA-256 of its text when it was applied
  applied_at BIGINT NOT NULL      -- microseconds since 1970, UTC
);

CREATE TABLE secrets (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk),
  name         TEXT NOT NULL,
  sealed       TEXT NOT NULL,                -- secretbox, hexadecimal (runs/secrets/vault.cpp)
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name)
) WITHOUT ROWID;

CREATE TABLE server_meta (
  name  TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE traces (
  pk            INTEGER PRIMARY KEY,
  workspace_pk  BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  id            TEXT NOT NULL,
  experiment_pk BIGINT NOT NULL REFERENCES experiments (pk) ON DELETE CASCADE,
  time          BIGINT NOT NULL,            -- when the request came, milliseconds since 1970
  duration      BIGINT,                     -- milliseconds; null until it ended
  state         TEXT NOT NULL,              -- OK, ERROR, IN_PROGRESS, STATE_UNSPECIFIED
  client_id     TEXT NOT NULL,              -- client_request_id; empty: none
  previews      TEXT NOT NULL,              -- JSON {"request", "response"}, texts
  metadata      TEXT NOT NULL,              -- JSON object, text to text
  tags          TEXT NOT NULL,              -- JSON object, text to text
  UNIQUE (workspace_pk, id)
);

CREATE TABLE workspaces (
  pk               INTEGER PRIMARY KEY,
  id               TEXT NOT NULL UNIQUE,  -- GUID
  subscription_id  TEXT NOT NULL,
  resource_group   TEXT NOT NULL,
  name             TEXT NOT NULL,
  created_at       BIGINT NOT NULL,
  tags             TEXT NOT NULL,             -- JSON object, text to text
  experiment_count BIGINT NOT NULL, friendly_name TEXT NOT NULL DEFAULT '', description TEXT NOT NULL DEFAULT '',           -- made so far; the number of the newest
  UNIQUE (subscription_id, resource_group, name)
);

CREATE INDEX dataset_versions_by_dataset ON dataset_versions (dataset_pk, created_at);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE INDEX idempotency_keys_by_run ON idempotency_keys (run_pk);

CREATE INDEX latest_metrics_by_value ON latest_metrics (experiment_pk, key, is_nan, value, run_pk);

CREATE INDEX logged_models_by_experiment ON logged_models (experiment_pk, pk);

CREATE INDEX model_versions_by_run ON model_versions (run_id, pk) WHERE run_id <> '';

CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_pk);

CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_pk, run_pk);

CREATE INDEX runs_archived ON runs (pk) WHERE archived_at IS NOT NULL;

CREATE INDEX runs_by_parent ON runs (parent_pk, pk) WHERE parent_pk IS NOT NULL;

CREATE INDEX runs_by_start ON runs (experiment_pk, (COALESCE(started_at, created_at)) DESC, id);

CREATE INDEX runs_by_workspace ON runs (workspace_pk, pk);

CREATE INDEX runs_ended ON runs (workspace_pk, state, pk) WHERE is_live = 0;

CREATE INDEX runs_live ON runs (pk) WHERE is_live = 1;

CREATE INDEX traces_by_experiment ON traces (experiment_pk, time, pk);
