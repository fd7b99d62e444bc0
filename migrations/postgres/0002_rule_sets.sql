-- The gateway's rules under which support sessions were created, each once.
CREATE TABLE rule_sets (
    -- SHA-256 of the source, in hexadecimal.
    hash            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- Canonical JSON.
    source          TEXT COLLATE "C" NOT NULL,
    first_used_at   BIGINT NOT NULL
);

ALTER TABLE support_sessions ADD COLUMN rule_set TEXT COLLATE "C" NOT NULL DEFAULT '';
-- The granted scope that let the request through.
ALTER TABLE access_log ADD COLUMN scope TEXT COLLATE "C";
