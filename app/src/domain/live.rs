//! Messages of the live stream to a page.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    StaffId, SupportSessionId, TenantId,
    access_log::{AccessLogEntry, PagesWithoutBanner},
    support_sessions::{SupportSession, SupportSessionCounts},
    tenants::{HealthCounts, TelemetryState, TenantHealth},
};

/// The data that a page wants updates for: the query of `GET /live`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "what a page shows, each by itself"
)]
pub struct LiveInterest {
    /// Rows of the overview, or the tenant of a detail page, by id; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<TenantId>,
    /// Whether the figures of the overview are shown.
    #[serde(default)]
    pub counts: bool,
    /// Support sessions on the page, by id; at most 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub support_sessions: Vec<SupportSessionId>,
    /// Whether support sessions that are not named are shown as well once they are created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_support_sessions: bool,
    /// The support session whose access log is followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log_of: Option<SupportSessionId>,
    /// Whether staff members or their sign-ins are shown: the page is fetched again when some change
    /// that the viewer may read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staff: bool,
    /// Whether API keys are shown; works like `staff`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub api_keys: bool,
    /// Whether the list of tenants for managing them is shown; works like `staff`. It is fetched
    /// again in turns, because the platform may report many changes a second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub managed_tenants: bool,
    /// The tenant whose page for managing it is shown; works like `managed_tenants`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_tenant: Option<TenantId>,
}

/// One event of the stream. Its name in the stream is the value of `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveEvent {
    /// The stream is open. Names its staff session and the server's time.
    Hello {
        /// The staff member that the browser is signed in as.
        staff_id: StaffId,
        /// The server's time, for countdowns.
        now: DateTime<Utc>,
    },
    /// Sent at most once a second.
    Tenants(TenantsChange),
    /// Support sessions that have been created, have changed or have ended.
    SupportSessions(SupportSessionsChange),
    /// For the access log that is followed.
    AccessLog(AccessLogChange),
    /// Sent every 10 seconds: what the page shows is current as of now.
    Alive {
        /// The server's time.
        now: DateTime<Utc>,
    },
    /// Something may have been missed: fetch the page again.
    Reset,
    /// The staff member is signed out or may no longer use the console.
    SignedOut,
}

impl LiveEvent {
    /// Whether a page that is paused leaves it aside.
    pub const fn changes_the_page(&self) -> bool {
        match self {
            Self::Tenants(_) | Self::AccessLog(_) | Self::Reset => true,
            // The viewer's own sessions are heard of in any case, also when they end.
            Self::SupportSessions(_)
            | Self::Hello { .. }
            | Self::Alive { .. }
            | Self::SignedOut => false,
        }
    }
}

/// Rows that have changed, and the figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TenantsChange {
    /// Changed rows among those the page shows.
    pub rows: Vec<TenantHealth>,
    /// The figures, where the page shows them.
    pub counts: Option<HealthCounts>,
    /// Whether telemetry arrives at all.
    pub telemetry: TelemetryState,
    /// The server's time of the event.
    pub now: DateTime<Utc>,
}

/// Support sessions that have been created, have changed or have ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportSessionsChange {
    /// Changed sessions among those the page shows, plus new ones.
    pub changed: Vec<SupportSession>,
    /// The figures above the list.
    pub counts: SupportSessionCounts,
    /// Whether one of them, on the page or not, is the viewer's own.
    #[serde(default)]
    pub own: bool,
    /// The server's time of the event.
    pub now: DateTime<Utc>,
}

/// New or completed entries of an access log, and what else is known of its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessLogChange {
    /// The entries, by sequence.
    pub entries: Vec<AccessLogEntry>,
    /// The pages that were shown without the banner, if there are others than before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_banner: Option<PagesWithoutBanner>,
    /// The server's time of the event.
    pub now: DateTime<Utc>,
}
