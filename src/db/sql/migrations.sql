-- The one table that db/ itself knows: which migrations were applied. Words in capitals such as EVERY_TABLE: README.md, "The dialect".

-- name: lock_migrations
-- Of two servers that start at once the second waits here until the first has migrated.
LOCK_MIGRATIONS;

-- name: find_tables
-- To tell an empty database from one of another program.
SELECT name FROM EVERY_TABLE AS tables ORDER BY name;

-- name: create_migrations
CREATE TABLE schema_migrations (
  number     BIGINT PRIMARY KEY,  -- 1, 2, 3 …
  name       TEXT NOT NULL,       -- of the file, for people
  checksum   TEXT NOT NULL,       -- SHA-256 of its text when it was applied
  applied_at BIGINT NOT NULL      -- microseconds since 1970, UTC
);

-- name: list_migrations
SELECT number, name, checksum FROM schema_migrations ORDER BY number;

-- name: add_migration
INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4);
