//! Tenants as the platform registered them, with their health as it was last worked out.

mod health;
mod list;

use app::domain::{
    TenantId, Timestamp,
    health::{Cause, HealthSignals, Verdict},
    tenants::{Tenant, TenantHealth},
};

use super::{Db, FromRow, Row, StoreError, Tx, fold, in_list, sort_key, sql::statements};

#[cfg(test)]
pub(crate) use health::ALL as HEALTH_STATEMENTS;
pub use health::NewHealth;
#[cfg(test)]
pub(crate) use list::ALL as LIST_STATEMENTS;

statements! {
    LOOKUP = "SELECT * FROM tenants WHERE id = $1";
    LOOKUP_BY_SLUG = "SELECT * FROM tenants WHERE slug = $1";
    ADD = "INSERT INTO tenants (id, slug, name, status, plan, region, contact, created_at, sort_name, search, \
        health_since, health_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)";
    CHANGE = "UPDATE tenants SET slug = $2, name = $3, status = $4, plan = $5, region = $6, contact = $7, \
        created_at = $8, sort_name = $9, search = $10 WHERE id = $1";
}

/// A tenant as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTenant {
    /// The registered tenant.
    pub tenant: Tenant,
    /// The four health signals.
    pub signals: HealthSignals,
    /// The reason for the health.
    pub cause: Cause,
    /// The first call ever.
    pub first_seen: Option<Timestamp>,
    /// When the health may change without traffic, in microseconds; far in the future if it can't.
    pub next_change_at: i64,
    sort_name: String,
    severity: i64,
    error_ppm: i64,
}

impl StoredTenant {
    pub fn verdict(&self) -> Verdict {
        Verdict {
            health: self.signals.health,
            cause: self.cause.clone(),
        }
    }
}

impl From<StoredTenant> for TenantHealth {
    fn from(stored: StoredTenant) -> Self {
        Self {
            tenant: stored.tenant,
            signals: stored.signals,
        }
    }
}

impl FromRow for StoredTenant {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            tenant: Tenant {
                id: row.parsed("id")?,
                slug: row.text("slug")?,
                name: row.text("name")?,
                status: row.parsed("status")?,
                plan: row.opt_text("plan")?,
                region: row.opt_text("region")?,
                contact: row.opt_text("contact")?,
                created_at: row.at("created_at")?,
            },
            signals: HealthSignals {
                health: row.parsed("health")?,
                since: row.at("health_since")?,
                last_seen: row.opt_at("last_seen")?,
                calls_24h: row.count("calls_24h")?,
                errors_24h: row.count("errors_24h")?,
                updated_at: row.at("health_at")?,
            },
            cause: row.json("verdict")?,
            first_seen: row.opt_at("first_seen")?,
            next_change_at: row.int("next_change_at")?,
            sort_name: row.text("sort_name")?,
            severity: row.int("severity")?,
            error_ppm: row.int("error_ppm")?,
        })
    }
}

struct FoundId(TenantId);

impl FromRow for FoundId {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self(row.parsed("id")?))
    }
}

impl Db<'_> {
    pub async fn lookup_tenant(
        &mut self,
        id: &TenantId,
    ) -> Result<Option<StoredTenant>, StoreError> {
        self.query(LOOKUP).bind(id).fetch_optional().await
    }

    /// The tenant with this slug.
    pub async fn find_tenant_by_slug(
        &mut self,
        slug: &str,
    ) -> Result<Option<StoredTenant>, StoreError> {
        self.query(LOOKUP_BY_SLUG).bind(slug).fetch_optional().await
    }

    /// Those of `ids` that are registered, in no order.
    pub async fn find_tenants_by_id(
        &mut self,
        ids: &[TenantId],
    ) -> Result<Vec<StoredTenant>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(in_list::LENGTH) {
            let query = self.assembled(in_list::sql("SELECT * FROM tenants WHERE id IN "));
            let rows: Vec<StoredTenant> = in_list::bind(query, ids).fetch_all().await?;
            found.extend(rows);
        }
        Ok(found)
    }

    /// Which of `ids` are registered, in no order.
    pub async fn list_known_tenants(
        &mut self,
        ids: &[TenantId],
    ) -> Result<Vec<TenantId>, StoreError> {
        let mut known = Vec::with_capacity(ids.len());
        for ids in ids.chunks(in_list::LENGTH) {
            let query = self.assembled(in_list::sql("SELECT id FROM tenants WHERE id IN "));
            let rows: Vec<FoundId> = in_list::bind(query, ids).fetch_all().await?;
            known.extend(rows.into_iter().map(|row| row.0));
        }
        Ok(known)
    }
}

impl Tx<'_> {
    /// Adds a tenant that has never called.
    pub async fn add_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Result<(), StoreError> {
        let query = self.query(ADD);
        bind_tenant(query, tenant).bind(now).execute().await?;
        Ok(())
    }

    /// Replaces the registered values. The health stays.
    pub async fn change_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let query = self.query(CHANGE);
        bind_tenant(query, tenant).execute().await?;
        Ok(())
    }
}

fn bind_tenant<'d, 'c>(query: super::Query<'d, 'c>, tenant: &Tenant) -> super::Query<'d, 'c> {
    query
        .bind(&tenant.id)
        .bind(&tenant.slug)
        .bind(&tenant.name)
        .bind(tenant.status.as_str())
        .bind(tenant.plan.as_deref())
        .bind(tenant.region.as_deref())
        .bind(tenant.contact.as_deref())
        .bind(tenant.created_at)
        .bind(sort_key(&tenant.name))
        .bind(search_text(tenant))
}

/// The searchable text: name, slug and ID, folded, with line breaks between them so that no match
/// spans two of them.
fn search_text(tenant: &Tenant) -> String {
    fold(&format!("{}\n{}\n{}", tenant.name, tenant.slug, tenant.id))
}

#[cfg(test)]
mod tests;
