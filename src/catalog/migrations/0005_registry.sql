-- What is kept under a name beyond runs: artifacts that belong to no run, registered models and their versions, logged models, traces.

-- Files of MLflow's artifact root that are no run's (`2/models/m-1…/artifacts/MLmodel`), and those of v1's models (`assets/<guid>/model.pkl`).
CREATE TABLE artifacts (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  path         KEY_TEXT NOT NULL,     -- relative, from the root
  size_bytes   BIGINT NOT NULL,
  sha256       TEXT NOT NULL,         -- of the content, 64 hexadecimal digits
  object       TEXT NOT NULL,         -- digest under which the object store has it
  created_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, path)
) CLUSTERED;

CREATE TABLE registered_models (
  pk            ROW_KEY,
  workspace_pk  BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  name          KEY_TEXT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  description   TEXT NOT NULL,
  version_count BIGINT NOT NULL,      -- made so far; a number is not used again
  UNIQUE (workspace_pk, name)
);

CREATE TABLE registered_model_tags (
  model_pk BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  key      KEY_TEXT NOT NULL,
  value    TEXT NOT NULL,
  PRIMARY KEY (model_pk, key)
) CLUSTERED;

CREATE TABLE model_versions (
  pk          ROW_KEY,
  model_pk    BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  version     BIGINT NOT NULL,        -- 1, 2, 3 …
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  stage       TEXT NOT NULL,          -- None, Staging, Production, Archived
  description TEXT NOT NULL,
  source      TEXT NOT NULL,          -- as it was given
  storage     TEXT NOT NULL,          -- where the files are: source, with `models:/…` resolved
  run_id      KEY_TEXT NOT NULL,      -- empty: none. No reference: the run may be deleted, or be another server's
  run_link    TEXT NOT NULL,
  logged_id   KEY_TEXT NOT NULL,      -- of the logged model; empty: none
  created_by  TEXT NOT NULL,
  properties  TEXT NOT NULL,          -- JSON object, text to text; v1's, written once
  details     TEXT NOT NULL,          -- JSON object: what v1 says of a model beyond this (framework, datasets …)
  UNIQUE (model_pk, version)
);
CREATE INDEX model_versions_by_run ON model_versions (run_id, pk) WHERE run_id <> '';

CREATE TABLE model_version_tags (
  version_pk BIGINT NOT NULL REFERENCES model_versions (pk) ON DELETE CASCADE,
  key        KEY_TEXT NOT NULL,
  value      TEXT NOT NULL,
  PRIMARY KEY (version_pk, key)
) CLUSTERED;

CREATE TABLE model_aliases (
  model_pk BIGINT NOT NULL REFERENCES registered_models (pk) ON DELETE CASCADE,
  alias    KEY_TEXT NOT NULL,
  version  BIGINT NOT NULL,
  PRIMARY KEY (model_pk, alias)
) CLUSTERED;

-- Models as MLflow 3 logs them: beside a run, with parameters and metrics of their own.
CREATE TABLE logged_models (
  pk             ROW_KEY,
  id             KEY_TEXT NOT NULL UNIQUE,  -- m-<32 hex>
  experiment_pk  BIGINT NOT NULL REFERENCES experiments (pk) ON DELETE CASCADE,
  name           TEXT NOT NULL,
  model_type     TEXT NOT NULL,             -- empty: not said
  source_run     KEY_TEXT NOT NULL,         -- empty: none
  status         BIGINT NOT NULL,           -- 1 pending, 2 ready, 3 its upload failed
  status_message TEXT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL,
  deleted_at     BIGINT,                    -- null: not deleted
  params         TEXT NOT NULL,             -- JSON object, text to text
  tags           TEXT NOT NULL              -- JSON object, text to text
);
CREATE INDEX logged_models_by_experiment ON logged_models (experiment_pk, pk);

CREATE TABLE logged_model_metrics (
  model_pk BIGINT NOT NULL REFERENCES logged_models (pk) ON DELETE CASCADE,
  key      KEY_TEXT NOT NULL,
  time     BIGINT NOT NULL,                 -- milliseconds since 1970, as MLflow has them
  step     BIGINT NOT NULL,
  run_id   KEY_TEXT NOT NULL,
  value    DOUBLE PRECISION,                -- null: NaN
  dataset_name   TEXT NOT NULL,             -- empty: none
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model_pk, key, time, step, run_id)
) CLUSTERED;

CREATE TABLE traces (
  pk            ROW_KEY,
  workspace_pk  BIGINT NOT NULL REFERENCES workspaces (pk) ON DELETE CASCADE,
  id            KEY_TEXT NOT NULL,
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
CREATE INDEX traces_by_experiment ON traces (experiment_pk, time, pk);
