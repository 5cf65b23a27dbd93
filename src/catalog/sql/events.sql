-- The story of each run: tens of rows. Primary key (run_pk, seq) throughout.

-- name: find_event_place
-- The run's pk and its next number; no row when there is no such run.
SELECT r.pk, COALESCE((SELECT MAX(e.seq) FROM run_events AS e WHERE e.run_pk = r.pk), 0) + 1 AS seq FROM runs AS r WHERE r.id = $1;

-- name: append_event
INSERT INTO run_events (run_pk, seq, time, kind, message, data) VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_events
-- $2 those after this number, $3 how many.
SELECT seq, time, kind, message, data FROM run_events
WHERE run_pk = (SELECT pk FROM runs WHERE id = $1) AND seq > $2 ORDER BY seq LIMIT $3;
