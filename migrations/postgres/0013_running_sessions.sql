-- What is read all the time is what runs, not every session that there ever was. Each index holds its part:
-- those that run or whose expiry is still to be recorded, those whose expiry is recorded, and the revoked ones.
DROP INDEX support_sessions_by_end;
CREATE INDEX support_sessions_running ON support_sessions (ends_at) WHERE revoked_at IS NULL AND expiry_recorded = 0;
CREATE INDEX support_sessions_expired ON support_sessions (ends_at) WHERE expiry_recorded = 1;
CREATE INDEX support_sessions_revoked ON support_sessions (revoked_at) WHERE revoked_at IS NOT NULL;
