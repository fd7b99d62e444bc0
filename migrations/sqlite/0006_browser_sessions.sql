-- The label of the host that a support session opens at in browsers; NULL for those from before.
ALTER TABLE support_sessions ADD COLUMN entry_label TEXT;
-- The latest code to open it with, until it is used: SHA-256 of the code and of the state of the
-- browser that it is for.
ALTER TABLE support_sessions ADD COLUMN entry_code_hash BLOB;
ALTER TABLE support_sessions ADD COLUMN entry_state_hash BLOB;
ALTER TABLE support_sessions ADD COLUMN entry_code_expires_at INTEGER;
-- SHA-256 of the token in the cookie of the browser that it was opened in last.
ALTER TABLE support_sessions ADD COLUMN browser_hash BLOB;
CREATE UNIQUE INDEX support_sessions_by_entry_label ON support_sessions (entry_label);
CREATE UNIQUE INDEX support_sessions_by_browser ON support_sessions (browser_hash);
