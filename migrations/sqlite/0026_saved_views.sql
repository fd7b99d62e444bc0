-- Filters of lists that people keep under a name.
CREATE TABLE saved_views (
    id          TEXT NOT NULL PRIMARY KEY,
    staff_id    TEXT NOT NULL REFERENCES staff (id),
    list        TEXT NOT NULL,
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (staff_id, list, name)
) STRICT;
