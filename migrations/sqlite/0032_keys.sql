-- Who made a key, until when and from where it works, its own limit, its last use, and the secret that a rotation replaced.
ALTER TABLE api_keys ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN expires_at INTEGER;
-- Space-separated networks; empty for everywhere.
ALTER TABLE api_keys ADD COLUMN allowed_addresses TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_at INTEGER;
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT NOT NULL DEFAULT '';
-- Uses before this instant are not known.
ALTER TABLE api_keys ADD COLUMN uses_noted_since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN rotated_at INTEGER;
ALTER TABLE api_keys ADD COLUMN previous_token_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
-- The forms that made the key and last replaced its secret, so that a form that is sent twice acts once.
ALTER TABLE api_keys ADD COLUMN created_form TEXT;
ALTER TABLE api_keys ADD COLUMN rotated_form TEXT;
UPDATE api_keys SET uses_noted_since = unixepoch() * 1000000;
CREATE UNIQUE INDEX api_keys_by_previous_token ON api_keys (previous_token_hash);
CREATE UNIQUE INDEX api_keys_by_form ON api_keys (created_form);
