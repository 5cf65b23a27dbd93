-- Runs. Each list walks one index, newest first, so that a page costs the same with a hundred runs stored and with ten million;
-- runs.cpp picks the list whose index narrows most. An empty text for "any", states as ",Running,Queued,".

-- name: insert_run
-- $1 to $3 come from find_run_place; $5 the parent's id or null. Nothing changes when the id is taken.
INSERT INTO runs (workspace_pk, experiment_pk, number, id, parent_pk, display_name, spec, created_at, state, is_live, attempt, handle, gpu_indices,
                  cancel_requested, cancel_by, started_at, ended_at, end_reason, end_exit_code, end_signal, end_message, error, phases, journal_acked, kind, user_name)
VALUES ($1, $2, $3, $4, (SELECT pk FROM runs WHERE id = $5), $6, $7, $8, $9, $10, $11, $12, $13,
        $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
ON CONFLICT (id) DO NOTHING;

-- name: find_run
-- Index: unique (id).
SELECT * FROM run_rows WHERE id = $1;

-- name: find_run_pk
-- Index: unique (id).
SELECT pk FROM runs WHERE id = $1;

-- name: find_run_mark
-- What decides whether a message still matters. Index: unique (id).
SELECT w.id AS workspace_id, r.kind, r.state, r.attempt, r.cancel_requested, r.archived_at, r.journal_acked
FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk WHERE r.id = $1;

-- part: wanted
-- What all lists ask of a run: $1 how many, $2 workspace, $3 experiment, $4 states, $5 kind, $6 active, archived or all, $7 1 for runs without a
-- parent only, $8 tags and $9 properties as [{"key", "value"}], a null value for any. Labels by their primary key, a look-up for each run that the
-- list walks past.
  AND (CAST($2 AS TEXT) = '' OR workspace_id = CAST($2 AS TEXT))
  AND (CAST($3 AS TEXT) = '' OR experiment_id = CAST($3 AS TEXT))
  AND (CAST($4 AS TEXT) = '' OR CAST($4 AS TEXT) LIKE '%,' || state || ',%')
  AND (CAST($5 AS TEXT) = '' OR kind = CAST($5 AS TEXT))
  AND (CAST($6 AS TEXT) = 'all' OR (archived_at IS NULL) = (CAST($6 AS TEXT) = 'active'))
  AND (CAST($7 AS BIGINT) = 0 OR parent_pk IS NULL)
  AND (CAST($8 AS TEXT) = '[]' OR NOT EXISTS (
    SELECT 1 FROM EACH_OBJECT($8) AS f WHERE NOT EXISTS (
      SELECT 1 FROM run_tags AS t WHERE t.run_pk = run_rows.pk AND t.key = f.value->>'key'
        AND (f.value->>'value' IS NULL OR t.value = f.value->>'value'))))
  AND (CAST($9 AS TEXT) = '[]' OR NOT EXISTS (
    SELECT 1 FROM EACH_OBJECT($9) AS f WHERE NOT EXISTS (
      SELECT 1 FROM run_properties AS p WHERE p.run_pk = run_rows.pk AND p.key = f.value->>'key'
        AND (f.value->>'value' IS NULL OR p.value = f.value->>'value'))))

-- name: list_runs
-- $10 pk to stop before. Primary key.
SELECT * FROM run_rows
WHERE pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_of_workspace
-- $10 pk to stop before. Index: runs_by_workspace.
SELECT * FROM run_rows
WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $2) AND pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_of_experiment
-- $10 number to stop before. Index: unique (experiment_pk, number).
SELECT * FROM run_rows
WHERE experiment_pk = (SELECT pk FROM experiments WHERE id = $3) AND number < $10
-- with: wanted
ORDER BY number DESC LIMIT $1;

-- name: list_runs_of_parent
-- $10 pk to stop before, $11 parent. Index: runs_by_parent.
SELECT * FROM run_rows
WHERE parent_pk = (SELECT pk FROM runs WHERE id = $11) AND pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_ended
-- One ended state in one workspace: $10 pk to stop before, $11 the state. Index: runs_ended.
SELECT * FROM run_rows
WHERE is_live = 0 AND workspace_pk = (SELECT pk FROM workspaces WHERE id = $2) AND state = $11 AND pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_live
-- Only live states: $10 pk to stop before. Index: runs_live.
SELECT * FROM run_rows
WHERE is_live = 1 AND pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_archived
-- $10 pk to stop before. Index: runs_archived.
SELECT * FROM run_rows
WHERE archived_at IS NOT NULL AND pk < $10
-- with: wanted
ORDER BY pk DESC LIMIT $1;

-- name: list_runs_by_prefix
-- By id, descending (within an experiment that is newest first): $10 the id to stop before, $11 the prefix, $12 parent. Index: unique (id).
SELECT * FROM run_rows
WHERE id >= $11 AND id < $10
  AND (CAST($12 AS TEXT) = '' OR parent_pk = (SELECT p.pk FROM runs AS p WHERE p.id = CAST($12 AS TEXT)))
-- with: wanted
ORDER BY id DESC LIMIT $1;

-- name: runs_by_pks
-- $1 a JSON array. Primary key.
SELECT * FROM run_rows WHERE pk IN EACH_INTEGER($1);

-- name: live_runs
-- Oldest first. Index: runs_live.
SELECT * FROM run_rows WHERE is_live = 1 ORDER BY pk;

-- name: count_live_runs
-- Index: runs_live; follows the number of live runs.
SELECT SUM(CASE WHEN state IN ('NotStarted', 'Queued') THEN 1 ELSE 0 END) AS waiting, COUNT(*) AS live FROM runs WHERE is_live = 1;

-- name: newest_run_ids
-- For "did you mean". Primary key.
SELECT id FROM runs ORDER BY pk DESC LIMIT 50;

-- name: update_run
-- Compare-and-set: $1 id, $2 state and $3 attempt as they were. A new attempt has a journal of its own, so its acknowledgement starts at 0.
-- Index: unique (id).
UPDATE runs SET state = $4, is_live = $5, journal_acked = CASE WHEN attempt = $6 THEN journal_acked ELSE 0 END, attempt = $6, handle = $7, gpu_indices = $8,
                cancel_requested = $9, cancel_by = $10, started_at = $11, ended_at = $12, end_reason = $13, end_exit_code = $14, end_signal = $15,
                end_message = $16, error = $17, phases = $18
WHERE id = $1 AND state = $2 AND attempt = $3;

-- name: set_journal_acked
-- Never back. Index: unique (id).
UPDATE runs SET journal_acked = $3 WHERE id = $1 AND attempt = $2 AND journal_acked < $3;

-- name: set_run_phases
UPDATE runs SET phases = $3 WHERE id = $1 AND attempt = $2;

-- name: set_run_error
UPDATE runs SET error = $3 WHERE id = $1 AND attempt = $2;

-- name: watch_run
-- Index: unique (id).
UPDATE runs SET is_watched = 1 WHERE id = $1;

-- name: count_child
-- Takes the next number for a child's id; the row stays locked until the transaction ends.
UPDATE runs SET children_made = children_made + 1 WHERE id = $1 RETURNING children_made;

-- name: set_run_archived
UPDATE runs SET archived_at = $2 WHERE id = $1;

-- name: set_run_description
UPDATE runs SET description = $2 WHERE id = $1;

-- name: set_display_name
UPDATE runs SET display_name = $2 WHERE id = $1;
