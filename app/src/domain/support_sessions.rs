//! Support sessions: their data, how to create one, and their lifecycle.

mod limits;
mod selected;
mod session;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    StaffId, TenantId, Timestamp, access_log::PagesWithoutBanner, nodes::NodeReceipt,
    page::Direction, policy::SessionActs, scopes::ScopeName, time_range::TimePreset,
};

pub use limits::*;
pub use selected::*;
pub use session::*;

pub use super::text::{REASON_MAX, REASON_MIN};

/// The shortest time-to-live, in minutes.
pub const TTL_MIN: i64 = 1;
/// The longest time-to-live, in minutes.
pub const TTL_MAX: i64 = 60;
/// The time-to-live when none is named, in minutes.
pub const TTL_DEFAULT: i64 = 15;
/// The longest ticket, in characters.
pub const TICKET_MAX: usize = 100;
/// How many active support sessions one staff member may hold.
pub const MAX_ACTIVE_PER_STAFF_MEMBER: u64 = 5;

text_enum! {
    /// The status of a support session.
    pub enum SupportSessionStatus {
        /// In use: the staff member has access to the granted scopes.
        Active = "ACTIVE" as "Active",
        /// The TTL was reached and access ended automatically.
        Expired = "EXPIRED" as "Expired",
        /// An administrator ended it early.
        Revoked = "REVOKED" as "Revoked",
    }
}

/// Who revoked a support session, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revocation {
    /// When it was revoked.
    pub at: DateTime<Utc>,
    /// The staff member who revoked it; `None` if the system did, for example because its holder
    /// lost their role.
    pub by: Option<StaffId>,
    /// That staff member's name at the time, or what acted instead.
    pub by_name: String,
    /// Why, if a reason was given.
    pub reason: Option<String>,
    /// The confirmation of each node that was serving. Set in the detail of a session, but not for
    /// the tenant's own keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<NodeReceipt>,
}

/// A support session at an instant. Only [`Active`] can be revoked, so that a second revocation,
/// or one after expiry, does not compile.
#[derive(Debug)]
pub enum Lifecycle {
    /// The session can be used.
    Active(Active),
    /// The session expired at `at`.
    Expired {
        /// The true expiry instant, whenever it is noticed.
        at: DateTime<Utc>,
    },
    /// Sessions that were ended early.
    Revoked(Revocation),
}

/// Proof that a support session is active at the instant it was judged at.
#[derive(Debug)]
pub struct Active(());

/// An attempt to end a support session that had already ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlreadyEnded {
    /// The session had expired.
    #[error("the support session already expired at {at}")]
    Expired {
        /// When it expired.
        at: DateTime<Utc>,
    },
    /// Someone had revoked it.
    #[error("the support session was already revoked by {} at {}", .0.by_name, .0.at)]
    Revoked(Revocation),
}

impl Active {
    /// Ends the session early.
    pub fn revoke(self, revocation: Revocation) -> Lifecycle {
        Lifecycle::Revoked(revocation)
    }
}

impl Lifecycle {
    /// The status of this state.
    pub const fn status(&self) -> SupportSessionStatus {
        match self {
            Self::Active(_) => SupportSessionStatus::Active,
            Self::Expired { .. } => SupportSessionStatus::Expired,
            Self::Revoked(_) => SupportSessionStatus::Revoked,
        }
    }

    /// The active session, or how it ended.
    pub fn into_active(self) -> Result<Active, AlreadyEnded> {
        match self {
            Self::Active(active) => Ok(active),
            Self::Expired { at } => Err(AlreadyEnded::Expired { at }),
            Self::Revoked(revocation) => Err(AlreadyEnded::Revoked(revocation)),
        }
    }
}

impl SupportSession {
    /// The number of the latest entry in its access log.
    pub const fn last_seq(&self) -> u64 {
        self.requests_forwarded + self.requests_refused
    }

    /// When the session ends if nothing else ends it: at its expiry, or earlier when idle.
    pub fn ends_at(&self) -> Timestamp {
        self.limits.idle_ends_at.unwrap_or(self.expires_at)
    }

    /// Whether its next automatic end is the idle limit.
    pub fn ends_idle(&self) -> bool {
        self.ends_at() < self.expires_at
    }

    /// The session's state at `now`. It expires exactly at [`Self::ends_at`]. A revocation before
    /// that instant takes precedence.
    pub fn lifecycle(&self, now: Timestamp) -> Lifecycle {
        match &self.revocation {
            Some(revocation) => Lifecycle::Revoked(revocation.clone()),
            None if now >= self.ends_at() => Lifecycle::Expired { at: self.ends_at() },
            None => Lifecycle::Active(Active(())),
        }
    }

    /// When it ended, or will end if nothing else ends it.
    pub fn ended_at(&self) -> Timestamp {
        let end = self.ends_at();
        self.revocation
            .as_ref()
            .map_or(end, |revocation| revocation.at.min(end))
    }

    /// Whether it was active at an instant.
    pub fn was_active(&self, at: Timestamp) -> bool {
        self.issued_at <= at && at < self.ended_at()
    }

    /// The status at `now`.
    pub fn status(&self, now: Timestamp) -> SupportSessionStatus {
        self.lifecycle(now).status()
    }
}

/// Counts above the list of support sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupportSessionCounts {
    /// Sessions that are active now.
    pub active: u64,
    /// Sessions that were ended early, counted up to `COUNTED_MAX` and one more.
    pub revoked: u64,
    /// Sessions that expired, counted alike.
    pub expired: u64,
}

text_enum! {
    /// What the list of support sessions is sorted by.
    pub enum SupportSessionSort {
        /// When they were issued.
        Issued = "issued",
        /// When they end, or would have ended.
        Expires = "expires",
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "the macro's variants take no attribute of a derive"
)]
impl Default for SupportSessionSort {
    fn default() -> Self {
        Self::Issued
    }
}

/// Which support sessions, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SupportSessionFilter {
    /// Only with this status.
    pub status: Option<SupportSessionStatus>,
    /// Only of this tenant.
    pub tenant_id: Option<TenantId>,
    /// Only of this staff member.
    pub staff_id: Option<StaffId>,
    /// Only those that were active at this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_at: Option<DateTime<Utc>>,
    /// Only those issued in this span of the caller's zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimePreset>,
    /// Only those issued at or after this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Only those issued before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// What to sort by.
    #[serde(default)]
    pub sort: SupportSessionSort,
    /// In which direction.
    #[serde(default = "latest_first")]
    pub direction: Direction,
}

const fn latest_first() -> Direction {
    Direction::Descending
}

impl Default for SupportSessionFilter {
    fn default() -> Self {
        Self {
            status: None,
            tenant_id: None,
            staff_id: None,
            active_at: None,
            time: None,
            from: None,
            to: None,
            sort: SupportSessionSort::default(),
            direction: latest_first(),
        }
    }
}

/// The field that names a staff member in the filter.
pub const STAFF_FIELD: &str = "staff";

/// How many staff members are offered to filter by. Others are found by name or ID.
pub const STAFF_OFFERED: usize = 500;

/// A list of support sessions with the figures above it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportSessionList {
    /// The figures above the table, over all sessions that the caller may see.
    pub counts: SupportSessionCounts,
    /// One page of sessions, newest first.
    pub sessions: super::page::Page<SupportSession>,
    /// The first [`STAFF_OFFERED`] staff members to filter by, and the one who is filtered by.
    pub staff: Vec<super::staff::StaffRef>,
    /// The one who is filtered by, if nobody else is found by the same name.
    pub named: Option<super::staff::StaffRef>,
    /// The server's time at which statuses hold.
    pub at: DateTime<Utc>,
}

/// How many days [`SessionsOfDay`] are listed for.
pub const DAYS_CHARTED: i32 = 30;

/// The support sessions that were issued within 24 hours, by their status now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsOfDay {
    /// When the 24 hours begin.
    pub start: DateTime<Utc>,
    /// Sessions that are active now.
    pub active: u64,
    /// Sessions that were ended early.
    pub revoked: u64,
    /// Sessions that expired.
    pub expired: u64,
}

impl SessionsOfDay {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.active + self.revoked + self.expired
    }
}

/// The data for the dialog "Create Support Session".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportSessionDraft {
    /// The tenant with its signals, for review.
    pub tenant: super::tenants::TenantHealth,
    /// What the signals amount to.
    pub verdict: super::health::Verdict,
    /// Whether signals and verdict are out of date.
    pub stale: bool,
    /// Where a session can be confined to.
    pub organizations: Vec<super::tenants::Organization>,
    /// Those of them in which no session can be created.
    pub barred_organizations: Vec<super::OrganizationId>,
    /// The scopes to choose from, `read_only` first.
    pub scopes: Vec<super::scopes::Scope>,
    /// Why no session can be created in this tenant, whatever the form says.
    pub barred: Option<String>,
    /// Whether scopes that write can be chosen in this tenant.
    pub support_may_write: bool,
    /// Whether a ticket is mandatory.
    pub require_ticket: bool,
    /// The caller's address, for [`SupportSessionForm::creator_ip_only`].
    pub ip: String,
    /// The value of [`SupportSessionForm::idempotency_key`].
    pub idempotency_key: String,
    /// The server's time, for "ends at".
    pub now: DateTime<Utc>,
}

/// A support session that has just been created, or whose token has just been replaced: the one
/// time that the token is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportSessionGranted {
    /// The session as stored.
    pub session: SupportSession,
    /// The access token. `None` where a repeated submit found the session already made: a token
    /// is shown once.
    pub token: Option<String>,
    /// The event of this grant. `None` where nothing was done now.
    #[serde(default)]
    pub audit_event_id: Option<super::AuditEventId>,
    /// The gateway's public address, for the curl command.
    pub gateway_url: String,
    /// A path to try first.
    pub example_path: String,
    /// The address that opens the tenant in a browser, if configured.
    #[serde(default)]
    pub open_url: Option<String>,
    /// What was not used of the same form, sent again with other content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<String>,
}

impl std::fmt::Debug for SupportSessionGranted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SupportSessionGranted")
            .field("session", &self.session.id)
            .finish_non_exhaustive()
    }
}

/// Everything the detail page of a support session shows besides its access log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportSessionDetail {
    /// The session as stored.
    pub session: SupportSession,
    /// The tenant's status, for the notice on suspended tenants.
    pub tenant_status: super::tenants::TenantStatus,
    /// What the caller may do with it now.
    pub may: SessionActs,
    /// The address that opens the tenant in a browser: for the holder only, if configured.
    #[serde(default)]
    pub open_url: Option<String>,
    /// How often each of the session's scopes was used. Unused scopes are left out.
    #[serde(default)]
    pub scopes_used: Vec<ScopeUse>,
    /// The pages of the platform that were shown without the banner.
    #[serde(default)]
    pub without_banner: PagesWithoutBanner,
    /// Requests of today, of its holder and in its tenant.
    pub today: RequestsToday,
    /// The server's time at which the status holds.
    pub at: DateTime<Utc>,
}

/// How often a scope was used in a support session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScopeUse {
    /// The scope that was used.
    pub scope: ScopeName,
    /// The number of requests that it allowed.
    pub requests: u64,
}

#[cfg(test)]
mod tests;
