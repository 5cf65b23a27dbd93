-- Keys of requests that made a run.

-- name: find_idempotency_key
-- Primary key.
SELECT k.request, r.id AS run_id FROM idempotency_keys AS k JOIN runs AS r ON r.pk = k.run_pk WHERE k.key = $1;

-- name: add_idempotency_key
-- Nothing changes when the key is taken.
INSERT INTO idempotency_keys (key, request, run_pk, created_at) SELECT $1, $2, pk, $4 FROM runs WHERE id = $3
ON CONFLICT (key) DO NOTHING;

-- name: forget_idempotency_keys
-- $1 older than this, $2 how many at most. Index: idempotency_keys_by_age.
DELETE FROM idempotency_keys WHERE key IN (SELECT key FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2);
