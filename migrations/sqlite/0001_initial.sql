-- Instants are microseconds since 1970 in UTC. An instant that serves as a sort key is never NULL:
-- -1 stands for "never".

CREATE TABLE tenants (
    id              TEXT    NOT NULL PRIMARY KEY,
    slug            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    plan            TEXT,
    region          TEXT,
    contact         TEXT,
    created_at      INTEGER NOT NULL,
    -- Folded (NFKC, lower case): what is sorted by name, and what is searched in.
    sort_name       TEXT    NOT NULL,
    search          TEXT    NOT NULL,
    -- Health, worked out from call_buckets.
    health          TEXT    NOT NULL DEFAULT 'unknown',
    severity        INTEGER NOT NULL DEFAULT 1,
    health_since    INTEGER NOT NULL,
    last_seen       INTEGER NOT NULL DEFAULT -1,
    first_seen      INTEGER NOT NULL DEFAULT -1,
    calls_24h       INTEGER NOT NULL DEFAULT 0,
    errors_24h      INTEGER NOT NULL DEFAULT 0,
    -- Errors per million calls; -1 without calls.
    error_ppm       INTEGER NOT NULL DEFAULT -1,
    verdict         TEXT    NOT NULL DEFAULT '{"kind":"never_called"}',
    health_at       INTEGER NOT NULL,
    -- When the health may change without traffic; far in the future where it can't.
    next_change_at  INTEGER NOT NULL DEFAULT 9223372036854775807,
    -- User sessions issued at or before this instant are dead.
    logout_cutoff   INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE INDEX tenants_by_health ON tenants (severity, calls_24h, id);
CREATE INDEX tenants_by_name ON tenants (sort_name, id);
CREATE INDEX tenants_by_calls ON tenants (calls_24h, id);
CREATE INDEX tenants_by_error_rate ON tenants (error_ppm, id);
CREATE INDEX tenants_by_last_seen ON tenants (last_seen, id);
CREATE INDEX tenants_by_next_change ON tenants (next_change_at);
-- A search reads this index from end to end instead of the table. (PostgreSQL limits the length of what it indexes, and
-- reads the table well enough.)
CREATE INDEX tenants_by_search ON tenants (search, id);
CREATE INDEX tenants_by_status ON tenants (status, health);

CREATE TABLE organizations (
    tenant_id   TEXT    NOT NULL REFERENCES tenants (id),
    id          TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    slug        TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    sort_name   TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX organizations_by_name ON organizations (tenant_id, sort_name, id);

-- Calls in spans of 5 minutes.
CREATE TABLE call_buckets (
    tenant_id   TEXT    NOT NULL,
    start       INTEGER NOT NULL,
    calls       INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, start)
) STRICT, WITHOUT ROWID;
CREATE INDEX call_buckets_by_start ON call_buckets (start);

-- Batches of telemetry by their `Idempotency-Key`.
CREATE TABLE telemetry_batches (
    api_key_id      TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    -- SHA-256 of the records, so that a key that comes back with others is noticed.
    body_hash       TEXT    NOT NULL,
    received_at     INTEGER NOT NULL,
    -- The last bucket that has been counted; a batch cut short goes on after it.
    done_tenant     TEXT    NOT NULL DEFAULT '',
    done_start      INTEGER NOT NULL DEFAULT -1,
    finished        INTEGER NOT NULL DEFAULT 0,
    report          TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (api_key_id, idempotency_key)
) STRICT;
CREATE INDEX telemetry_batches_by_time ON telemetry_batches (received_at);

-- One row: whether telemetry arrives at all.
CREATE TABLE telemetry_state (
    id                  INTEGER NOT NULL PRIMARY KEY,
    last_received_at    INTEGER NOT NULL,
    -- When it arrived again after a pause; -1 before the first pause.
    resumed_at          INTEGER NOT NULL
) STRICT;

CREATE TABLE user_sessions (
    tenant_id   TEXT    NOT NULL REFERENCES tenants (id),
    id          TEXT    NOT NULL,
    user_id     TEXT    NOT NULL,
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX user_sessions_by_expiry ON user_sessions (tenant_id, expires_at);

CREATE TABLE force_logouts (
    actor_id        TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    tenant_id       TEXT    NOT NULL,
    ended           INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    audit_event_id  TEXT    NOT NULL,
    PRIMARY KEY (actor_id, idempotency_key)
) STRICT;

CREATE TABLE staff (
    id                      TEXT    NOT NULL PRIMARY KEY,
    email                   TEXT    NOT NULL UNIQUE,
    name                    TEXT    NOT NULL,
    -- Space-separated.
    roles                   TEXT    NOT NULL,
    -- PHC string.
    password_hash           TEXT    NOT NULL,
    must_change_password    INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    deactivated_at          INTEGER
) STRICT;

CREATE TABLE staff_sessions (
    id                  TEXT    NOT NULL PRIMARY KEY,
    staff_id            TEXT    NOT NULL REFERENCES staff (id),
    token_hash          BLOB    NOT NULL UNIQUE,
    signed_in_at        INTEGER NOT NULL,
    last_used_at        INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    ended_at            INTEGER,
    ip                  TEXT    NOT NULL,
    user_agent          TEXT    NOT NULL
) STRICT;
CREATE INDEX staff_sessions_by_staff ON staff_sessions (staff_id);

-- Failed sign-ins per account and per address; the subject is hashed.
CREATE TABLE sign_in_failures (
    subject         TEXT    NOT NULL PRIMARY KEY,
    failures        INTEGER NOT NULL,
    last_failure_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL,
    tenant_id   TEXT,
    -- Space-separated.
    rights      TEXT    NOT NULL,
    token_hash  BLOB    NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

CREATE TABLE support_sessions (
    id              TEXT    NOT NULL PRIMARY KEY,
    tenant_id       TEXT    NOT NULL REFERENCES tenants (id),
    tenant_name     TEXT    NOT NULL,
    organization_id TEXT,
    staff_id        TEXT    NOT NULL REFERENCES staff (id),
    staff_name      TEXT    NOT NULL,
    -- Space-separated.
    scopes          TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    ticket          TEXT,
    ip              TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    token_hash      BLOB    NOT NULL UNIQUE,
    idempotency_key TEXT    NOT NULL,
    issued_at       INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    revoked_by      TEXT,
    revoked_by_name TEXT,
    revoke_reason   TEXT,
    -- Whether the audit event of the expiry has been written.
    expiry_recorded INTEGER NOT NULL DEFAULT 0,
    last_seq        INTEGER NOT NULL DEFAULT 0,
    forwarded       INTEGER NOT NULL DEFAULT 0,
    refused         INTEGER NOT NULL DEFAULT 0,
    UNIQUE (staff_id, idempotency_key)
) STRICT;
CREATE INDEX support_sessions_by_tenant ON support_sessions (tenant_id, id);
CREATE INDEX support_sessions_by_staff ON support_sessions (staff_id, id);
CREATE INDEX support_sessions_by_expiry ON support_sessions (expiry_recorded, expires_at);

CREATE TABLE access_log (
    support_session_id  TEXT    NOT NULL REFERENCES support_sessions (id),
    seq                 INTEGER NOT NULL,
    request_id          TEXT    NOT NULL UNIQUE,
    method              TEXT    NOT NULL,
    path                TEXT    NOT NULL,
    query               TEXT,
    status              INTEGER,
    outcome             TEXT    NOT NULL,
    refusal             TEXT,
    ip                  TEXT    NOT NULL,
    user_agent          TEXT    NOT NULL,
    at                  INTEGER NOT NULL,
    duration_ms         INTEGER,
    request_bytes       INTEGER,
    response_bytes      INTEGER,
    -- The start of the server that recorded it: rows of one that is gone are closed as unknown.
    boot                TEXT    NOT NULL,
    PRIMARY KEY (support_session_id, seq)
) STRICT;
CREATE INDEX access_log_open ON access_log (boot) WHERE outcome = 'open';

-- The last position of each chain.
CREATE TABLE audit_heads (
    chain   TEXT    NOT NULL PRIMARY KEY,
    seq     INTEGER NOT NULL,
    hash    TEXT    NOT NULL
) STRICT;

-- Append-only; docs/audit-format.md.
CREATE TABLE audit_events (
    chain           TEXT    NOT NULL,
    seq             INTEGER NOT NULL,
    v               INTEGER NOT NULL,
    prev            TEXT    NOT NULL,
    id              TEXT    NOT NULL UNIQUE,
    tenant_id       TEXT,
    category        TEXT    NOT NULL,
    action          TEXT    NOT NULL,
    actor_type      TEXT    NOT NULL,
    actor_id        TEXT    NOT NULL,
    actor_name      TEXT    NOT NULL,
    -- Folded (NFKC, lower case) name, for the filter by actor.
    actor_search    TEXT    NOT NULL,
    resource_type   TEXT    NOT NULL,
    resource_id     TEXT    NOT NULL,
    outcome         TEXT    NOT NULL,
    occurred_at     INTEGER NOT NULL,
    recorded_at     INTEGER NOT NULL,
    request_id      TEXT,
    ip              TEXT,
    user_agent      TEXT,
    metadata        TEXT    NOT NULL,
    hash            TEXT    NOT NULL,
    PRIMARY KEY (chain, seq)
) STRICT;
CREATE INDEX audit_events_by_time ON audit_events (recorded_at, chain, seq);
CREATE INDEX audit_events_by_category ON audit_events (category, recorded_at, chain, seq);
CREATE INDEX audit_events_by_tenant ON audit_events (tenant_id, recorded_at, chain, seq);

-- What every process on this store must notice, numbered.
CREATE TABLE changes (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
