-- The gateway's rules under which support sessions were created, each once.
CREATE TABLE rule_sets (
    -- SHA-256 of the source, in hexadecimal.
    hash            TEXT    NOT NULL PRIMARY KEY,
    -- Canonical JSON.
    source          TEXT    NOT NULL,
    first_used_at   INTEGER NOT NULL
) STRICT;

ALTER TABLE support_sessions ADD COLUMN rule_set TEXT NOT NULL DEFAULT '';
-- The granted scope that let the request through.
ALTER TABLE access_log ADD COLUMN scope TEXT;
