-- How many tenants there were by health, once an hour.
CREATE TABLE health_history (
    at          INTEGER NOT NULL PRIMARY KEY,
    total       INTEGER NOT NULL,
    healthy     INTEGER NOT NULL,
    warning     INTEGER NOT NULL,
    critical    INTEGER NOT NULL,
    unknown     INTEGER NOT NULL
) STRICT;

-- Support sessions are counted by day and status from this index alone.
CREATE INDEX support_sessions_by_day ON support_sessions (issued_at, revoked_at, ends_at);
