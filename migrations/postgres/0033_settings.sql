-- What the page of settings shows: the version of each node, and how the store grows.
ALTER TABLE nodes ADD COLUMN version TEXT COLLATE "C" NOT NULL DEFAULT '';

-- The store's size in bytes, once an hour.
CREATE TABLE store_sizes (
    at      BIGINT NOT NULL PRIMARY KEY,
    bytes   BIGINT NOT NULL
);
