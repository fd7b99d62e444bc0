-- Where a chain begins after its older events were deleted: the last deleted position, signed with a
-- key that is not in this store.
CREATE TABLE audit_checkpoints (
    chain       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    v           BIGINT NOT NULL,
    seq         BIGINT NOT NULL,
    hash        TEXT COLLATE "C" NOT NULL,
    signed_at   BIGINT NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    signature   TEXT COLLATE "C" NOT NULL
);

-- Tenants whose record is not deleted, however old it is.
CREATE TABLE legal_holds (
    tenant_id       TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES tenants (id),
    reason          TEXT COLLATE "C" NOT NULL,
    placed_at       BIGINT NOT NULL,
    placed_by_name  TEXT COLLATE "C" NOT NULL
);

-- How far each chain has been copied to an archive.
CREATE TABLE audit_archive (
    chain       TEXT COLLATE "C"    NOT NULL PRIMARY KEY,
    seq         BIGINT NOT NULL
);

-- What is deleted by age is found by age.
CREATE INDEX user_sessions_by_end ON user_sessions (expires_at) WHERE ended_at IS NULL;
CREATE INDEX user_sessions_ended ON user_sessions (expires_at) WHERE ended_at IS NOT NULL;
CREATE INDEX staff_sessions_by_end ON staff_sessions (expires_at);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_failure_at);
CREATE INDEX force_logouts_by_time ON force_logouts (at);
