//! Tenants as the platform registered them, with their last evaluated health.

mod feed;
mod health;
mod list;

use app::domain::{
    TenantId, Timestamp,
    health::{Cause, HealthSignals, Verdict},
    tenants::{Tenant, TenantHealth, TenantSettings},
};

use const_format::concatcp;

use super::{
    Db, StoreError, Tx, in_list,
    record::{Record, insert, placeholders, record, select},
    searchable, sort_key,
    sought::{NAMESAKES, of_name},
    sql::queries,
};

#[cfg(test)]
pub(crate) use feed::ALL as FEED_STATEMENTS;
pub use feed::FedTenant;
#[cfg(test)]
pub(crate) use health::ALL as HEALTH_STATEMENTS;
pub use health::NewHealth;
#[cfg(test)]
pub(crate) use list::{ALL as LIST_STATEMENTS, beginning};

queries! {
    Db {
        pub fn lookup_tenant(id: &TenantId) -> optional StoredTenant
            = select!(StoredTenant, "tenants WHERE id = :id");

        /// The tenant with this slug.
        pub fn find_tenant_by_slug(slug: &str) -> optional StoredTenant
            = select!(StoredTenant, "tenants WHERE slug = :slug");

        fn list_tenants_sorted_as(sort_name: &str) -> all StoredTenant
            = concatcp!(select!(StoredTenant, "tenants WHERE sort_name = :sort_name ORDER BY id LIMIT "), NAMESAKES);
    }
    Tx {
        /// Adds a tenant that has never called.
        pub fn add_tenant(tenant: &Tenant, now: Timestamp)
            where (tenant, sort_name = sort_key(&tenant.name), search = search_text(tenant), health_since = now, health_at = now)
            = insert!("tenants", Tenant, "sort_name, search, health_since, health_at");

        /// Replaces the registered values. The health stays.
        pub fn change_tenant(tenant: &Tenant)
            where (tenant, sort_name = sort_key(&tenant.name), search = search_text(tenant))
            = concatcp!("UPDATE tenants SET (", REGISTERED, ") = (", placeholders(REGISTERED), "), version = version + 1 WHERE id = $1");

        /// Replaces the settings.
        pub fn set_tenant_settings(id: &TenantId, settings: &TenantSettings)
            = "UPDATE tenants SET settings = :settings, version = version + 1 WHERE id = :id";
    }
}

/// The registered columns, and those derived from them.
const REGISTERED: &str = concatcp!(Tenant::COLUMNS, ", sort_name, search");

/// A stored tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTenant {
    pub tenant: Tenant,
    /// What the console keeps of it.
    pub settings: TenantSettings,
    /// The four health signals.
    pub signals: HealthSignals,
    /// The reason for the health.
    pub cause: Cause,
    /// The first call ever.
    pub first_seen: Option<Timestamp>,
    /// When the health may change without traffic, in microseconds; far in the future if it can't.
    pub next_change_at: i64,
    /// Counts the changes of its values and settings.
    pub version: i64,
    sort_name: String,
    severity: i64,
    urgency: i64,
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
            cause: stored.cause,
        }
    }
}

record! { Tenant { id; slug; name; status; kind = type; country; plan; region; contact; created_at } }

record! { HealthSignals {
    health; since = health_since; last_seen; calls_24h; errors_24h; updated_at = health_at;
} }

record! { StoredTenant {
    tenant: Tenant; settings; signals: HealthSignals; cause = verdict; first_seen; next_change_at; version; sort_name; severity; urgency;
    error_ppm;
} }

impl Db<'_> {
    /// The tenants among `ids` that are registered, in no order.
    pub async fn find_tenants_by_id(
        &mut self,
        ids: &[TenantId],
    ) -> Result<Vec<StoredTenant>, StoreError> {
        in_list::fetch_all(self, select!(StoredTenant, "tenants WHERE id IN "), ids).await
    }

    /// Up to 50 tenants with this name, in any case. If there are none, those whose names have more accents.
    pub async fn find_tenants_by_name(
        &mut self,
        name: &str,
    ) -> Result<Vec<StoredTenant>, StoreError> {
        let found = self.list_tenants_sorted_as(&sort_key(name)).await?;
        Ok(of_name(found, name, |stored| stored.tenant.name.as_str()))
    }

    /// Which of `ids` are registered, in no order.
    pub async fn list_known_tenants(
        &mut self,
        ids: &[TenantId],
    ) -> Result<Vec<TenantId>, StoreError> {
        in_list::fetch_all(self, "SELECT id FROM tenants WHERE id IN ", ids).await
    }
}

fn search_text(tenant: &Tenant) -> String {
    searched_text(&tenant.name, &tenant.slug, &tenant.id)
}

/// The searchable text: name, slug and ID, folded, with line breaks between them so that no match
/// spans two of them.
pub(crate) fn searched_text(name: &str, slug: &str, id: &TenantId) -> String {
    searchable(&format!("{name}\n{slug}\n{id}"))
}

#[cfg(test)]
mod tests;
