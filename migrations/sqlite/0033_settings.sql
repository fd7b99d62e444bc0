-- What the page of settings shows: the version of each node, and how the store grows.
ALTER TABLE nodes ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- The store's size in bytes, once an hour.
CREATE TABLE store_sizes (
    at      INTEGER NOT NULL PRIMARY KEY,
    bytes   INTEGER NOT NULL
) STRICT;
