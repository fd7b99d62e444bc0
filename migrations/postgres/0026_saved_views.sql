-- Filters of lists that people keep under a name.
CREATE TABLE saved_views (
    id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    staff_id    TEXT COLLATE "C" NOT NULL REFERENCES staff (id),
    list        TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    address     TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    UNIQUE (staff_id, list, name)
);
