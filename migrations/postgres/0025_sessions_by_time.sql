-- Lists of support sessions are sorted by when these were issued or end, the latest first or last.
CREATE INDEX support_sessions_by_issue ON support_sessions (issued_at, id);
CREATE INDEX support_sessions_of_tenant_by_issue ON support_sessions (tenant_id, issued_at, id);
CREATE INDEX support_sessions_of_staff_by_issue ON support_sessions (staff_id, issued_at, id);
CREATE INDEX support_sessions_revoked_by_issue ON support_sessions (issued_at, id) WHERE revoked_at IS NOT NULL;
-- By an expression, so that nothing that looks for running sessions by `ends_at` takes it and reads those that have ended.
CREATE INDEX support_sessions_by_ending ON support_sessions ((ends_at + 0), id);
DROP INDEX support_sessions_by_tenant;
DROP INDEX support_sessions_by_staff;
