//! Health signals, and the one function that decides a tenant's health.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Timestamp;

text_enum! {
    /// A tenant's overall health.
    pub enum Health {
        /// No issues detected.
        Healthy = "healthy",
        /// Elevated error rate or reduced activity.
        Warning = "warning",
        /// High error rate or no recent activity.
        Critical = "critical",
        /// Insufficient data to determine health.
        Unknown = "unknown",
    }
}

impl Health {
    /// The word shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Warning => "Warning",
            Self::Critical => "Critical",
            Self::Unknown => "Unknown",
        }
    }

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

/// The four health signals of a tenant, with since when the health is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthSignals {
    /// Overall health.
    pub health: Health,
    /// Since when the health is this.
    pub since: DateTime<Utc>,
    /// When the tenant made its last API call.
    pub last_seen: Option<DateTime<Utc>>,
    /// API calls in the last 24 hours.
    pub calls_24h: u64,
    /// How many of these returned errors.
    pub errors_24h: u64,
    /// When these figures were last worked out.
    pub updated_at: DateTime<Utc>,
}

impl HealthSignals {
    /// The share of calls in the last 24 hours that returned errors, from 0 to 1; `None` without
    /// calls.
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
    /// A window is judged from this many calls on.
    pub min_calls: u64,
    /// A window is judged from this many errors on.
    pub min_errors: u64,
    /// Lower bound of the error rate from which it is a warning, in percent.
    pub warning_percent: f64,
    /// Lower bound of the error rate from which it is critical, in percent.
    pub critical_percent: f64,
    /// Calls of 24 hours under this share of the daily mean of the 7 days before are reduced
    /// activity, in percent.
    pub reduced_percent: f64,
    /// Activity is compared from this many full days on.
    pub min_full_days: u32,
    /// Activity is compared from this daily mean on.
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
    /// API calls.
    pub calls: u64,
    /// How many of them returned errors.
    pub errors: u64,
}

/// The 7 days before the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Baseline {
    /// How many full days of them the tenant had been seen for.
    pub full_days: u32,
    /// API calls in these full days.
    pub calls: u64,
}

/// What is known of a tenant's calls at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activity {
    /// Where the tenant is in its life with the platform.
    pub status: super::tenants::TenantStatus,
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
        QuarterHour = "15m",
        /// The last 24 hours.
        Day = "24h",
    }
}

impl WindowName {
    /// As it stands in a sentence.
    pub const fn label(self) -> &'static str {
        match self {
            Self::QuarterHour => "the last 15 minutes",
            Self::Day => "the last 24 hours",
        }
    }
}

/// Why a tenant's health is what it is, with the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// No call has ever been reported.
    NeverCalled,
    /// No call for too long.
    Silent {
        /// The last call.
        last_seen: DateTime<Utc>,
        /// After how many hours silence is critical.
        after_hours: u32,
    },
    /// Too many calls of a window returned errors.
    ErrorRate {
        /// The window.
        window: WindowName,
        /// Calls in it.
        calls: u64,
        /// Errors in it.
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
        /// The status.
        status: super::tenants::TenantStatus,
        /// Calls in the last 24 hours.
        calls: u64,
    },
    /// Too few calls to tell.
    TooFewCalls {
        /// Calls in the last 24 hours.
        calls: u64,
        /// From how many on it could be told.
        needed: u64,
    },
    /// Nothing is wrong.
    NoIssues {
        /// Calls in the last 24 hours.
        calls: u64,
        /// Errors among them.
        errors: u64,
    },
}

/// A tenant's health and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// The health.
    pub health: Health,
    /// Why, with the numbers.
    pub cause: Cause,
}

/// Decides a tenant's health at `now`. The rules in their order:
///
/// 1. never any call → unknown;
/// 2. no call for 24 hours → critical, unless silence is expected of the tenant's status;
/// 3. an error rate whose Wilson lower bound reaches a threshold, in the last 15 minutes or the
///    last 24 hours → critical or warning; the worse window wins;
/// 4. far fewer calls than the days before → warning, unless silence is expected;
/// 5. too few calls to tell → unknown;
/// 6. else healthy.
pub fn decide(activity: &Activity, thresholds: &Thresholds, now: Timestamp) -> Verdict {
    let Some(last_seen) = activity.last_seen else {
        return Verdict {
            health: Health::Unknown,
            cause: Cause::NeverCalled,
        };
    };
    let may_be_silent = activity.status.may_be_silent();
    let after_hours = thresholds.silent_after_hours;
    if !may_be_silent && now - last_seen >= chrono::TimeDelta::hours(i64::from(after_hours)) {
        return Verdict {
            health: Health::Critical,
            cause: Cause::Silent {
                last_seen,
                after_hours,
            },
        };
    }
    let windows = [
        (WindowName::QuarterHour, activity.quarter_hour),
        (WindowName::Day, activity.day),
    ];
    let worst = windows
        .into_iter()
        .filter_map(|(name, window)| judge_errors(name, window, thresholds))
        .reduce(|a, b| {
            if b.health.severity() > a.health.severity() {
                b
            } else {
                a
            }
        });
    if let Some(verdict) = worst {
        return verdict;
    }
    let calls = activity.day.calls;
    if !may_be_silent && let Some(verdict) = judge_activity(activity, thresholds) {
        return verdict;
    }
    if calls < thresholds.min_calls {
        let cause = if may_be_silent {
            Cause::SilenceExpected {
                status: activity.status,
                calls,
            }
        } else {
            Cause::TooFewCalls {
                calls,
                needed: thresholds.min_calls,
            }
        };
        return Verdict {
            health: Health::Unknown,
            cause,
        };
    }
    Verdict {
        health: Health::Healthy,
        cause: Cause::NoIssues {
            calls,
            errors: activity.day.errors,
        },
    }
}

fn judge_errors(name: WindowName, window: Window, thresholds: &Thresholds) -> Option<Verdict> {
    let Window { calls, errors } = window;
    if calls < thresholds.min_calls || errors < thresholds.min_errors {
        return None;
    }
    let bound = wilson_lower_bound(errors, calls) * 100.0;
    let (health, threshold_percent) = if bound >= thresholds.critical_percent {
        (Health::Critical, thresholds.critical_percent)
    } else if bound >= thresholds.warning_percent {
        (Health::Warning, thresholds.warning_percent)
    } else {
        return None;
    };
    Some(Verdict {
        health,
        cause: Cause::ErrorRate {
            window: name,
            calls,
            errors,
            threshold_percent,
        },
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a mean of calls does not need 53 bits"
)]
fn judge_activity(activity: &Activity, thresholds: &Thresholds) -> Option<Verdict> {
    let Baseline { full_days, calls } = activity.baseline;
    if full_days == 0 || full_days < thresholds.min_full_days {
        return None;
    }
    let daily_mean = calls as f64 / f64::from(full_days);
    let reduced = daily_mean >= thresholds.min_daily_mean
        && (activity.day.calls as f64) < daily_mean * thresholds.reduced_percent / 100.0;
    reduced.then_some(Verdict {
        health: Health::Warning,
        cause: Cause::ReducedActivity {
            calls: activity.day.calls,
            daily_mean,
        },
    })
}

/// The lower end of the 95% Wilson score interval of a proportion (E. B. Wilson, 1927): a rate
/// that is at least this with few calls is one to act on, not chance.
#[expect(clippy::cast_precision_loss, reason = "a share does not need 53 bits")]
pub fn wilson_lower_bound(hits: u64, trials: u64) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    if trials == 0 {
        return 0.0;
    }
    let n = trials as f64;
    let p = hits.min(trials) as f64 / n;
    let z2 = Z * Z;
    let centre = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - spread) / (1.0 + z2 / n)).max(0.0)
}

#[cfg(test)]
mod tests;
