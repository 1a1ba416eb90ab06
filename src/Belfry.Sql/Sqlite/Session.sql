-- What only SQLite is told.

-- :begin
BEGIN

-- :begin_write
BEGIN IMMEDIATE

-- :commit
COMMIT

-- :rollback
ROLLBACK

-- :savepoint
SAVEPOINT member

-- :savepoint_release
RELEASE member

-- :savepoint_rollback
ROLLBACK TO member

-- :checkpoint
PRAGMA wal_checkpoint(PASSIVE)

-- :backup
VACUUM INTO $1
