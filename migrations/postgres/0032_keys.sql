-- Who made a key, until when and from where it works, its own limit, its last use, and the secret that a rotation replaced.
ALTER TABLE api_keys ADD COLUMN created_by TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
-- Space-separated networks; empty for everywhere.
ALTER TABLE api_keys ADD COLUMN allowed_addresses TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN requests_per_minute BIGINT;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Uses before this instant are not known.
ALTER TABLE api_keys ADD COLUMN uses_noted_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN rotated_at BIGINT;
ALTER TABLE api_keys ADD COLUMN previous_token_hash BYTEA;
ALTER TABLE api_keys ADD COLUMN previous_until BIGINT;
-- The forms that made the key and last replaced its secret, so that a form that is sent twice acts once.
ALTER TABLE api_keys ADD COLUMN created_form TEXT COLLATE "C";
ALTER TABLE api_keys ADD COLUMN rotated_form TEXT COLLATE "C";
UPDATE api_keys SET uses_noted_since = (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT;
CREATE UNIQUE INDEX api_keys_by_previous_token ON api_keys (previous_token_hash);
CREATE UNIQUE INDEX api_keys_by_form ON api_keys (created_form);
