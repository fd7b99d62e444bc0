//! Tenants as the platform registered them, with their health as it was last worked out.

mod health;
mod list;

use app::domain::{
    TenantId, Timestamp,
    health::{Cause, HealthSignals, Verdict},
    tenants::{Tenant, TenantHealth},
};

use const_format::concatcp;

use super::{
    Db, StoreError, Tx, fold, in_list,
    record::{Record, insert, placeholders, record, select},
    sort_key,
    sql::statements,
};

#[cfg(test)]
pub(crate) use health::ALL as HEALTH_STATEMENTS;
pub use health::NewHealth;
#[cfg(test)]
pub(crate) use list::ALL as LIST_STATEMENTS;

statements! {
    LOOKUP = select!(StoredTenant, "tenants WHERE id = $1");
    LOOKUP_BY_SLUG = select!(StoredTenant, "tenants WHERE slug = $1");
    ADD = insert!("tenants", Tenant, "sort_name, search, health_since, health_at");
    CHANGE = concatcp!("UPDATE tenants SET (", REGISTERED, ") = (", placeholders(REGISTERED), ") WHERE id = $1");
}

/// What the platform registers, and what is made of it.
const REGISTERED: &str = concatcp!(Tenant::COLUMNS, ", sort_name, search");

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

record! { Tenant { id; slug; name; status; plan; region; contact; created_at } }

record! { HealthSignals {
    health; since = health_since; last_seen; calls_24h; errors_24h; updated_at = health_at;
} }

record! { StoredTenant {
    tenant: Tenant; signals: HealthSignals; cause = verdict; first_seen; next_change_at; sort_name; severity; error_ppm;
} }

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
            let query = self.assembled(in_list::sql(select!(StoredTenant, "tenants WHERE id IN ")));
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
            let rows: Vec<TenantId> = in_list::bind(query, ids).fetch_all().await?;
            known.extend(rows);
        }
        Ok(known)
    }
}

impl Tx<'_> {
    /// Adds a tenant that has never called.
    pub async fn add_tenant(&mut self, tenant: &Tenant, now: Timestamp) -> Result<(), StoreError> {
        let query = self.query(ADD);
        bind_tenant(query, tenant).bind(now).bind(now).done().await
    }

    /// Replaces the registered values. The health stays.
    pub async fn change_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let query = self.query(CHANGE);
        bind_tenant(query, tenant).done().await
    }
}

fn bind_tenant<'d, 'c>(query: super::Query<'d, 'c>, tenant: &Tenant) -> super::Query<'d, 'c> {
    query
        .bind_all(tenant)
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
