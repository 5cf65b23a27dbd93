-- Few values of the server itself. Primary key throughout.

-- name: find_meta
SELECT value FROM server_meta WHERE name = $1;

-- name: set_meta
INSERT INTO server_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: get_or_set_meta
INSERT INTO server_meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = server_meta.value
RETURNING value;
