-- The catalog's first tables: who asked for what, and what became of it.
--
-- Reading guide. One text serves SQLite and PostgreSQL; the words in capitals are spelled by each kind (src/db/README.md):
--   ROW_KEY    a whole number that the database gives, the primary key; grows with time, so "newest first" is "pk descending"
--   KEY_TEXT   text ordered by bytes in both
--   CLUSTERED  SQLite keeps the rows in the primary key itself (WITHOUT ROWID): one tree to write instead of two
-- Ids that users see are text and unique; tables refer to each other by pk, so an index entry is a few bytes and not a GUID.
-- Times are microseconds since 1970, UTC. Booleans are 0 and 1. JSON is TEXT. Rows are never deleted unless a comment says so.

CREATE TABLE workspaces (
  pk               ROW_KEY,
  id               KEY_TEXT NOT NULL UNIQUE,  -- GUID
  subscription_id  KEY_TEXT NOT NULL,
  resource_group   KEY_TEXT NOT NULL,
  name             KEY_TEXT NOT NULL,
  created_at       BIGINT NOT NULL,
  tags             TEXT NOT NULL,             -- JSON object, text to text
  experiment_count BIGINT NOT NULL,           -- made so far; the number of the newest
  UNIQUE (subscription_id, resource_group, name)
);

CREATE TABLE experiments (
  pk           ROW_KEY,
  id           KEY_TEXT NOT NULL UNIQUE,  -- GUID
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk),
  number       BIGINT NOT NULL,           -- 1, 2, 3 … in the workspace; MLflow's integer id
  name         KEY_TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  archived_at  BIGINT,                    -- null: not archived
  tags         TEXT NOT NULL,             -- JSON object, text to text
  run_count    BIGINT NOT NULL,           -- made so far; the number of the newest
  UNIQUE (workspace_pk, name),
  UNIQUE (workspace_pk, number)
);

CREATE TABLE runs (
  pk               ROW_KEY,
  id               KEY_TEXT NOT NULL UNIQUE,  -- <experiment>_<epoch seconds>_<8 hex>
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

  journal_acked    BIGINT NOT NULL,           -- the present attempt's journal is durable up to here
  UNIQUE (experiment_pk, number)              -- also: runs of an experiment, newest first
);
-- A new run is written into the table, its two unique indexes and the next two: this is the hot path, so no more than that.
CREATE INDEX runs_by_workspace ON runs (workspace_pk, pk);
CREATE INDEX runs_live ON runs (pk) WHERE is_live = 1;
CREATE INDEX runs_by_parent ON runs (parent_pk, pk) WHERE parent_pk IS NOT NULL;
CREATE INDEX runs_ended ON runs (workspace_pk, state, pk) WHERE is_live = 0;

CREATE TABLE run_tags (
  run_pk BIGINT NOT NULL REFERENCES runs (pk),
  key    KEY_TEXT NOT NULL,
  value  TEXT,                      -- null: a tag without a value
  PRIMARY KEY (run_pk, key)
) CLUSTERED;                        -- a tag that is taken off is deleted

CREATE TABLE run_properties (
  run_pk BIGINT NOT NULL REFERENCES runs (pk),
  key    KEY_TEXT NOT NULL,
  value  TEXT NOT NULL,             -- written once
  PRIMARY KEY (run_pk, key)
) CLUSTERED;

CREATE TABLE run_files (
  run_pk     BIGINT NOT NULL REFERENCES runs (pk),
  path       KEY_TEXT NOT NULL,     -- relative: outputs/model.pkl
  size_bytes BIGINT NOT NULL,
  sha256     TEXT NOT NULL,         -- of the content, 64 hexadecimal digits
  object     TEXT NOT NULL,         -- digest under which the object store has it
  origin     TEXT NOT NULL,         -- outputs, logs: uploaded by the supervisor; upload: by the script, and that wins
  created_at BIGINT NOT NULL,
  PRIMARY KEY (run_pk, path)
) CLUSTERED;

CREATE TABLE run_events (
  run_pk  BIGINT NOT NULL REFERENCES runs (pk),
  seq     BIGINT NOT NULL,          -- 1, 2, 3 … in the run
  time    BIGINT NOT NULL,
  kind    TEXT NOT NULL,
  message TEXT NOT NULL,
  data    TEXT,                     -- JSON object
  PRIMARY KEY (run_pk, seq)
) CLUSTERED;

CREATE TABLE idempotency_keys (
  key        KEY_TEXT PRIMARY KEY NOT NULL,  -- chosen by the client, at most 128 characters
  request    TEXT NOT NULL,                  -- SHA-256 of the request that used it first
  run_pk     BIGINT NOT NULL REFERENCES runs (pk),
  created_at BIGINT NOT NULL                 -- deleted some days later
) CLUSTERED;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Few values of the server itself: its secret, its settings.
CREATE TABLE server_meta (
  name  KEY_TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) CLUSTERED;

-- What the lists and look-ups of runs read, with the names that users see.
CREATE VIEW run_rows AS
SELECT r.pk, r.id, r.number, r.workspace_pk, r.experiment_pk, r.parent_pk, w.id AS workspace_id, e.id AS experiment_id, e.name AS experiment_name,
       r.display_name, r.spec, r.created_at, r.state, r.is_live, r.attempt, r.handle, r.gpu_indices, r.cancel_requested, r.cancel_by, r.started_at,
       r.ended_at, r.end_reason, r.end_exit_code, r.end_signal, r.end_message, r.error, r.phases, r.journal_acked
FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk JOIN experiments AS e ON e.pk = r.experiment_pk;

CREATE VIEW experiment_rows AS
SELECT e.pk, e.id, e.number, e.workspace_pk, w.id AS workspace_id, e.name, e.created_at, e.archived_at, e.tags, e.run_count
FROM experiments AS e JOIN workspaces AS w ON w.pk = e.workspace_pk;
