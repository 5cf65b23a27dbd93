-- Interactive runs, what may be archived and deleted, descriptions, secrets.

ALTER TABLE runs ADD COLUMN kind TEXT NOT NULL DEFAULT 'script';      -- script, interactive
ALTER TABLE runs ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN archived_at BIGINT;                       -- null: not archived
ALTER TABLE runs ADD COLUMN is_watched BIGINT NOT NULL DEFAULT 0;     -- interactive: it sent a heartbeat, so silence means something
ALTER TABLE runs ADD COLUMN children_made BIGINT NOT NULL DEFAULT 0;  -- interactive children with an id of our own: <id>_<n>, n up to here
-- A new run is not in these: they cost nothing on the hot path.
CREATE INDEX runs_archived ON runs (pk) WHERE archived_at IS NOT NULL;
CREATE INDEX idempotency_keys_by_run ON idempotency_keys (run_pk);    -- for the deletion of a run

ALTER TABLE experiments ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN friendly_name TEXT NOT NULL DEFAULT '';
ALTER TABLE workspaces ADD COLUMN description TEXT NOT NULL DEFAULT '';

-- Runs whose rows are gone and whose log and metrics may still be on the disk; deleted when these are gone too.
CREATE TABLE removals (
  run_id KEY_TEXT PRIMARY KEY NOT NULL
) CLUSTERED;

CREATE TABLE secrets (
  workspace_pk BIGINT NOT NULL REFERENCES workspaces (pk),
  name         KEY_TEXT NOT NULL,
  sealed       TEXT NOT NULL,                -- secretbox, hexadecimal (runs/secrets/vault.cpp)
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_pk, name)
) CLUSTERED;

DROP VIEW run_rows;
CREATE VIEW run_rows AS
SELECT r.pk, r.id, r.number, r.workspace_pk, r.experiment_pk, r.parent_pk, w.id AS workspace_id, e.id AS experiment_id, e.name AS experiment_name,
       r.kind, r.display_name, r.description, r.spec, r.created_at, r.archived_at, r.is_watched, r.state, r.is_live, r.attempt, r.handle, r.gpu_indices,
       r.cancel_requested, r.cancel_by, r.started_at, r.ended_at, r.end_reason, r.end_exit_code, r.end_signal, r.end_message, r.error, r.phases,
       r.journal_acked
FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk JOIN experiments AS e ON e.pk = r.experiment_pk;

DROP VIEW experiment_rows;
CREATE VIEW experiment_rows AS
SELECT e.pk, e.id, e.number, e.workspace_pk, w.id AS workspace_id, e.name, e.created_at, e.archived_at, e.description, e.tags, e.run_count
FROM experiments AS e JOIN workspaces AS w ON w.pk = e.workspace_pk;
