-- Where a chain begins after its older events were deleted: the last deleted position, signed with a
-- key that is not in this store.
CREATE TABLE audit_checkpoints (
    chain       TEXT    NOT NULL PRIMARY KEY,
    v           INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    hash        TEXT    NOT NULL,
    signed_at   INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    signature   TEXT    NOT NULL
) STRICT;

-- Tenants whose record is not deleted, however old it is.
CREATE TABLE legal_holds (
    tenant_id       TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id),
    reason          TEXT    NOT NULL,
    placed_at       INTEGER NOT NULL,
    placed_by_name  TEXT    NOT NULL
) STRICT;

-- How far each chain has been copied to an archive.
CREATE TABLE audit_archive (
    chain       TEXT    NOT NULL PRIMARY KEY,
    seq         INTEGER NOT NULL
) STRICT;

-- What is deleted by age is found by age.
CREATE INDEX user_sessions_by_end ON user_sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX user_sessions_ended ON user_sessions (expires_at) WHERE ended_at IS NOT NULL;
CREATE INDEX staff_sessions_by_end ON staff_sessions (expires_at);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_failure_at);
CREATE INDEX force_logouts_by_time ON force_logouts (at);
