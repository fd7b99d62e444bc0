-- Active user sessions are counted in the index alone, also to sort all tenants by their number.
DROP INDEX user_sessions_by_expiry;
CREATE INDEX user_sessions_by_expiry ON user_sessions (tenant_id, ended_at, expires_at, issued_at);
