-- Logged models and traces: of experiments, up to many thousands.

-- part: logged_columns
SELECT m.pk, m.id, e.number, w.id AS workspace_id, m.name, m.model_type, m.source_run, m.status, m.status_message, m.created_at, m.updated_at, m.deleted_at,
       m.params, m.tags
FROM logged_models AS m JOIN experiments AS e ON e.pk = m.experiment_pk JOIN workspaces AS w ON w.pk = e.workspace_pk

-- name: find_experiment_of_number
-- $1 workspace, $2 number. Index: unique (workspace_pk, number).
SELECT pk, archived_at FROM experiments WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND number = $2;

-- name: insert_logged_model
INSERT INTO logged_models (id, experiment_pk, name, model_type, source_run, status, status_message, created_at, updated_at, params, tags)
VALUES ($1, $2, $3, $4, $5, 1, '', $6, $6, $7, $8);

-- name: find_logged_model
-- Index: unique (id).
-- with: logged_columns
WHERE m.id = $1;

-- name: list_logged_models
-- Of an experiment, newest first; those that are not deleted. Index: logged_models_by_experiment.
-- with: logged_columns
WHERE m.experiment_pk = (SELECT pk FROM experiments WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND number = $2)
  AND m.deleted_at IS NULL ORDER BY m.pk DESC;

-- name: update_logged_model
UPDATE logged_models SET status = $2, status_message = $3, updated_at = $4, deleted_at = $5, params = $6, tags = $7 WHERE pk = $1;

-- name: put_logged_model_metric
-- The first of an identity stays.
INSERT INTO logged_model_metrics (model_pk, key, time, step, run_id, value, dataset_name, dataset_digest)
SELECT pk, $2, $3, $4, $5, $6, $7, $8 FROM logged_models WHERE id = $1
ON CONFLICT (model_pk, key, time, step, run_id) DO NOTHING;

-- name: metrics_of_logged_models
-- $1 a JSON array of pks. Primary key.
SELECT model_pk, key, time, step, run_id, value, dataset_name, dataset_digest FROM logged_model_metrics
WHERE model_pk IN EACH_INTEGER($1) ORDER BY model_pk, key, time, step, run_id;

-- part: trace_columns
SELECT t.pk, t.id, e.number, t.time, t.duration, t.state, t.client_id, t.previews, t.metadata, t.tags
FROM traces AS t JOIN experiments AS e ON e.pk = t.experiment_pk

-- name: put_trace
-- $1 workspace, $3 the experiment's pk. A trace that is there is overwritten.
INSERT INTO traces (workspace_pk, id, experiment_pk, time, duration, state, client_id, previews, metadata, tags)
SELECT pk, $2, $3, $4, $5, $6, $7, $8, $9, $10 FROM workspaces WHERE id = $1
ON CONFLICT (workspace_pk, id) DO UPDATE SET experiment_pk = excluded.experiment_pk, time = excluded.time, duration = excluded.duration,
  state = excluded.state, client_id = excluded.client_id, previews = excluded.previews, metadata = excluded.metadata, tags = excluded.tags;

-- name: find_trace
-- Index: unique (workspace_pk, id).
-- with: trace_columns
WHERE t.workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND t.id = $2;

-- name: list_traces
-- Of an experiment, newest first, before ($3, $4); $5 how many. Index: traces_by_experiment.
-- with: trace_columns
WHERE t.experiment_pk = (SELECT pk FROM experiments WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND number = $2)
  AND (t.time, t.pk) < ($3, $4) ORDER BY t.time DESC, t.pk DESC LIMIT $5;

-- name: remove_trace
DELETE FROM traces WHERE pk = $1;
