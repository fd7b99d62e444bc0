-- A chain's list reads the chain itself: its order is that of time. After this position it certainly is,
-- so that an instant is found by halving. Earlier events were recorded by clocks that could go back.
ALTER TABLE audit_heads ADD COLUMN ordered_after INTEGER NOT NULL DEFAULT 0;
UPDATE audit_heads SET ordered_after = COALESCE((SELECT MAX(p.seq) - 1 FROM
    (SELECT seq, recorded_at, LAG(recorded_at) OVER (ORDER BY seq) AS earlier
    FROM audit_events WHERE chain = audit_heads.chain) AS p WHERE p.recorded_at < p.earlier), 0);
DROP INDEX audit_events_by_tenant;

-- Nearly every event is one of a request. The others are found without reading those.
DROP INDEX audit_events_by_category;
CREATE INDEX audit_events_by_category ON audit_events (category, recorded_at, chain, seq)
    WHERE category <> 'support_session';
CREATE INDEX audit_events_by_chain_and_category ON audit_events (chain, category, seq)
    WHERE category <> 'support_session';
