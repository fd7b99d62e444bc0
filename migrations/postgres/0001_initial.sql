-- Instants are microseconds since 1970 in UTC. An instant that serves as a sort key is never NULL:
-- -1 stands for "never".

CREATE TABLE tenants (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    slug            TEXT COLLATE "C" NOT NULL UNIQUE,
    name            TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    plan            TEXT COLLATE "C",
    region          TEXT COLLATE "C",
    contact         TEXT COLLATE "C",
    created_at      BIGINT NOT NULL,
    -- Folded (NFKC, lower case): what is sorted by name, and what is searched in.
    sort_name       TEXT COLLATE "C" NOT NULL,
    search          TEXT COLLATE "C" NOT NULL,
    -- Health, worked out from call_buckets.
    health          TEXT COLLATE "C" NOT NULL DEFAULT 'unknown',
    severity        BIGINT NOT NULL DEFAULT 1,
    health_since    BIGINT NOT NULL,
    last_seen       BIGINT NOT NULL DEFAULT -1,
    first_seen      BIGINT NOT NULL DEFAULT -1,
    calls_24h       BIGINT NOT NULL DEFAULT 0,
    errors_24h      BIGINT NOT NULL DEFAULT 0,
    -- Errors per million calls; -1 without calls.
    error_ppm       BIGINT NOT NULL DEFAULT -1,
    verdict         TEXT COLLATE "C" NOT NULL DEFAULT '{"kind":"never_called"}',
    health_at       BIGINT NOT NULL,
    -- When the health may change without traffic; far in the future where it can't.
    next_change_at  BIGINT NOT NULL DEFAULT 9223372036854775807,
    -- User sessions issued at or before this instant are dead.
    logout_cutoff   BIGINT NOT NULL DEFAULT -1
);
CREATE INDEX tenants_by_health ON tenants (severity, calls_24h, id);
CREATE INDEX tenants_by_name ON tenants (sort_name, id);
CREATE INDEX tenants_by_calls ON tenants (calls_24h, id);
CREATE INDEX tenants_by_error_rate ON tenants (error_ppm, id);
CREATE INDEX tenants_by_last_seen ON tenants (last_seen, id);
CREATE INDEX tenants_by_next_change ON tenants (next_change_at);
CREATE INDEX tenants_by_status ON tenants (status, health);

CREATE TABLE organizations (
    tenant_id   TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    id          TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    slug        TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    sort_name   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX organizations_by_name ON organizations (tenant_id, sort_name, id);

-- Calls in spans of 5 minutes.
CREATE TABLE call_buckets (
    tenant_id   TEXT COLLATE "C" NOT NULL,
    start       BIGINT NOT NULL,
    calls       BIGINT NOT NULL,
    errors      BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, start)
);
CREATE INDEX call_buckets_by_start ON call_buckets (start);

-- Batches of telemetry by their `Idempotency-Key`.
CREATE TABLE telemetry_batches (
    api_key_id      TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    -- SHA-256 of the records, so that a key that comes back with others is noticed.
    body_hash       TEXT COLLATE "C" NOT NULL,
    received_at     BIGINT NOT NULL,
    -- The last bucket that has been counted; a batch cut short goes on after it.
    done_tenant     TEXT COLLATE "C" NOT NULL DEFAULT '',
    done_start      BIGINT NOT NULL DEFAULT -1,
    finished        BIGINT NOT NULL DEFAULT 0,
    report          TEXT COLLATE "C" NOT NULL DEFAULT '',
    PRIMARY KEY (api_key_id, idempotency_key)
);
CREATE INDEX telemetry_batches_by_time ON telemetry_batches (received_at);

-- One row: whether telemetry arrives at all.
CREATE TABLE telemetry_state (
    id                  BIGINT NOT NULL PRIMARY KEY,
    last_received_at    BIGINT NOT NULL,
    -- When it arrived again after a pause; -1 before the first pause.
    resumed_at          BIGINT NOT NULL
);

CREATE TABLE user_sessions (
    tenant_id   TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    id          TEXT COLLATE "C" NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL,
    issued_at   BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    ended_at    BIGINT,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX user_sessions_by_expiry ON user_sessions (tenant_id, expires_at);

CREATE TABLE force_logouts (
    actor_id        TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    tenant_id       TEXT COLLATE "C" NOT NULL,
    ended           BIGINT NOT NULL,
    at              BIGINT NOT NULL,
    audit_event_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (actor_id, idempotency_key)
);

CREATE TABLE staff (
    id                      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    email                   TEXT COLLATE "C" NOT NULL UNIQUE,
    name                    TEXT COLLATE "C" NOT NULL,
    -- Space-separated.
    roles                   TEXT COLLATE "C" NOT NULL,
    -- PHC string.
    password_hash           TEXT COLLATE "C" NOT NULL,
    must_change_password    BIGINT NOT NULL,
    created_at              BIGINT NOT NULL,
    deactivated_at          BIGINT
);

CREATE TABLE staff_sessions (
    id                  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    staff_id            TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    token_hash          BYTEA    NOT NULL UNIQUE,
    signed_in_at        BIGINT NOT NULL,
    last_used_at        BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    ended_at            BIGINT,
    ip                  TEXT COLLATE "C" NOT NULL,
    user_agent          TEXT COLLATE "C" NOT NULL
);
CREATE INDEX staff_sessions_by_staff ON staff_sessions (staff_id);

-- Failed sign-ins per account and per address; the subject is hashed.
CREATE TABLE sign_in_failures (
    subject         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures        BIGINT NOT NULL,
    last_failure_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    tenant_id   TEXT COLLATE "C",
    -- Space-separated.
    rights      TEXT COLLATE "C" NOT NULL,
    token_hash  BYTEA    NOT NULL UNIQUE,
    created_at  BIGINT NOT NULL,
    revoked_at  BIGINT
);

CREATE TABLE support_sessions (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id       TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    tenant_name     TEXT COLLATE "C" NOT NULL,
    organization_id TEXT COLLATE "C",
    staff_id        TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    staff_name      TEXT COLLATE "C" NOT NULL,
    -- Space-separated.
    scopes          TEXT COLLATE "C" NOT NULL,
    reason          TEXT COLLATE "C" NOT NULL,
    ticket          TEXT COLLATE "C",
    ip              TEXT COLLATE "C" NOT NULL,
    user_agent      TEXT COLLATE "C" NOT NULL,
    token_hash      BYTEA    NOT NULL UNIQUE,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    issued_at       BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT,
    revoked_by      TEXT COLLATE "C",
    revoked_by_name TEXT COLLATE "C",
    revoke_reason   TEXT COLLATE "C",
    -- Whether the audit event of the expiry has been written.
    expiry_recorded BIGINT NOT NULL DEFAULT 0,
    last_seq        BIGINT NOT NULL DEFAULT 0,
    forwarded       BIGINT NOT NULL DEFAULT 0,
    refused         BIGINT NOT NULL DEFAULT 0,
    UNIQUE (staff_id, idempotency_key)
);
CREATE INDEX support_sessions_by_tenant ON support_sessions (tenant_id, id);
CREATE INDEX support_sessions_by_staff ON support_sessions (staff_id, id);
CREATE INDEX support_sessions_by_expiry ON support_sessions (expiry_recorded, expires_at);

CREATE TABLE access_log (
    support_session_id  TEXT COLLATE "C" NOT NULL REFERENCES support_sessions (id),
    seq                 BIGINT NOT NULL,
    request_id          TEXT COLLATE "C" NOT NULL UNIQUE,
    method              TEXT COLLATE "C" NOT NULL,
    path                TEXT COLLATE "C" NOT NULL,
    query               TEXT COLLATE "C",
    status              BIGINT,
    outcome             TEXT COLLATE "C" NOT NULL,
    refusal             TEXT COLLATE "C",
    ip                  TEXT COLLATE "C" NOT NULL,
    user_agent          TEXT COLLATE "C" NOT NULL,
    at                  BIGINT NOT NULL,
    duration_ms         BIGINT,
    request_bytes       BIGINT,
    response_bytes      BIGINT,
    -- The start of the server that recorded it: rows of one that is gone are closed as unknown.
    boot                TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (support_session_id, seq)
);
CREATE INDEX access_log_open ON access_log (boot) WHERE outcome = 'open';

-- The last position of each chain.
CREATE TABLE audit_heads (
    chain   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    seq     BIGINT NOT NULL,
    hash    TEXT COLLATE "C" NOT NULL
);

-- Append-only; docs/audit-format.md.
CREATE TABLE audit_events (
    chain           TEXT COLLATE "C" NOT NULL,
    seq             BIGINT NOT NULL,
    v               BIGINT NOT NULL,
    prev            TEXT COLLATE "C" NOT NULL,
    id              TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant_id       TEXT COLLATE "C",
    category        TEXT COLLATE "C" NOT NULL,
    action          TEXT COLLATE "C" NOT NULL,
    actor_type      TEXT COLLATE "C" NOT NULL,
    actor_id        TEXT COLLATE "C" NOT NULL,
    actor_name      TEXT COLLATE "C" NOT NULL,
    -- Folded (NFKC, lower case) name, for the filter by actor.
    actor_search    TEXT COLLATE "C" NOT NULL,
    resource_type   TEXT COLLATE "C" NOT NULL,
    resource_id     TEXT COLLATE "C" NOT NULL,
    outcome         TEXT COLLATE "C" NOT NULL,
    occurred_at     BIGINT NOT NULL,
    recorded_at     BIGINT NOT NULL,
    request_id      TEXT COLLATE "C",
    ip              TEXT COLLATE "C",
    user_agent      TEXT COLLATE "C",
    metadata        TEXT COLLATE "C" NOT NULL,
    hash            TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_events_by_time ON audit_events (recorded_at, chain, seq);
CREATE INDEX audit_events_by_category ON audit_events (category, recorded_at, chain, seq);
CREATE INDEX audit_events_by_tenant ON audit_events (tenant_id, recorded_at, chain, seq);

-- What every process on this store must notice, numbered.
CREATE TABLE changes (
    number  BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL
);
