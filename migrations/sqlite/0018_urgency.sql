-- Inside a health the most urgent cause comes first. The program computes the order with each evaluation. Until then calls
-- order a tenant, as they always do where nothing is wrong. Where something is, the tenant is evaluated again now.
ALTER TABLE tenants ADD COLUMN urgency INTEGER NOT NULL DEFAULT 0;
UPDATE tenants SET urgency = calls_24h;
UPDATE tenants SET next_change_at = 0 WHERE severity >= 2;
DROP INDEX tenants_by_health;
CREATE INDEX tenants_by_health ON tenants (severity, urgency, id);
