//! Health signals, and the one function that decides a tenant's health.

mod decide;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{decide, wilson_lower_bound};

text_enum! {
    /// A tenant's overall health.
    pub enum Health {
        /// No issues were detected.
        Healthy = "healthy" as "Healthy",
        /// Elevated error rate or reduced activity.
        Warning = "warning" as "Warning",
        /// High error rate or no recent activity.
        Critical = "critical" as "Critical",
        /// Insufficient data to determine health.
        Unknown = "unknown" as "Unknown",
    }
}

impl Health {
    /// How bad it is: critical 3, warning 2, unknown 1, healthy 0.
    pub const fn severity(self) -> u8 {
        match self {
            Self::Critical => 3,
            Self::Warning => 2,
            Self::Unknown => 1,
            Self::Healthy => 0,
        }
    }
}

/// A tenant's four health signals, and since when its health is the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthSignals {
    /// Overall health, from the verdict.
    pub health: Health,
    /// Since when the health is this.
    pub since: DateTime<Utc>,
    /// The time of the tenant's last API call.
    pub last_seen: Option<DateTime<Utc>>,
    /// API calls in the last 24 hours.
    pub calls_24h: u64,
    /// How many of these returned errors.
    pub errors_24h: u64,
    /// When these figures were last evaluated.
    pub updated_at: DateTime<Utc>,
}

impl HealthSignals {
    /// The share of calls in the last 24 hours that failed, from 0 to 1; `None` without calls.
    #[expect(clippy::cast_precision_loss, reason = "a share does not need 53 bits")]
    pub fn error_rate(&self) -> Option<f64> {
        (self.calls_24h > 0).then(|| self.errors_24h as f64 / self.calls_24h as f64)
    }
}

/// The numbers behind a verdict. All of them are configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// No call for this many hours is critical.
    pub silent_after_hours: u32,
    /// The fewest calls for a window to be judged.
    pub min_calls: u64,
    /// The fewest errors for a window to be judged.
    pub min_errors: u64,
    /// Lower bound of the error rate from which it is a warning, in percent.
    pub warning_percent: f64,
    /// Lower bound of the error rate from which it is critical, in percent.
    pub critical_percent: f64,
    /// Calls of 24 hours under this share of the daily mean of the 7 days before are reduced
    /// activity, in percent.
    pub reduced_percent: f64,
    /// The fewest full days for activity to be compared.
    pub min_full_days: u32,
    /// The lowest daily mean for activity to be compared.
    pub min_daily_mean: f64,
    /// From this HTTP status on a call counts as an error.
    pub error_status: u16,
    /// No record of any tenant for this many minutes makes verdicts stale.
    pub stale_after_minutes: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            silent_after_hours: 24,
            min_calls: 20,
            min_errors: 5,
            warning_percent: 5.0,
            critical_percent: 20.0,
            reduced_percent: 50.0,
            min_full_days: 3,
            min_daily_mean: 20.0,
            error_status: 400,
            stale_after_minutes: 5,
        }
    }
}

/// Calls and errors in a window of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// API calls, without support traffic.
    pub calls: u64,
    /// How many of them returned errors.
    pub errors: u64,
}

/// The 7 days before the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The number of those full days with data of the tenant.
    pub full_days: u32,
    /// API calls in these full days.
    pub calls: u64,
}

/// A tenant's calls as known at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// The tenant's lifecycle status.
    pub status: super::tenants::status::TenantStatus,
    /// The last call ever.
    pub last_seen: Option<DateTime<Utc>>,
    /// The last 15 minutes.
    pub quarter_hour: Window,
    /// The last 24 hours.
    pub day: Window,
    /// The 7 days before these.
    pub baseline: Baseline,
}

text_enum! {
    /// A window that is judged by its error rate.
    pub enum WindowName {
        /// The last 15 minutes.
        QuarterHour = "15m" as "the last 15 minutes",
        /// The last 24 hours.
        Day = "24h" as "the last 24 hours",
    }
}

impl WindowName {
    /// Its length, as it stands in a row of a table.
    pub const fn short(self) -> &'static str {
        match self {
            Self::QuarterHour => "15 min",
            Self::Day => "24 h",
        }
    }
}

/// The reason for a tenant's health, with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// No call has ever been reported.
    NeverCalled,
    /// No call for too long.
    Silent {
        /// When the last call was made.
        last_seen: DateTime<Utc>,
        /// After how many hours silence is critical.
        after_hours: u32,
    },
    /// Too many calls of a window returned errors.
    ErrorRate {
        /// The window that crossed the threshold.
        window: WindowName,
        /// Calls in the window.
        calls: u64,
        /// Errors in the window, at most `calls`.
        errors: u64,
        /// The threshold that the lower bound of the rate has reached, in percent.
        threshold_percent: f64,
    },
    /// Far fewer calls than usual.
    ReducedActivity {
        /// Calls in the last 24 hours.
        calls: u64,
        /// The mean of the days before.
        daily_mean: f64,
    },
    /// Few or no calls, as is expected of a tenant in this status.
    SilenceExpected {
        /// The status that explains the silence.
        status: super::tenants::status::TenantStatus,
        /// Calls in the last 24 hours.
        calls: u64,
    },
    /// Too few calls to determine health.
    TooFewCalls {
        /// Calls in the last 24 hours.
        calls: u64,
        /// The fewest calls needed.
        needed: u64,
    },
    /// No rule found an issue.
    NoIssues {
        /// Calls in the last 24 hours.
        calls: u64,
        /// Errors among them, at most `calls`.
        errors: u64,
    },
}

impl Cause {
    /// Orders tenants of one health, the most urgent highest: what fails now by how surely it fails, then who
    /// fell silent by who did so last, then what failed over a day, then everything else by its calls.
    pub fn urgency(&self) -> i64 {
        use WindowName::{Day, QuarterHour};
        let (rank, within) = match *self {
            Self::ErrorRate {
                window: QuarterHour,
                calls,
                errors,
                ..
            } => (
                4,
                share_then_calls(wilson_lower_bound(errors, calls), calls),
            ),
            Self::Silent { last_seen, .. } => (3, last_seen.timestamp().clamp(0, RANK - 1)),
            Self::ErrorRate {
                window: Day,
                calls,
                errors,
                ..
            } => (
                2,
                share_then_calls(wilson_lower_bound(errors, calls), calls),
            ),
            Self::ReducedActivity { calls, daily_mean } => {
                (1, share_then_calls(missing_share(calls, daily_mean), calls))
            }
            Self::SilenceExpected { calls, .. }
            | Self::TooFewCalls { calls, .. }
            | Self::NoIssues { calls, .. } => (0, capped(calls, RANK)),
            Self::NeverCalled => (0, 0),
        };
        rank * RANK + within
    }
}

/// How far apart two kinds of cause are in [`Cause::urgency`].
const RANK: i64 = 1_000_000_000_000;
/// Calls beyond this number change no order.
const CALLS: i64 = 100_000_000;

/// The share in thousandths, and calls to tell equal ones apart.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a share of at most 1000 thousandths"
)]
fn share_then_calls(share: f64, calls: u64) -> i64 {
    (share * 1_000.0).round() as i64 * CALLS + capped(calls, CALLS)
}

fn capped(calls: u64, below: i64) -> i64 {
    i64::try_from(calls).unwrap_or(i64::MAX).min(below - 1)
}

/// Which share of the usual calls is missing, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a share does not need 53 bits")]
pub fn missing_share(calls: u64, daily_mean: f64) -> f64 {
    (1.0 - calls as f64 / daily_mean.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
}

/// A tenant's health and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// The health that the verdict gives.
    pub health: Health,
    /// Why, with the numbers.
    pub cause: Cause,
}
