//! Tenants and their organizations.

mod choice;
pub mod lifecycle;
mod manage;
mod organizations;
mod settings;
pub mod status;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    TenantId, Timestamp,
    health::{Cause, HealthSignals, Verdict},
    page::Direction,
    problem::{FieldProblems, Problem},
    text::clean,
};

pub use choice::*;
pub use manage::*;
pub use organizations::*;
pub use settings::*;
pub use status::TenantStatus;

/// How many characters a plan, a region or a country has at most.
pub const PLAN_MAX: usize = 60;

text_enum! {
    /// What kind of customer a tenant is.
    pub enum TenantKind {
        /// A company.
        Business = "business" as "Business",
        /// A public body.
        Government = "government" as "Government",
        /// One person.
        Individual = "individual" as "Individual",
    }
}

/// A customer of the platform, as the platform registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tenant {
    /// The platform's ID of the tenant.
    pub id: TenantId,
    /// A short name that people type; unique.
    pub slug: String,
    /// The name that people read.
    pub name: String,
    /// The tenant's lifecycle status.
    pub status: TenantStatus,
    /// What kind of customer it is, if known.
    #[serde(rename = "type", default)]
    pub kind: Option<TenantKind>,
    /// The country's name or code, as the platform has it.
    #[serde(default)]
    pub country: Option<String>,
    /// The plan's name, as the platform has it.
    pub plan: Option<String>,
    /// The region's name, as the platform has it.
    pub region: Option<String>,
    /// An e-mail address for questions.
    pub contact: Option<String>,
    /// When the tenant joined the platform.
    pub created_at: DateTime<Utc>,
}

/// The platform's input for registering or changing a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TenantRegistration {
    /// 1–63 of `a–z`, `0–9` and inner hyphens. Unique among tenants.
    pub slug: String,
    /// The name, 1–200 characters.
    pub name: String,
    /// The tenant's lifecycle status.
    pub status: TenantStatus,
    /// What kind of customer it is.
    #[serde(rename = "type", default)]
    pub kind: Option<TenantKind>,
    /// The country's name or code. At most 60 characters.
    #[serde(default)]
    pub country: Option<String>,
    /// At most 60 characters.
    #[serde(default)]
    pub plan: Option<String>,
    /// At most 60 characters.
    #[serde(default)]
    pub region: Option<String>,
    /// At most 254 characters.
    #[serde(default)]
    pub contact: Option<String>,
    /// When the tenant joined the platform. Defaults to the time of the first registration.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
}

impl TenantRegistration {
    /// The same registration with trimmed texts, or every field that is not as it must be.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        if !is_slug(&self.slug) {
            problems.add("slug", "must be 1 to 63 of a–z, 0–9 and inner hyphens");
        }
        let name = problems.checked("name", clean(&self.name, 1, 200, false));
        let mut optional = |field, text: Option<String>, max| {
            text.and_then(|t| problems.take(field, clean(&t, 0, max, false)))
                .filter(|t| !t.is_empty())
        };
        let country = optional("country", self.country, PLAN_MAX);
        let plan = optional("plan", self.plan, PLAN_MAX);
        let region = optional("region", self.region, PLAN_MAX);
        let contact = optional("contact", self.contact, 254);
        problems.take_some("created_at", self.created_at, storable);
        problems.finish()?;
        Ok(Self {
            name,
            country,
            plan,
            region,
            contact,
            ..self
        })
    }
}

/// The ID of a tenant to filter by. The error repeats the input, which is often a name.
pub fn tenant_in_filter(text: &str) -> Result<TenantId, String> {
    text.parse().map_err(|_| no_tenant_message(text))
}

/// An instant, if it can be stored and shown.
pub fn storable(at: Timestamp) -> Result<Timestamp, &'static str> {
    match is_storable(at) {
        true => Ok(at),
        false => Err("must be between the years 1970 and 9999"),
    }
}

/// Whether an instant can be stored and shown: from 1970 to the end of 9999.
pub fn is_storable(at: Timestamp) -> bool {
    (0..253_402_300_800).contains(&at.timestamp())
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A tenant with its live health: a row of the overview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantHealth {
    /// The registered tenant.
    pub tenant: Tenant,
    /// The four health signals.
    pub signals: HealthSignals,
    /// The reason for the health.
    pub cause: Cause,
}

/// Everything the support detail page of a tenant shows of its health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantDetail {
    /// The registered tenant.
    pub tenant: Tenant,
    /// The four health signals.
    pub signals: HealthSignals,
    /// The reason for the health.
    pub verdict: Verdict,
    /// Calls and errors of the last 24 hours, oldest first, without gaps.
    pub calls: Vec<CallBucket>,
    /// Whether telemetry arrives at all.
    pub telemetry: TelemetryState,
    /// The tenant's organizations, by name.
    pub organizations: Vec<Organization>,
    /// How many user sessions are active now.
    pub active_user_sessions: u64,
    /// The address for managing the tenant on the platform, if configured.
    pub manage_url: Option<String>,
}

/// Calls and errors in one span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallBucket {
    /// When the span starts.
    pub start: DateTime<Utc>,
    /// How many API calls the tenant made in it.
    pub calls: u64,
    /// How many of these returned errors.
    pub errors: u64,
    /// How many of the errors had a status of 500 or more.
    #[serde(default)]
    pub server_errors: u64,
}

impl CallBucket {
    /// A span that starts then, without calls.
    pub const fn empty(start: DateTime<Utc>) -> Self {
        Self {
            start,
            calls: 0,
            errors: 0,
            server_errors: 0,
        }
    }

    /// Counts another span's calls too.
    pub const fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.server_errors += other.server_errors;
    }

    /// Errors with a status below 500.
    pub const fn client_errors(&self) -> u64 {
        self.errors.saturating_sub(self.server_errors)
    }
}

/// Calls and errors in each of the last hours, oldest first. The newest ends now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// How many API calls the tenant made.
    pub calls: Vec<u64>,
    /// How many of these returned errors.
    pub errors: Vec<u64>,
}

/// The four figures above the overview.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCounts {
    /// All tenants, of any health.
    pub total: u64,
    /// Tenants with no detected issues.
    pub healthy: u64,
    /// Tenants with elevated error rates or reduced activity.
    pub warning: u64,
    /// Tenants with high error rates or no recent activity.
    pub critical: u64,
    /// Tenants with insufficient data.
    pub unknown: u64,
}

/// The figures as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthAt {
    /// When the hour began at whose end they were this.
    pub at: Timestamp,
    /// The figures.
    pub counts: HealthCounts,
}

text_enum! {
    /// The sort key of the overview.
    pub enum TenantSort {
        /// Worst health first, then the most urgent cause ([`Cause::urgency`]).
        Health = "health",
        /// By name, in Unicode order after folding.
        Name = "name",
        /// By calls in 24 hours.
        Calls = "calls",
        /// By error rate in 24 hours.
        ErrorRate = "error_rate",
        /// By the last call.
        LastSeen = "last_seen",
        /// By the word of the status.
        Status = "status",
        /// By the plan's name; those without one first.
        Plan = "plan",
        /// By the region's name; those without one first.
        Region = "region",
        /// By when the tenant joined the platform.
        Created = "created",
        /// By the number of active user sessions.
        UserSessions = "user_sessions",
    }
}

/// Which tenants, in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TenantFilter {
    /// Part of a name, slug or ID. Case and compatibility forms don't matter.
    pub search: Option<String>,
    /// Only tenants with this status.
    pub status: Option<TenantStatus>,
    /// Only tenants with this health.
    pub health: Option<super::health::Health>,
    /// Only tenants with this plan.
    pub plan: Option<String>,
    /// Only tenants in this region.
    pub region: Option<String>,
    /// Only tenants that joined the platform lately.
    pub created: Option<CreatedWithin>,
    /// The column to sort by.
    pub sort: TenantSort,
    /// In which direction. `Descending` is worst first for health.
    pub direction: Direction,
}

impl TenantFilter {
    /// Whether no tenant is left out.
    pub const fn matches_all(&self) -> bool {
        self.search.is_none()
            && self.status.is_none()
            && self.health.is_none()
            && self.plan.is_none()
            && self.region.is_none()
            && self.created.is_none()
    }
}

impl Default for TenantFilter {
    fn default() -> Self {
        Self {
            search: None,
            status: None,
            health: None,
            plan: None,
            region: None,
            created: None,
            sort: TenantSort::Health,
            direction: Direction::Descending,
        }
    }
}

/// Whether telemetry arrives at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TelemetryState {
    /// When the last record of any tenant was accepted.
    pub last_received_at: Option<DateTime<Utc>>,
    /// Nothing has arrived for longer than configured: verdicts say nothing about now.
    pub stale: bool,
}

/// The overview: figures, one page of tenants, and how fresh all of it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The figures above the table.
    pub counts: HealthCounts,
    /// One page of tenants.
    pub tenants: super::page::Page<TenantHealth>,
    /// The last 24 hours of the tenants of this page that made any calls.
    pub hours: BTreeMap<TenantId, Hours>,
    /// Whether telemetry arrives at all.
    pub telemetry: TelemetryState,
    /// When this page was sorted.
    pub sorted_at: DateTime<Utc>,
}
