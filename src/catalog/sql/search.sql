-- Searches for runs (tracking/run_search.cpp): walks over one experiment in the order that is asked for, each beginning behind a place, and what
-- clauses and orders look at, for many runs at once. $1 how many, $2 the experiment.

-- name: walk_runs_newest
-- Behind start $3 and id $4. Index: runs_by_start.
SELECT pk, id, COALESCE(started_at, created_at) AS start, archived_at FROM runs
WHERE experiment_pk = $2 AND COALESCE(started_at, created_at) <= $3 AND NOT (COALESCE(started_at, created_at) = $3 AND id <= $4)
ORDER BY COALESCE(started_at, created_at) DESC, id LIMIT $1;

-- name: walk_runs_oldest
-- The same index backwards, so ids descend.
SELECT pk, id, COALESCE(started_at, created_at) AS start, archived_at FROM runs
WHERE experiment_pk = $2 AND COALESCE(started_at, created_at) >= $3 AND NOT (COALESCE(started_at, created_at) = $3 AND id >= $4)
ORDER BY COALESCE(started_at, created_at), id DESC LIMIT $1;

-- name: walk_metric_up
-- $3 the metric, $4 1 for NaN, values from $5 to $6, behind value $5 and run $7. Index: latest_metrics_by_value.
SELECT m.run_pk AS pk, r.id, COALESCE(r.started_at, r.created_at) AS start, r.archived_at, m.value
FROM latest_metrics AS m JOIN runs AS r ON r.pk = m.run_pk
WHERE m.experiment_pk = $2 AND m.key = $3 AND m.is_nan = $4 AND m.value >= $5 AND m.value <= $6 AND NOT (m.value = $5 AND m.run_pk <= $7)
ORDER BY m.value, m.run_pk LIMIT $1;

-- name: walk_metric_down
-- Behind value $6 and run $7.
SELECT m.run_pk AS pk, r.id, COALESCE(r.started_at, r.created_at) AS start, r.archived_at, m.value
FROM latest_metrics AS m JOIN runs AS r ON r.pk = m.run_pk
WHERE m.experiment_pk = $2 AND m.key = $3 AND m.is_nan = $4 AND m.value >= $5 AND m.value <= $6 AND NOT (m.value = $6 AND m.run_pk >= $7)
ORDER BY m.value DESC, m.run_pk DESC LIMIT $1;

-- name: count_metric
-- How many values lie in the range, counted up to $1.
SELECT COUNT(*) AS found FROM (SELECT 1 FROM latest_metrics AS m
WHERE m.experiment_pk = $2 AND m.key = $3 AND m.is_nan = 0 AND m.value >= $4 AND m.value <= $5 LIMIT $1) AS counted;

-- name: candidate_by_id
-- Index: unique (id).
SELECT pk, id, COALESCE(started_at, created_at) AS start, archived_at, experiment_pk FROM runs WHERE id = $1;

-- name: metric_of_candidates
SELECT run_pk, value, is_nan FROM latest_metrics WHERE run_pk IN EACH_INTEGER($1) AND key = $2;

-- name: param_of_candidates
SELECT run_pk, value FROM run_params WHERE run_pk IN EACH_INTEGER($1) AND key = $2;

-- name: tag_of_candidates
SELECT run_pk, value FROM run_tags WHERE run_pk IN EACH_INTEGER($1) AND key = $2;

-- name: datasets_of_candidates
SELECT i.run_pk, i.context, d.name, d.digest FROM run_inputs AS i JOIN input_datasets AS d ON d.pk = i.dataset_pk
WHERE i.run_pk IN EACH_INTEGER($1);

-- name: attributes_of_candidates
SELECT r.pk AS run_pk, r.display_name, r.state, r.user_name, r.ended_at, e.number, e.artifact_location, p.id AS parent_id
FROM runs AS r JOIN experiments AS e ON e.pk = r.experiment_pk LEFT JOIN runs AS p ON p.pk = r.parent_pk
WHERE r.pk IN EACH_INTEGER($1);
