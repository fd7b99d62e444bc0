-- What people manage of a tenant, beside its health.
ALTER TABLE tenants ADD COLUMN type TEXT COLLATE "C";
ALTER TABLE tenants ADD COLUMN country TEXT COLLATE "C";
-- What the console keeps of a tenant. JSON.
ALTER TABLE tenants ADD COLUMN settings TEXT COLLATE "C" NOT NULL DEFAULT '{}';
-- Counts the changes of its values and settings.
ALTER TABLE tenants ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- The place of the tenant's last change in the feed; 0 if the console has never changed it.
ALTER TABLE tenants ADD COLUMN feed_seq BIGINT NOT NULL DEFAULT 0;

CREATE INDEX tenants_by_lifecycle ON tenants (status, id);
CREATE INDEX tenants_by_plan ON tenants (COALESCE(plan, ''), id);
CREATE INDEX tenants_by_region ON tenants (COALESCE(region, ''), id);
CREATE INDEX tenants_by_created ON tenants (created_at, id);
CREATE INDEX tenants_by_feed ON tenants (feed_seq);

-- One row: the last place that was given. A change holds the row until it commits, so places are
-- committed in their order. A restore from a backup begins a new epoch (its time in microseconds),
-- because the restored store gives the same places to other changes.
CREATE TABLE tenant_feed (
    id          BIGINT NOT NULL PRIMARY KEY,
    seq         BIGINT NOT NULL,
    epoch       BIGINT NOT NULL DEFAULT 0
);
INSERT INTO tenant_feed (id, seq) VALUES (1, 0);
