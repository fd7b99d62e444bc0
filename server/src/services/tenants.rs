//! Tenants and their health: the overview, one tenant, and registration.

pub(in crate::services) mod choose;
mod feed;
mod history;
mod manage;
mod organizations;
mod register;

use std::sync::Arc;

use app::{
    domain::{
        TenantId, Timestamp,
        caller::Context,
        page::{Page, PageRequest},
        policy::Act,
        problem::Problem,
        tenants::{
            CallBucket, ChosenTenant, HealthAt, ORGANIZATIONS_SHOWN, Organization, Overview,
            PLAN_MAX, TelemetryState, TenantDetail, TenantFilter, TenantHealth, TenantRef,
            TenantSort,
        },
        text::clean,
    },
    ports::TenantsPort,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use gateway::SessionGates;
use store::{Lane, StoreError, listing::PageAt, tenants::StoredTenant};
use tokio_util::task::TaskTracker;

use super::{Core, core::searched, telemetry::telemetry_state};

pub(super) use self::choose::tenant_ref;
pub(super) use self::history::HISTORY_KEPT;
pub(super) use self::manage::reading_scopes;
pub use self::register::Registered;
pub(super) use self::register::bars_support;

/// How long one span of a tenant's series is.
const SERIES_SPAN: TimeDelta = TimeDelta::minutes(15);
/// How many spans a series has: 24 hours, including the current span.
const SERIES_LENGTH: i32 = 96;

/// Tenants and their health. Cheap to clone.
#[derive(Clone)]
pub struct TenantsService {
    core: Core,
    gates: Arc<SessionGates>,
    /// Changes of status, which go on if the browser gives up.
    running: TaskTracker,
}

impl TenantsService {
    /// Support sessions that end with a tenant are stopped at `gates`.
    pub fn new(core: Core, gates: Arc<SessionGates>) -> Self {
        Self {
            core,
            gates,
            running: TaskTracker::new(),
        }
    }

    /// Waits for changes that were begun, also if nobody waits for their answer any more.
    pub async fn finish(&self) {
        self.running.close();
        self.running.wait().await;
    }

    /// The one tenant that the caller may see, or `None` if the caller may see all.
    fn reach<'c>(&self, context: &'c Context) -> Result<Option<&'c TenantId>, Problem> {
        if let Some(own) = context.caller.own_tenant() {
            self.core.authorise(context, Act::ReadTenant(own))?;
            return Ok(Some(own));
        }
        self.core.authorise(context, Act::ReadTenants)?;
        Ok(None)
    }

    /// One page of a tenant's organizations, by name.
    pub async fn organizations(
        &self,
        context: &Context,
        id: &TenantId,
        page: PageRequest,
    ) -> Result<Page<Organization>, Problem> {
        self.core.authorise(context, Act::ReadTenant(id))?;
        find_tenant(&self.core, id).await?;
        let list = format!("organizations:{id}");
        let at = self.core.page_at(context, &list, &page)?;
        let mut reader = self.core.store.read().await?;
        let listed = reader.db().list_organizations(id, at).await?;
        Ok(self.core.page(&list, listed))
    }

    /// Whether telemetry arrives.
    pub async fn telemetry_state(&self) -> Result<TelemetryState, StoreError> {
        let mut reader = self.core.store.read().await?;
        let reception = reader.db().telemetry_reception().await?;
        Ok(telemetry_state(&self.core, reception))
    }

    fn manage_url(&self, id: &TenantId) -> Option<String> {
        let template = self.core.config.console.manage_tenant_url.as_deref()?;
        // The alphabet of IDs needs no escaping in a path, except the colon, which could be read as
        // a port or a scheme.
        Some(template.replace("{tenant_id}", &id.as_str().replace(':', "%3A")))
    }

    /// One page of tenants, without the figures.
    pub async fn list(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<Page<TenantHealth>, Problem> {
        let reach = self.reach(context)?;
        self.page(context, reach, filter, page, None).await
    }

    /// `all` is how many tenants there are within `reach`, if already counted.
    async fn page(
        &self,
        context: &Context,
        reach: Option<&TenantId>,
        filter: TenantFilter,
        page: PageRequest,
        all: Option<u64>,
    ) -> Result<Page<TenantHealth>, Problem> {
        let filter = validated(filter)?;
        let list = list_name(reach, &filter);
        let mut at = self.core.page_at(context, &list, &page)?;
        if let Some(all) = all.filter(|_| filter.matches_all()) {
            at = at.counted_as(all);
        }
        let read = async {
            let mut reader = self.core.store.read().await?;
            let mut db = reader.db();
            db.list_tenants(reach, &filter, at, self.core.now()).await
        };
        let listed = match filter.sort {
            // No index has this order, so every tenant is read. Guards and other pages come first.
            TenantSort::UserSessions => Lane::Exports.run(read).await?,
            _ => read.await?,
        };
        Ok(self.core.page(&list, listed).map(TenantHealth::from))
    }
}

#[async_trait]
impl TenantsPort for TenantsService {
    async fn suggest(&self, context: &Context, text: &str) -> Result<Vec<TenantRef>, Problem> {
        self.suggested(context, text).await
    }

    async fn named(&self, context: &Context, text: &str) -> Result<ChosenTenant, Problem> {
        self.chosen(context, text).await
    }

    async fn names(
        &self,
        context: &Context,
        ids: Vec<TenantId>,
    ) -> Result<Vec<TenantRef>, Problem> {
        self.names_of(context, ids).await
    }

    async fn history(&self, context: &Context) -> Result<Vec<HealthAt>, Problem> {
        Self::history(self, context).await
    }

    async fn overview(
        &self,
        context: &Context,
        filter: TenantFilter,
        page: PageRequest,
    ) -> Result<Overview, Problem> {
        let reach = self.reach(context)?;
        let counts = {
            let mut reader = self.core.store.read().await?;
            reader.db().count_tenants_by_health(reach).await?
        };
        let all = Some(counts.total);
        let tenants = self.page(context, reach, filter, page, all).await?;
        let ids: Vec<TenantId> = tenants
            .items
            .iter()
            .map(|row| row.tenant.id.clone())
            .collect();
        let hours = {
            let mut reader = self.core.store.read().await?;
            let mut db = reader.db();
            db.list_hours(&ids, self.core.now()).await?
        };
        Ok(Overview {
            counts,
            hours,
            tenants,
            telemetry: self.telemetry_state().await?,
            sorted_at: self.core.now(),
        })
    }

    async fn detail(&self, context: &Context, id: &TenantId) -> Result<TenantDetail, Problem> {
        self.core.authorise(context, Act::ReadTenant(id))?;
        let stored = find_tenant(&self.core, id).await?;
        let now = self.core.now();
        let first = series_start(now);
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let spans = db.list_calls(id, first).await?;
        let organizations = db
            .list_organizations(id, &PageAt::first(ORGANIZATIONS_SHOWN))
            .await?;
        let active_user_sessions = db.count_active_user_sessions(id, now).await?;
        drop(reader);
        let telemetry = self.telemetry_state().await?;
        let verdict = stored.verdict();
        Ok(TenantDetail {
            verdict,
            tenant: stored.tenant,
            signals: stored.signals,
            calls: series(first, &spans),
            telemetry,
            organizations: organizations.items,
            active_user_sessions,
            manage_url: self.manage_url(id),
        })
    }
}

/// A registered tenant. The caller has been authorised.
pub(super) async fn find_tenant(core: &Core, id: &TenantId) -> Result<StoredTenant, Problem> {
    let mut reader = core.store.read().await?;
    let stored = reader.db().lookup_tenant(id).await?;
    stored.ok_or_else(|| Problem::not_found("tenant"))
}

/// The filter with texts that can be looked for.
fn validated(filter: TenantFilter) -> Result<TenantFilter, Problem> {
    let named = |field: &str, text: Option<&str>| {
        let text = clean(text.unwrap_or_default(), 0, PLAN_MAX, false);
        let text = text.map_err(|error| Problem::invalid_field(field, error))?;
        Ok::<_, Problem>(Some(text).filter(|text| !text.is_empty()))
    };
    Ok(TenantFilter {
        search: searched(filter.search.as_deref())?,
        plan: named("plan", filter.plan.as_deref())?,
        region: named("region", filter.region.as_deref())?,
        ..filter
    })
}

fn list_name(reach: Option<&TenantId>, filter: &TenantFilter) -> String {
    let reach = reach.map_or("", TenantId::as_str);
    // Plain data always serialises.
    let filter = serde_json::to_string(filter).unwrap_or_default();
    // Change the number with the sort columns, because a cursor holds their values.
    format!("tenants:2:{reach}:{filter}")
}

/// The start of the series' first span at `now`.
fn series_start(now: Timestamp) -> Timestamp {
    let length = SERIES_SPAN.num_seconds();
    let current = now.timestamp().div_euclid(length) * length;
    Timestamp::from_timestamp(current, 0).unwrap_or(now) - SERIES_SPAN * (SERIES_LENGTH - 1)
}

/// 96 spans of 15 minutes from `first`, without gaps. The last one is still open.
fn series(first: Timestamp, spans: &[CallBucket]) -> Vec<CallBucket> {
    let mut spans = spans.iter().peekable();
    (0..SERIES_LENGTH)
        .map(|n| {
            let start = first + SERIES_SPAN * n;
            let mut bucket = CallBucket::empty(start);
            while let Some(span) = spans.next_if(|span| span.start < start + SERIES_SPAN) {
                bucket.add(span);
            }
            bucket
        })
        .collect()
}

#[cfg(test)]
mod tests;
