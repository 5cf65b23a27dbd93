-- What a run was made from, beside its specification: the uncommitted diff, and the environment as it was. Both go with the run.

-- The text lies in the object store: compressed, once for a sweep of a thousand runs from one folder, and out of every list's way.
CREATE TABLE run_diffs (
  run_pk     BIGINT PRIMARY KEY NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  size_bytes BIGINT NOT NULL,
  object     TEXT NOT NULL             -- digest under which the object store has it
) CLUSTERED;

-- Runs of one machine and interpreter have the same one, some ten kilobytes, so each is here once. Never deleted: it tells of no run.
CREATE TABLE environment_records (
  pk     ROW_KEY,
  digest KEY_TEXT NOT NULL UNIQUE,     -- SHA-256 of the record
  record TEXT NOT NULL                 -- JSON {kind, interpreter, version, packages, host, user, platform}
);

CREATE TABLE run_environments (
  run_pk         BIGINT PRIMARY KEY NOT NULL REFERENCES runs (pk) ON DELETE CASCADE,
  environment_pk BIGINT NOT NULL REFERENCES environment_records (pk)
) CLUSTERED;
