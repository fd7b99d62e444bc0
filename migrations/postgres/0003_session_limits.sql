-- When a support session ends by itself: at expires_at, or before that by being idle.
ALTER TABLE support_sessions ADD COLUMN ends_at BIGINT NOT NULL DEFAULT 0;
UPDATE support_sessions SET ends_at = expires_at;
-- Minutes without a request after which it ends; NULL for never.
ALTER TABLE support_sessions ADD COLUMN idle_minutes BIGINT;
-- How many requests may be forwarded in all, and in a minute; NULL for any number.
ALTER TABLE support_sessions ADD COLUMN requests_total BIGINT;
ALTER TABLE support_sessions ADD COLUMN requests_per_minute BIGINT;
-- Whether requests are let through only from the address in ip.
ALTER TABLE support_sessions ADD COLUMN creator_ip_only BIGINT NOT NULL DEFAULT 0;
DROP INDEX support_sessions_by_expiry;
CREATE INDEX support_sessions_by_end ON support_sessions (expiry_recorded, ends_at);
CREATE INDEX support_sessions_of_tenant_by_end ON support_sessions (tenant_id, ends_at);
CREATE INDEX support_sessions_of_staff_by_end ON support_sessions (staff_id, ends_at);

-- The machine that recorded a request; `boot` is the start of the server there.
ALTER TABLE access_log ADD COLUMN node TEXT COLLATE "C" NOT NULL DEFAULT '';

-- Written to find out whether anything can be written; one row for each node.
CREATE TABLE record_probes (
    node    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    at      BIGINT           NOT NULL
);
