-- The record in less room: docs/decisions/0027-what-the-record-stores.md. What events say, and their hashes, stay as they
-- were. `audit_events` and `access_log` are views from here on, for people.

-- A support session's number stands for it in the access log.
ALTER TABLE support_sessions ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE support_sessions SET number = o.number
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS number FROM support_sessions) AS o WHERE o.id = support_sessions.id;
CREATE UNIQUE INDEX support_sessions_by_number ON support_sessions (number);
CREATE TRIGGER support_sessions_number AFTER INSERT ON support_sessions WHEN NEW.number = 0 BEGIN
    UPDATE support_sessions SET number = (SELECT MAX(number) + 1 FROM support_sessions) WHERE id = NEW.id;
END;

-- Each chain's number.
CREATE TABLE audit_chains (
    number  INTEGER NOT NULL PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO audit_chains (name) SELECT chain FROM audit_heads UNION SELECT chain FROM audit_events ORDER BY 1;

-- What many events have in common: who did what kind of thing from where, and whether it succeeded.
CREATE TABLE audit_deeds (
    -- Below zero for events of requests, so that an index can leave them out.
    id              INTEGER NOT NULL PRIMARY KEY,
    -- SHA-256 of the rest, to find it by; NULL for what was there before this table.
    digest          BLOB UNIQUE,
    v               INTEGER NOT NULL,
    category        TEXT NOT NULL,
    action          TEXT NOT NULL,
    resource_type   TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    actor_type      TEXT NOT NULL,
    actor_id        TEXT NOT NULL,
    actor_name      TEXT NOT NULL,
    -- Folded (NFKC, lower case) name, for the filter by actor.
    actor_search    TEXT NOT NULL,
    ip              TEXT,
    user_agent      TEXT,
    -- No event with it was recorded later. So it can be deleted once every event is younger.
    used_until      INTEGER NOT NULL
) STRICT;

CREATE TABLE audit_ranked AS SELECT chain, seq, CAST(DENSE_RANK() OVER (ORDER BY v, category, action, resource_type, outcome,
        actor_type, actor_id, actor_name, actor_search, ip, user_agent)
        * CASE WHEN action IN ('support_session.request', 'support_session.request_refused', 'support_session.response')
            THEN -1 ELSE 1 END AS INTEGER) AS deed
    FROM audit_events WHERE seq BETWEEN 1 AND 1099511627775;
INSERT INTO audit_deeds (id, v, category, action, resource_type, outcome, actor_type, actor_id, actor_name, actor_search,
        ip, user_agent, used_until)
    SELECT r.deed, e.v, e.category, e.action, e.resource_type, e.outcome, e.actor_type, e.actor_id, e.actor_name,
        e.actor_search, e.ip, e.user_agent, MAX(e.recorded_at)
    FROM audit_ranked r JOIN audit_events e ON e.chain = r.chain AND e.seq = r.seq
    GROUP BY r.deed, e.v, e.category, e.action, e.resource_type, e.outcome, e.actor_type, e.actor_id, e.actor_name,
        e.actor_search, e.ip, e.user_agent;

-- Append-only; docs/audit-format.md. An identifier or a hash is kept as its bytes. Any other text is kept as text, after a
-- zero if it is empty or as long as one.
CREATE TABLE audit_log (
    -- The chain's number times 2^40, plus the position in it.
    place       INTEGER NOT NULL PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    -- Microseconds since it occurred.
    took        INTEGER NOT NULL,
    deed        INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    -- Empty where it follows from the place.
    id          BLOB NOT NULL,
    resource    BLOB NOT NULL,
    -- Empty for none.
    request     BLOB NOT NULL,
    -- JSON; that of a request without the names of its members.
    metadata    TEXT NOT NULL
) STRICT;
INSERT INTO audit_log (place, recorded_at, took, deed, hash, id, resource, request, metadata)
    SELECT (c.number << 40) + e.seq, e.recorded_at, e.recorded_at - e.occurred_at, r.deed,
        -- Columns that are not kept must have fitted: what was changed in them stays a fault.
        CASE WHEN COALESCE('tenant:' || e.tenant_id, 'system') <> e.chain OR COALESCE(b.hash, 'sha256:0000000000000000000000000000000000000000000000000000000000000000') <> e.prev AND (e.seq = 1 OR b.hash IS NOT NULL)
            THEN CAST(x'00' || e.hash AS BLOB)
        WHEN e.hash GLOB 'sha256:*' AND length(e.hash) = 71 AND e.hash = lower(e.hash) AND unhex(substr(e.hash, 8)) IS NOT NULL
        THEN unhex(substr(e.hash, 8))
            ELSE CASE WHEN length(CAST(e.hash AS BLOB)) IN (0, 32) OR substr(CAST(e.hash AS BLOB), 1, 1) = x'00'
            THEN CAST(x'00' || e.hash AS BLOB) ELSE CAST(e.hash AS BLOB) END END,
        CASE WHEN (e.id GLOB '????????-????-????-????-????????????' AND e.id = lower(e.id)
            AND length(replace(e.id, '-', '')) = 32 AND unhex(replace(e.id, '-', '')) IS NOT NULL)
            THEN unhex(replace(e.id, '-', ''))
        ELSE CASE WHEN length(CAST(e.id AS BLOB)) IN (0, 16) OR substr(CAST(e.id AS BLOB), 1, 1) = x'00'
            THEN CAST(x'00' || e.id AS BLOB) ELSE CAST(e.id AS BLOB) END END,
        CASE WHEN (e.resource_id GLOB '????????-????-????-????-????????????' AND e.resource_id = lower(e.resource_id)
            AND length(replace(e.resource_id, '-', '')) = 32 AND unhex(replace(e.resource_id, '-', '')) IS NOT NULL)
            THEN unhex(replace(e.resource_id, '-', ''))
        ELSE CASE WHEN length(CAST(e.resource_id AS BLOB)) IN (0, 16) OR substr(CAST(e.resource_id AS BLOB), 1, 1) = x'00'
            THEN CAST(x'00' || e.resource_id AS BLOB) ELSE CAST(e.resource_id AS BLOB) END END,
        CASE WHEN e.request_id IS NULL
            THEN x'' ELSE CASE WHEN (e.request_id GLOB '????????-????-????-????-????????????' AND e.request_id = lower(e.request_id)
            AND length(replace(e.request_id, '-', '')) = 32 AND unhex(replace(e.request_id, '-', '')) IS NOT NULL)
            THEN unhex(replace(e.request_id, '-', ''))
        ELSE CASE WHEN length(CAST(e.request_id AS BLOB)) IN (0, 16) OR substr(CAST(e.request_id AS BLOB), 1, 1) = x'00'
            THEN CAST(x'00' || e.request_id AS BLOB) ELSE CAST(e.request_id AS BLOB) END END END,
        e.metadata
    FROM audit_events e JOIN audit_chains c ON c.name = e.chain JOIN audit_ranked r ON r.chain = e.chain AND r.seq = e.seq
    LEFT JOIN audit_events b ON b.chain = e.chain AND b.seq = e.seq - 1
    ORDER BY 1;
-- The hash at a place whose event is not there any more, but the one after it is.
CREATE TABLE audit_beginnings (
    place   INTEGER NOT NULL PRIMARY KEY,
    hash    BLOB NOT NULL
) STRICT;
INSERT INTO audit_beginnings (place, hash)
    SELECT (c.number << 40) + e.seq - 1, CASE WHEN e.prev GLOB 'sha256:*'
        AND length(e.prev) = 71 AND e.prev = lower(e.prev) AND unhex(substr(e.prev, 8)) IS NOT NULL
        THEN unhex(substr(e.prev, 8))
            ELSE CASE WHEN length(CAST(e.prev AS BLOB)) IN (0, 32) OR substr(CAST(e.prev AS BLOB), 1, 1) = x'00'
            THEN CAST(x'00' || e.prev AS BLOB) ELSE CAST(e.prev AS BLOB) END END
    FROM audit_events e JOIN audit_chains c ON c.name = e.chain WHERE e.seq BETWEEN 2 AND 1099511627775
    AND NOT EXISTS (SELECT 1 FROM audit_events p WHERE p.chain = e.chain AND p.seq = e.seq - 1);
-- Every event is there. One at a place that no chain has stops the migration: look into it with the program of before.
CREATE TABLE audit_copied (is_whole INTEGER NOT NULL CHECK (is_whole = 1));
INSERT INTO audit_copied (is_whole)
    SELECT CASE WHEN (SELECT COUNT(*) FROM audit_log) = (SELECT COUNT(*) FROM audit_events) THEN 1 ELSE 0 END;
DROP TABLE audit_ranked;
DROP TABLE audit_events;
CREATE INDEX audit_log_by_time ON audit_log (recorded_at);
CREATE INDEX audit_log_acts_by_time ON audit_log (recorded_at) WHERE deed > 0;
CREATE INDEX audit_log_acts ON audit_log ((place >> 40), place) WHERE deed > 0;
CREATE UNIQUE INDEX audit_log_by_id ON audit_log (id) WHERE length(id) = 16;

-- Events with everything that belongs to them, for this program.
CREATE VIEW audit_entries AS SELECT e.place, c.name AS chain, e.recorded_at, e.took, e.deed, e.hash, e.id, e.resource,
    e.request, e.metadata, d.digest, d.v, d.category, d.action, d.resource_type, d.outcome, d.actor_type, d.actor_id,
    d.actor_name, d.actor_search, d.ip, d.user_agent,
    COALESCE((SELECT p.hash FROM audit_log p WHERE p.place = e.place - 1),
        (SELECT b.hash FROM audit_beginnings b WHERE b.place = e.place - 1)) AS before
    FROM audit_log e LEFT JOIN audit_chains c ON c.number = e.place >> 40 LEFT JOIN audit_deeds d ON d.id = e.deed;
-- The same for people. An identifier that follows from the place is not shown.
CREATE VIEW audit_events AS SELECT v, chain, place & 1099511627775 AS seq,
    CASE WHEN place & 1099511627775 = 1 THEN 'sha256:0000000000000000000000000000000000000000000000000000000000000000'
        ELSE 'sha256:' || lower(hex(before)) END AS prev,
    CASE
        WHEN length(id) > 0
        THEN CASE
        WHEN length(id) = 16
        THEN lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' || substr(hex(id), 13, 4)
        || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21))
        WHEN substr(id, 1, 1) = x'00'
        THEN CAST(substr(id, 2) AS TEXT)
        ELSE CAST(id AS TEXT) END END AS id,
    CASE WHEN chain LIKE 'tenant:%' THEN substr(chain, 8) END AS tenant_id, category, action, actor_type, actor_id, actor_name,
    resource_type, CASE
        WHEN length(resource) = 16
        THEN lower(substr(hex(resource), 1, 8) || '-' || substr(hex(resource), 9, 4) || '-' || substr(hex(resource), 13, 4)
        || '-' || substr(hex(resource), 17, 4) || '-' || substr(hex(resource), 21))
        WHEN substr(resource, 1, 1) = x'00'
        THEN CAST(substr(resource, 2) AS TEXT)
        ELSE CAST(resource AS TEXT) END AS resource_id,
    outcome, recorded_at - took AS occurred_at, recorded_at,
    CASE
        WHEN length(request) > 0
        THEN CASE
        WHEN length(request) = 16
        THEN lower(substr(hex(request), 1, 8) || '-' || substr(hex(request), 9, 4) || '-' || substr(hex(request), 13, 4)
        || '-' || substr(hex(request), 17, 4) || '-' || substr(hex(request), 21))
        WHEN substr(request, 1, 1) = x'00'
        THEN CAST(substr(request, 2) AS TEXT)
        ELSE CAST(request AS TEXT) END END AS request_id,
    ip, user_agent, CASE
        WHEN metadata LIKE '[%' AND action = 'support_session.request'
            THEN json_object('method', metadata -> 0, 'path', metadata -> 1, 'query', metadata -> 2, 'scope', metadata -> 3, 'seq', metadata -> 4)
        WHEN metadata LIKE '[%' AND action = 'support_session.request_refused'
            THEN json_object('method', metadata -> 0, 'path', metadata -> 1, 'query', metadata -> 2, 'refusal', metadata -> 3, 'seq', metadata -> 4, 'status', metadata -> 5)
        WHEN metadata LIKE '[%' AND action = 'support_session.response'
            THEN json_object('duration_ms', metadata -> 0, 'outcome', metadata -> 1, 'refusal', metadata -> 2, 'request_bytes', metadata -> 3, 'response_bytes', metadata -> 4, 'status', metadata -> 5, 'upgrade', metadata -> 6)
        ELSE metadata END AS metadata, 'sha256:' || lower(hex(hash)) AS hash
    FROM audit_entries;

CREATE TABLE request_log (
    -- The support session's number.
    session         INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    duration_ms     INTEGER,
    request_bytes   INTEGER,
    response_bytes  INTEGER,
    reported_at     INTEGER,
    status          INTEGER,
    -- That of its event: address and program of the client. Rows from before have their own.
    deed            INTEGER,
    request_id      BLOB NOT NULL,
    method          TEXT NOT NULL,
    path            TEXT NOT NULL,
    query           TEXT,
    outcome         TEXT NOT NULL,
    refusal         TEXT,
    scope           TEXT,
    upgrade         TEXT,
    profile         TEXT,
    ip              TEXT,
    user_agent      TEXT,
    -- While it is open: the start of the server that recorded it. Rows of one that is gone are closed as unknown.
    boot            TEXT,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO request_log (session, seq, at, duration_ms, request_bytes, response_bytes, reported_at, status, request_id,
        method, path, query, outcome, refusal, scope, upgrade, profile, ip, user_agent, boot)
    SELECT s.number, a.seq, a.at, a.duration_ms, a.request_bytes, a.response_bytes, a.reported_at, a.status,
        CASE WHEN (a.request_id GLOB '????????-????-????-????-????????????' AND a.request_id = lower(a.request_id)
            AND length(replace(a.request_id, '-', '')) = 32 AND unhex(replace(a.request_id, '-', '')) IS NOT NULL)
            THEN unhex(replace(a.request_id, '-', '')) ELSE randomblob(16) END,
        a.method, a.path, a.query, a.outcome, a.refusal, a.scope, a.upgrade, a.profile, a.ip, a.user_agent,
        CASE WHEN a.outcome = 'open' THEN a.boot END
    FROM access_log a JOIN support_sessions s ON s.id = a.support_session_id ORDER BY 1, 2;
INSERT INTO audit_copied (is_whole)
    SELECT CASE WHEN (SELECT COUNT(*) FROM request_log) = (SELECT COUNT(*) FROM access_log) THEN 1 ELSE 0 END;
DROP TABLE audit_copied;
DROP TABLE access_log;
CREATE UNIQUE INDEX request_log_by_request ON request_log (request_id);
CREATE INDEX request_log_open ON request_log (session) WHERE outcome = 'open';
CREATE VIEW access_log_entries AS SELECT s.id AS support_session_id, a.session, a.seq, a.request_id, a.method, a.path, a.query,
    a.status, a.outcome, a.refusal, COALESCE(a.ip, d.ip, '') AS ip, COALESCE(a.user_agent, d.user_agent, '') AS user_agent,
    a.at, a.duration_ms, a.request_bytes, a.response_bytes, a.scope, a.upgrade, a.profile, a.reported_at, a.boot
    FROM request_log a JOIN support_sessions s ON s.number = a.session LEFT JOIN audit_deeds d ON d.id = a.deed;
CREATE VIEW access_log AS SELECT support_session_id, seq, lower(substr(hex(request_id), 1, 8) || '-' || substr(hex(request_id), 9, 4) || '-' || substr(hex(request_id), 13, 4)
    || '-' || substr(hex(request_id), 17, 4) || '-' || substr(hex(request_id), 21)) AS request_id,
    method, path, query, status, outcome, refusal, ip, user_agent, at, duration_ms, request_bytes, response_bytes, scope,
    upgrade, profile, reported_at, boot FROM access_log_entries;

ALTER TABLE reported_requests RENAME TO reported_before;
CREATE TABLE reported_requests (
    request_id  BLOB NOT NULL PRIMARY KEY,
    -- The batch that reported it first.
    batch       TEXT NOT NULL,
    -- When the request was recorded.
    at          INTEGER NOT NULL
) STRICT;
INSERT INTO reported_requests (request_id, batch, at)
    SELECT CASE WHEN (request_id GLOB '????????-????-????-????-????????????' AND request_id = lower(request_id)
        AND length(replace(request_id, '-', '')) = 32 AND unhex(replace(request_id, '-', '')) IS NOT NULL)
        THEN unhex(replace(request_id, '-', '')) ELSE randomblob(16) END, batch, at FROM reported_before;
DROP TABLE reported_before;
CREATE INDEX reported_requests_by_time ON reported_requests (at);
