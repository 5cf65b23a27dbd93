-- What MLflow's clients log of runs and experiments, and what searching for runs needs.

ALTER TABLE runs ADD COLUMN user_name TEXT NOT NULL DEFAULT '';            -- who made it, as the client says
ALTER TABLE experiments ADD COLUMN artifact_location TEXT NOT NULL DEFAULT '';  -- as given; empty: the default root
ALTER TABLE experiments ADD COLUMN updated_at BIGINT;                      -- renamed, archived or brought back; null: never

-- Runs of an experiment by when they started, newest first, then by id: the default order of MLflow's searches. A new run comes in near one
-- end, so this index is the cheapest to keep of all.
CREATE INDEX runs_by_start ON runs (experiment_pk, (COALESCE(started_at, created_at)) DESC, id);

-- Written once. No index by value: a search walks runs in order and looks up the params of each.
CREATE TABLE run_params (
  run_pk BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  key    KEY_TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (run_pk, key)
) CLUSTERED;

-- The latest value of each metric, as MLflow defines it, made from the metric store by and by: before a search, once a second, at a run's end.
CREATE TABLE latest_metrics (
  run_pk        BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  key           KEY_TEXT NOT NULL,
  experiment_pk BIGINT NOT NULL,            -- of the run
  value         DOUBLE PRECISION NOT NULL,  -- finite: infinities are the largest numbers, NaN is 0
  is_nan        BIGINT NOT NULL,
  step          BIGINT NOT NULL,
  time          BIGINT NOT NULL,
  PRIMARY KEY (run_pk, key)
) CLUSTERED;
CREATE INDEX latest_metrics_by_value ON latest_metrics (experiment_pk, key, is_nan, value, run_pk);

-- Data sets as MLflow's runs name them, one row for each name and digest in an experiment; the first to log it says what it is.
CREATE TABLE input_datasets (
  pk            ROW_KEY,
  experiment_pk BIGINT NOT NULL REFERENCES experiments (pk) ON DELETE CASCADE,
  name          KEY_TEXT NOT NULL,
  digest        KEY_TEXT NOT NULL,
  source_type   TEXT NOT NULL,
  source        TEXT NOT NULL,
  schema_text   TEXT,                       -- null: not given
  profile       TEXT,
  UNIQUE (experiment_pk, name, digest)
);

CREATE TABLE run_inputs (
  run_pk     BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  dataset_pk BIGINT NOT NULL REFERENCES input_datasets (pk),
  position   BIGINT NOT NULL,               -- in order of logging
  context    TEXT,                          -- of the tag mlflow.data.context
  tags       TEXT NOT NULL,                 -- JSON [{key, value}], of the first logging
  PRIMARY KEY (run_pk, dataset_pk)
) CLUSTERED;
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_pk, run_pk);

-- Logged models that a run used or made.
CREATE TABLE run_models (
  run_pk    BIGINT NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  is_output BIGINT NOT NULL,
  model_id  KEY_TEXT NOT NULL,
  position  BIGINT NOT NULL,
  step      BIGINT NOT NULL,                -- of an output
  PRIMARY KEY (run_pk, is_output, model_id)
) CLUSTERED;

DROP VIEW run_rows;
CREATE VIEW run_rows AS
SELECT r.pk, r.id, r.number, r.workspace_pk, r.experiment_pk, r.parent_pk, w.id AS workspace_id, e.id AS experiment_id, e.name AS experiment_name,
       r.kind, r.display_name, r.description, r.user_name, r.spec, r.created_at, r.archived_at, r.is_watched, r.state, r.is_live, r.attempt, r.handle,
       r.gpu_indices, r.cancel_requested, r.cancel_by, r.started_at, r.ended_at, r.end_reason, r.end_exit_code, r.end_signal, r.end_message, r.error,
       r.phases, r.journal_acked
FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk JOIN experiments AS e ON e.pk = r.experiment_pk;

DROP VIEW experiment_rows;
CREATE VIEW experiment_rows AS
SELECT e.pk, e.id, e.number, e.workspace_pk, w.id AS workspace_id, e.name, e.created_at, e.archived_at, e.updated_at, e.artifact_location, e.description,
       e.tags, e.run_count
FROM experiments AS e JOIN workspaces AS w ON w.pk = e.workspace_pk;
