"""The largest source folder, in bytes; ``constants`` has the same name, and the smaller of both holds."""
SNAPSHOT_MAX_SIZE_BYTES = 300 * 1024 * 1024
