-- When the last event of the chain was recorded: the next one is never recorded earlier.
ALTER TABLE audit_heads ADD COLUMN recorded_at INTEGER NOT NULL DEFAULT 0;
UPDATE audit_heads SET recorded_at = COALESCE((SELECT e.recorded_at FROM audit_events e
    WHERE e.chain = audit_heads.chain AND e.seq = audit_heads.seq), 0);
