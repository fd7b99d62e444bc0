-- How many tenants there were by health, once an hour.
CREATE TABLE health_history (
    at          BIGINT NOT NULL PRIMARY KEY,
    total       BIGINT NOT NULL,
    healthy     BIGINT NOT NULL,
    warning     BIGINT NOT NULL,
    critical    BIGINT NOT NULL,
    unknown     BIGINT NOT NULL
);

-- Support sessions are counted by day and status from this index alone.
CREATE INDEX support_sessions_by_day ON support_sessions (issued_at, revoked_at, ends_at);
