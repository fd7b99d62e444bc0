//! The list of tenants and the figures above it.

use app::domain::{
    TenantId, Timestamp,
    health::Health,
    page::Direction,
    tenants::{HealthCounts, TenantChoices, TenantFilter, TenantSort},
};
use const_format::concatcp;

use super::StoredTenant;
use crate::{
    Db, Sought, StoreError,
    listing::{Key, Listed, Listing, Wanted},
    record::record,
    sort_key,
    sql::queries,
};

/// The first 100 values of an expression that leads an index, without the empty one. Goes from each
/// value to the next in the index. `SELECT DISTINCT` would read the entry of every tenant.
macro_rules! distinct {
    ($of:literal) => {
        concatcp!(
            "WITH RECURSIVE found (choice, number) AS (SELECT ",
            distinct!($of, "''"),
            ", 1 UNION ALL SELECT ",
            distinct!($of, "found.choice"),
            ", found.number + 1 FROM found WHERE found.choice IS NOT NULL AND found.number < 100) \
            SELECT choice FROM found WHERE choice IS NOT NULL ORDER BY number"
        )
    };
    ($of:literal, $after:literal) => {
        concatcp!(
            "(SELECT ",
            $of,
            " FROM tenants WHERE ",
            $of,
            " > ",
            $after,
            " ORDER BY ",
            $of,
            ", id LIMIT 1)"
        )
    };
}

/// Tenants with the number of their user sessions that are active at an instant.
const WITH_USERS: &str = "(SELECT tenants.*, (SELECT COUNT(*) FROM user_sessions AS s WHERE s.tenant_id = tenants.id \
    AND s.ended_at IS NULL AND s.expires_at > {} AND s.issued_at > tenants.logout_cutoff) AS active_users FROM tenants) AS tenants";

/// A row of [`WITH_USERS`].
pub(super) struct WithUsers {
    stored: StoredTenant,
    active_users: u64,
}

record! { WithUsers { stored: StoredTenant; active_users } }

queries! {
    Db {
        /// Severity corresponds to health and leads an index, so only that index is read.
        fn count_by_severity() -> all (i64, u64)
            = "SELECT severity, COUNT(*) AS tenants FROM tenants GROUP BY severity";

        fn count_by_severity_of(id: &TenantId) -> all (i64, u64)
            = "SELECT severity, COUNT(*) AS tenants FROM tenants WHERE id = :id GROUP BY severity";

        fn list_plans() -> all String = distinct!("COALESCE(plan, '')");

        fn list_regions() -> all String = distinct!("COALESCE(region, '')");
    }
}

impl Db<'_> {
    /// How many tenants there are by health; `only` restricts to one tenant.
    pub async fn count_tenants_by_health(
        &mut self,
        only: Option<&TenantId>,
    ) -> Result<HealthCounts, StoreError> {
        let rows = match only {
            None => self.count_by_severity().await?,
            Some(id) => self.count_by_severity_of(id).await?,
        };
        let of = |health: Health| {
            rows.iter()
                .filter(|row| row.0 == i64::from(health.severity()))
                .map(|row| row.1)
                .sum()
        };
        Ok(HealthCounts {
            total: rows.iter().map(|row| row.1).sum(),
            healthy: of(Health::Healthy),
            warning: of(Health::Warning),
            critical: of(Health::Critical),
            unknown: of(Health::Unknown),
        })
    }

    /// The tenants after one by their IDs, to go through all.
    pub async fn tenants_after(
        &mut self,
        after: Option<Vec<Key>>,
        limit: u32,
    ) -> Result<Vec<StoredTenant>, StoreError> {
        let all = Listing::new("tenants", &["id"], Direction::Ascending);
        all.fetch_after(self, after, limit).await
    }

    /// Up to `limit` tenants whose names begin with a text, accents aside, by name. It reads no others.
    pub async fn list_tenants_beginning(
        &mut self,
        text: &str,
        limit: u32,
    ) -> Result<Vec<StoredTenant>, StoreError> {
        beginning(text).fetch_after(self, None, limit).await
    }

    /// The first 100 plans and regions that any tenant has, by name.
    pub async fn list_tenant_choices(&mut self) -> Result<TenantChoices, StoreError> {
        Ok(TenantChoices {
            plans: self.list_plans().await?,
            regions: self.list_regions().await?,
        })
    }

    /// One page of tenants as of `now`; `only` restricts to one tenant.
    pub async fn list_tenants(
        &mut self,
        only: Option<&TenantId>,
        filter: &TenantFilter,
        page: impl Into<Wanted>,
        now: Timestamp,
    ) -> Result<Listed<StoredTenant>, StoreError> {
        let sort = filter.sort;
        let listing = listing(only, filter, now);
        if sort == TenantSort::UserSessions {
            let place = |row: &WithUsers| keys(sort, &row.stored, row.active_users);
            let listed = listing.fetch(self, page, place).await?;
            return Ok(listed.map(|row| row.stored));
        }
        listing.fetch(self, page, |row| keys(sort, row, 0)).await
    }
}

pub(super) const fn columns(sort: TenantSort) -> &'static [&'static str] {
    match sort {
        TenantSort::Health => &["severity", "urgency", "id"],
        TenantSort::Name => &["sort_name", "id"],
        TenantSort::Calls => &["calls_24h", "id"],
        TenantSort::ErrorRate => &["error_ppm", "id"],
        TenantSort::LastSeen => &["last_seen", "id"],
        TenantSort::Status => &["status", "id"],
        TenantSort::Plan => &["COALESCE(plan, '')", "id"],
        TenantSort::Region => &["COALESCE(region, '')", "id"],
        TenantSort::Created => &["created_at", "id"],
        TenantSort::UserSessions => &["active_users", "id"],
    }
}

/// The place of a tenant in the list. `active_users` matters only if the list is sorted by it.
fn keys(sort: TenantSort, row: &StoredTenant, active_users: u64) -> Vec<Key> {
    let id = Key::from(&row.tenant.id);
    match sort {
        TenantSort::Health => vec![row.severity.into(), row.urgency.into(), id],
        TenantSort::Name => vec![(&row.sort_name).into(), id],
        TenantSort::Calls => vec![row.signals.calls_24h.into(), id],
        TenantSort::ErrorRate => vec![row.error_ppm.into(), id],
        TenantSort::LastSeen => vec![row.signals.last_seen.into(), id],
        TenantSort::Status => vec![row.tenant.status.as_str().into(), id],
        TenantSort::Plan => vec![row.tenant.plan.as_deref().unwrap_or_default().into(), id],
        TenantSort::Region => vec![row.tenant.region.as_deref().unwrap_or_default().into(), id],
        TenantSort::Created => vec![row.tenant.created_at.into(), id],
        TenantSort::UserSessions => vec![active_users.into(), id],
    }
}

pub(crate) fn beginning(text: &str) -> Listing {
    let by_name = columns(TenantSort::Name);
    let mut listing = Listing::new("tenants", by_name, Direction::Ascending);
    listing.and_prefix("sort_name", &sort_key(text));
    listing
}

pub(super) fn listing(only: Option<&TenantId>, filter: &TenantFilter, now: Timestamp) -> Listing {
    let (keys, direction) = (columns(filter.sort), filter.direction);
    let mut listing = match filter.sort {
        TenantSort::UserSessions => Listing::of_subquery(WITH_USERS, now, keys, direction),
        _ => Listing::new("tenants", keys, direction),
    };
    if let Some(id) = only {
        listing.and_bind("id = {}", id);
    }
    if let Some(health) = filter.health {
        listing.and_bind("severity = {}", i64::from(health.severity()));
    }
    if let Some(status) = filter.status {
        listing.and_bind("status = {}", status);
    }
    if let Some(plan) = &filter.plan {
        listing.and_bind("COALESCE(plan, '') = {}", plan);
    }
    if let Some(region) = &filter.region {
        listing.and_bind("COALESCE(region, '') = {}", region);
    }
    if let Some(created) = filter.created {
        listing.and_bind("created_at >= {}", now - created.span());
    }
    if let Some(search) = &filter.search {
        listing.and_contains("search", "id", &Sought::new(search));
    }
    listing
}
