-- What passed over an upgraded connection: frames, bytes and their SHA-256 in each direction, as JSON.
ALTER TABLE access_log ADD COLUMN upgrade TEXT;
