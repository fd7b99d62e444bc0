-- The proxy that carried the request after asking the gateway.
ALTER TABLE access_log ADD COLUMN profile TEXT;
-- When that proxy's access log told how the request ended.
ALTER TABLE access_log ADD COLUMN reported_at INTEGER;
