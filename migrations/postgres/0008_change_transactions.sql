-- The transaction that told of a change. Numbers are given before transactions are committed, so
-- they become visible in another order. A reader looks again at what its last look can't have
-- seen: whatever a transaction wrote that was under way then.
ALTER TABLE changes ADD COLUMN transaction_id BIGINT NOT NULL
    DEFAULT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT);
CREATE INDEX changes_transaction ON changes (transaction_id);
