//! What one page has received, and what it needs next.

use std::{
    collections::{BTreeMap, HashMap},
    task::Poll,
};

use app::domain::{
    SupportSessionId, TenantId, Timestamp,
    access_log::{AccessLogEntry, PagesWithoutBanner, RequestOutcome},
    live::{AccessLogChange, LiveEvent, LiveInterest, SupportSessionsChange, TenantsChange},
    policy::Act,
    support_sessions::{SupportSession, SupportSessionCounts, SupportSessionStatus},
    tenants::{HealthCounts, TenantHealth},
};
use store::{Change, ChangeKind, access_log::ACCESS_LOG_PAGE};
use tokio::time::Instant;

use super::{board::Board, figures::Figures};
use crate::services::{Core, ServiceError};

/// How many open requests of an access log are followed: the newest, which the page shows first.
const OPEN_FOLLOWED: usize = 200;

/// The state that one page has received.
pub(super) struct View {
    interest: LiveInterest,
    rows: HashMap<TenantId, TenantHealth>,
    counts: Option<HealthCounts>,
    stale: Option<bool>,
    sessions: HashMap<SupportSessionId, SupportSession>,
    session_counts: Option<SupportSessionCounts>,
    /// The active user sessions of the tenant that is managed.
    user_sessions: Option<u64>,
    /// The open entries that the page has received.
    entries: BTreeMap<u64, AccessLogEntry>,
    without_banner: PagesWithoutBanner,
    last_seq: u64,
    log_goes_on: bool,
}

impl View {
    /// A page that has received nothing yet.
    pub(super) fn new(interest: LiveInterest) -> Self {
        Self {
            interest,
            rows: HashMap::new(),
            counts: None,
            stale: None,
            sessions: HashMap::new(),
            session_counts: None,
            user_sessions: None,
            entries: BTreeMap::new(),
            without_banner: PagesWithoutBanner::default(),
            last_seq: 0,
            log_goes_on: false,
        }
    }

    /// The session whose access log is followed.
    pub(super) const fn followed(&self) -> Option<SupportSessionId> {
        self.interest.access_log_of
    }

    /// Whether the last look at the access log left entries for the next.
    pub(super) const fn log_goes_on(&self) -> bool {
        self.log_goes_on
    }

    /// The support sessions on the page that are active, as far as it knows.
    pub(super) fn active(&self, now: Timestamp) -> impl Iterator<Item = SupportSessionId> + '_ {
        let shown = self.sessions.values();
        let active = shown.filter(move |s| s.status(now) == SupportSessionStatus::Active);
        active.map(|session| session.id)
    }

    /// Whether the page shows requests that had not ended at its last news.
    pub(super) fn has_open_entries(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The tenants that the page shows.
    pub(super) fn shown_tenants(&self) -> &[TenantId] {
        &self.interest.tenants
    }

    /// The support sessions that the page shows.
    pub(super) fn shown_sessions(&self) -> &[SupportSessionId] {
        &self.interest.support_sessions
    }

    /// Whether a change of a tenant's registration concerns the page.
    pub(super) fn wants_tenant(&self, tenant: &str) -> bool {
        let shown = &self.interest.tenants;
        self.interest.counts || shown.iter().any(|id| id.as_str() == tenant)
    }

    /// Whether a change of a support session concerns the page beyond the figures.
    pub(super) fn wants(&self, session: SupportSessionId) -> bool {
        self.interest.new_support_sessions || self.interest.support_sessions.contains(&session)
    }

    /// The permission needed to hear of a change after which everything is fetched again; `None` if
    /// the page shows nothing that it affects.
    pub(super) fn fetched_again_for(&self, change: &Change) -> Option<Act<'_>> {
        let interest = &self.interest;
        let tenant = interest.managed_tenant.as_ref();
        let staff = interest.staff.then_some(Act::ReadStaff);
        match change.kind {
            ChangeKind::ApiKey => interest.api_keys.then_some(Act::ReadKeys),
            // Its tenant is only in the store: see [`Self::fetched_again_for_sessions`].
            ChangeKind::Staff | ChangeKind::StaffSession | ChangeKind::SupportSession => staff,
            ChangeKind::Tenant | ChangeKind::UserSessions => {
                let same = tenant.filter(|id| id.as_str() == change.subject);
                let list = interest.managed_tenants.then_some(Act::ReadTenants);
                list.or_else(|| same.map(Act::ReadTenant))
            }
            ChangeKind::Health | ChangeKind::Node => None,
        }
    }

    /// The same for support sessions that have changed.
    pub(super) fn fetched_again_for_sessions(&self, changed: &[SupportSession]) -> Option<Act<'_>> {
        let tenant = self.interest.managed_tenant.as_ref()?;
        let is_shown = changed.iter().any(|session| session.tenant_id == *tenant);
        is_shown.then_some(Act::ReadTenant(tenant))
    }

    /// Whether the page fetches everything again if something that it shows has changed. Other pages
    /// get the changes themselves, also those from before their stream opened.
    pub(super) const fn is_fetched_as_a_whole(&self) -> bool {
        self.interest.staff || self.interest.api_keys || self.is_fetched_in_turns()
    }

    /// Whether the page is fetched again in turns, because many changes a second may concern it.
    pub(super) const fn is_fetched_in_turns(&self) -> bool {
        self.interest.managed_tenants || self.interest.managed_tenant.is_some()
    }

    /// Whether the tenant that is managed has another number of active user sessions, at `since` or later,
    /// than at the last call. They expire without a change.
    pub(super) async fn has_other_user_sessions(
        &mut self,
        core: &Core,
        figures: &Figures,
        since: Instant,
    ) -> Result<bool, ServiceError> {
        let Some(tenant) = &self.interest.managed_tenant else {
            return Ok(false);
        };
        let active = figures.user_sessions(core, tenant, since).await?;
        let before = self.user_sessions.replace(active);
        Ok(before.is_some_and(|before| before != active))
    }

    /// Rows that have changed since they were last sent, and the figures. Pending while it is too early to
    /// read them again.
    pub(super) async fn tenants(
        &mut self,
        core: &Core,
        (figures, board): (&Figures, &Board),
        since: Instant,
    ) -> Result<Poll<(Instant, Option<LiveEvent>)>, ServiceError> {
        if self.interest.tenants.is_empty() && !self.interest.counts {
            return Ok(Poll::Ready((Instant::now(), None)));
        }
        let mut counts = None;
        let mut from = Instant::now();
        if self.interest.counts {
            let Some((counted_from, counted)) = figures.tenants(core, since).await? else {
                return Ok(Poll::Pending);
            };
            (counts, from) = (Some(counted), counted_from);
        }
        let Some((read_from, now)) = board.tenants(core, since).await? else {
            return Ok(Poll::Pending);
        };
        let from = from.min(read_from);
        let shown = self.interest.tenants.iter();
        let rows = shown.filter_map(|id| now.rows.get(id));
        let rows = rows.filter(|row| self.rows.get(&row.tenant.id) != Some(row));
        let rows: Vec<_> = rows.cloned().collect();
        if rows.is_empty() && counts == self.counts && self.stale == Some(now.telemetry.stale) {
            return Ok(Poll::Ready((from, None)));
        }
        self.counts = counts;
        self.stale = Some(now.telemetry.stale);
        self.rows
            .extend(rows.iter().map(|row| (row.tenant.id.clone(), row.clone())));
        let event = LiveEvent::Tenants(TenantsChange {
            rows,
            counts,
            telemetry: now.telemetry,
            now: core.now(),
        });
        Ok(Poll::Ready((from, Some(event))))
    }

    /// Support sessions that have changed or are new, and the figures.
    pub(super) async fn support_sessions(
        &mut self,
        core: &Core,
        board: &Board,
        touched: &HashMap<SupportSessionId, Instant>,
        counts: SupportSessionCounts,
    ) -> Result<Option<LiveEvent>, ServiceError> {
        let mut changed = board.sessions(core, touched).await?;
        changed.retain(|session| self.sessions.get(&session.id) != Some(session));
        if changed.is_empty() && self.session_counts == Some(counts) {
            return Ok(None);
        }
        self.session_counts = Some(counts);
        let shown =
            |session: &&SupportSession| self.interest.support_sessions.contains(&session.id);
        self.sessions.extend(
            changed
                .iter()
                .filter(shown)
                .map(|session| (session.id, session.clone()))
                .collect::<Vec<_>>(),
        );
        Ok(Some(LiveEvent::SupportSessions(SupportSessionsChange {
            changed,
            counts,
            own: false,
            now: core.now(),
        })))
    }

    /// The position of the followed log when the stream opens. The page already has earlier
    /// entries.
    pub(super) async fn start_of_log(&mut self, core: &Core) -> Result<(), ServiceError> {
        const RECENT: u64 = 50;
        let Some(session) = self.interest.access_log_of else {
            return Ok(());
        };
        let mut reader = core.store.read().await?;
        let found = reader.db().lookup_support_session(session).await?;
        let last = found.map_or(0, |s| s.requests_forwarded + s.requests_refused);
        // Entries may have been added or completed between page and stream. The latest are sent
        // again, and the page recognises them by their numbers.
        self.last_seq = last.saturating_sub(RECENT);
        Ok(())
    }

    /// Entries that are new, or that were open and no longer are. Open ones are looked up
    /// separately, so that one which stays open for an hour does not delay later ones.
    pub(super) async fn access_log(
        &mut self,
        core: &Core,
    ) -> Result<Option<LiveEvent>, ServiceError> {
        let Some(session) = self.interest.access_log_of else {
            return Ok(None);
        };
        let open: Vec<_> = self.entries.values().map(|told| told.request_id).collect();
        let mut reader = core.store.read().await?;
        let mut entries = reader.db().list_access_log_of_requests(&open).await?;
        entries.retain(|entry| self.entries.get(&entry.seq) != Some(entry));
        let new = reader
            .db()
            .list_access_log_after(session, self.last_seq)
            .await?;
        self.log_goes_on = new.len() == ACCESS_LOG_PAGE;
        entries.extend(new);
        let without_banner = reader.db().pages_without_banner(session).await?;
        let without_banner = (without_banner != self.without_banner).then_some(without_banner);
        if entries.is_empty() && without_banner.is_none() {
            return Ok(None);
        }
        if let Some(pages) = &without_banner {
            self.without_banner = pages.clone();
        }
        for entry in &entries {
            self.last_seq = self.last_seq.max(entry.seq);
            if entry.outcome == RequestOutcome::Open {
                self.entries.insert(entry.seq, entry.clone());
            } else {
                self.entries.remove(&entry.seq);
            }
        }
        while self.entries.len() > OPEN_FOLLOWED {
            self.entries.pop_first();
        }
        Ok(Some(LiveEvent::AccessLog(AccessLogChange {
            entries,
            without_banner,
            now: core.now(),
        })))
    }
}

#[cfg(test)]
mod tests;
