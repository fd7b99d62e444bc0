-- What the list of staff members searches and sorts by. The program makes the forms of those there are at its next start.
ALTER TABLE staff ADD COLUMN search TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN sort_name TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE staff ADD COLUMN last_signed_in_at BIGINT NOT NULL DEFAULT -1;
UPDATE staff SET last_signed_in_at =
    COALESCE((SELECT MAX(signed_in_at) FROM staff_sessions WHERE staff_id = staff.id), -1);
CREATE INDEX staff_by_name ON staff (sort_name, id);
CREATE INDEX staff_by_last_sign_in ON staff (last_signed_in_at, id);
CREATE INDEX staff_by_search ON staff (search, id);
UPDATE folding SET version = 0;
