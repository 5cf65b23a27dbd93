-- What MLflow's clients log beside what v1 knows: params, latest metrics, inputs and outputs; and runs in MLflow's shape. Primary keys throughout
-- where nothing else is said; $1 as a JSON array of pks is one query for a whole page.

-- name: find_tracked_pk
-- $1 the run, $2 the workspace. Index: unique (id).
SELECT r.pk FROM runs AS r JOIN workspaces AS w ON w.pk = r.workspace_pk WHERE r.id = $1 AND w.id = $2;

-- name: tracked_runs
SELECT r.pk, r.id, r.kind, r.state, r.display_name, r.user_name, r.created_at, r.started_at, r.ended_at, r.archived_at, e.number, e.artifact_location,
       (SELECT p.id FROM runs AS p WHERE p.pk = r.parent_pk) AS parent_id
FROM runs AS r JOIN experiments AS e ON e.pk = r.experiment_pk WHERE r.pk IN EACH_INTEGER($1);

-- name: params_of_runs
SELECT run_pk, key, value FROM run_params WHERE run_pk IN EACH_INTEGER($1) ORDER BY run_pk, key;

-- name: latest_metrics_of_runs
SELECT run_pk, key, value, is_nan, step, time FROM latest_metrics WHERE run_pk IN EACH_INTEGER($1) ORDER BY run_pk, key;

-- name: inputs_of_runs
SELECT i.run_pk, i.position, i.tags, d.name, d.digest, d.source_type, d.source, d.schema_text, d.profile
FROM run_inputs AS i JOIN input_datasets AS d ON d.pk = i.dataset_pk WHERE i.run_pk IN EACH_INTEGER($1);

-- name: models_of_runs
SELECT run_pk, is_output, model_id, position, step FROM run_models WHERE run_pk IN EACH_INTEGER($1);

-- name: add_param
-- Nothing changes when the key is there.
INSERT INTO run_params (run_pk, key, value) VALUES ($1, $2, $3) ON CONFLICT (run_pk, key) DO NOTHING;

-- name: find_param
SELECT value FROM run_params WHERE run_pk = $1 AND key = $2;

-- name: put_tag_of
INSERT INTO run_tags (run_pk, key, value) VALUES ($1, $2, $3)
ON CONFLICT (run_pk, key) DO UPDATE SET value = excluded.value;

-- name: find_tag_of
SELECT value FROM run_tags WHERE run_pk = $1 AND key = $2;

-- name: remove_tag_of
DELETE FROM run_tags WHERE run_pk = $1 AND key = $2;

-- name: find_run_for_index
-- Index: unique (id).
SELECT pk, experiment_pk FROM runs WHERE id = $1;

-- name: put_latest_metric
INSERT INTO latest_metrics (run_pk, key, experiment_pk, value, is_nan, step, time) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (run_pk, key) DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan, step = excluded.step, time = excluded.time
WHERE latest_metrics.value <> excluded.value OR latest_metrics.is_nan <> excluded.is_nan OR latest_metrics.step <> excluded.step
   OR latest_metrics.time <> excluded.time;

-- name: add_input_dataset
-- Of the experiment of run $1. Nothing changes when the data set is there.
INSERT INTO input_datasets (experiment_pk, name, digest, source_type, source, schema_text, profile)
SELECT experiment_pk, $2, $3, $4, $5, $6, $7 FROM runs WHERE pk = $1
ON CONFLICT (experiment_pk, name, digest) DO NOTHING;

-- name: add_run_input
-- $4 the tags, $5 the context. Index: unique (experiment_pk, name, digest).
INSERT INTO run_inputs (run_pk, dataset_pk, position, tags, context)
SELECT r.pk, d.pk, (SELECT COUNT(*) FROM run_inputs AS i WHERE i.run_pk = r.pk), $4, $5
FROM runs AS r JOIN input_datasets AS d ON d.experiment_pk = r.experiment_pk AND d.name = $2 AND d.digest = $3 WHERE r.pk = $1
ON CONFLICT (run_pk, dataset_pk) DO NOTHING;

-- name: put_run_model
-- $2 1 for an output; the step of an output may change.
INSERT INTO run_models (run_pk, is_output, model_id, position, step)
SELECT r.pk, CAST($2 AS BIGINT), $3, (SELECT COUNT(*) FROM run_models AS m WHERE m.run_pk = r.pk), CAST($4 AS BIGINT) FROM runs AS r WHERE r.pk = $1
ON CONFLICT (run_pk, is_output, model_id) DO UPDATE SET step = excluded.step;

-- name: dataset_summaries
-- Of one experiment: each name, digest and context once, at most $2. Index: unique (experiment_pk, name, digest), run_inputs_by_dataset.
SELECT DISTINCT d.name, d.digest, i.context FROM input_datasets AS d JOIN run_inputs AS i ON i.dataset_pk = d.pk
WHERE d.experiment_pk = $1 LIMIT $2;

-- name: find_experiment_by_number
-- $1 the workspace. Index: unique (workspace_pk, number).
SELECT * FROM experiment_rows WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1) AND number = $2;

-- name: find_experiment_pk
-- Index: unique (id).
SELECT pk FROM experiments WHERE id = $1;

-- name: insert_experiment_numbered
-- The default experiment, which takes no number from the workspace. Nothing changes when name or number are taken.
INSERT INTO experiments (id, workspace_pk, number, name, created_at, tags, run_count)
SELECT $1, pk, CAST($3 AS BIGINT), $4, CAST($5 AS BIGINT), '{}', 0 FROM workspaces WHERE id = $2
ON CONFLICT DO NOTHING;

-- name: set_experiment_location
UPDATE experiments SET artifact_location = $2 WHERE id = $1;

-- name: rename_experiment
UPDATE experiments SET name = $2, updated_at = $3 WHERE id = $1;

-- name: set_experiment_archived
UPDATE experiments SET archived_at = $2, updated_at = $3 WHERE id = $1;

-- name: set_experiment_tags
UPDATE experiments SET tags = $2 WHERE id = $1;

-- name: archive_runs_of_experiment
-- Index: unique (experiment_pk, number).
UPDATE runs SET archived_at = $2 WHERE experiment_pk = (SELECT pk FROM experiments WHERE id = $1) AND archived_at IS NULL;

-- name: restore_runs_of_experiment
UPDATE runs SET archived_at = NULL WHERE experiment_pk = (SELECT pk FROM experiments WHERE id = $1) AND archived_at IS NOT NULL;

-- name: experiment_pks_of_workspace
-- Index: unique (workspace_pk, number).
SELECT pk FROM experiments WHERE workspace_pk = (SELECT pk FROM workspaces WHERE id = $1);

-- name: all_experiment_pks
-- Whole table.
SELECT pk FROM experiments;
