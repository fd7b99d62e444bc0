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

-- Up to which instant all events have been copied to an archive; one row.
CREATE TABLE audit_archive (
    id          INTEGER NOT NULL PRIMARY KEY,
    before      INTEGER NOT NULL
) STRICT;

-- What is deleted by age is found by age.
CREATE INDEX user_sessions_by_end ON user_sessions (expires_at);
CREATE INDEX staff_sessions_by_end ON staff_sessions (expires_at);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_failure_at);
CREATE INDEX force_logouts_by_time ON force_logouts (at);
