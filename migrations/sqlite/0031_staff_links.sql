-- Invited, and without a password so far.
ALTER TABLE staff ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
-- One-time links with which staff members choose a password: an invitation, or a reset. One for each staff member; a used or revoked
-- one is deleted.
CREATE TABLE staff_links (
    staff_id    TEXT    NOT NULL PRIMARY KEY REFERENCES staff (id),
    token_hash  BLOB    NOT NULL UNIQUE,
    purpose     TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
