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
mod tests {
    use proptest::prelude::*;

    use super::super::tenants::TenantStatus;
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn busy() -> Activity {
        Activity {
            status: TenantStatus::Active,
            last_seen: Some(now()),
            quarter_hour: Window {
                calls: 200,
                errors: 1,
            },
            day: Window {
                calls: 20_000,
                errors: 40,
            },
            baseline: Baseline {
                full_days: 7,
                calls: 140_000,
            },
        }
    }

    fn health(activity: &Activity) -> Health {
        decide(activity, &Thresholds::default(), now()).health
    }

    #[test]
    fn a_busy_tenant_with_few_errors_is_healthy() {
        assert_eq!(health(&busy()), Health::Healthy);
    }

    #[test]
    fn never_any_call_is_unknown_and_silence_is_critical() {
        assert_eq!(
            health(&Activity {
                last_seen: None,
                ..busy()
            }),
            Health::Unknown
        );
        let day_ago = Some(now() - chrono::TimeDelta::hours(24));
        let silent = Activity {
            last_seen: day_ago,
            quarter_hour: Window::default(),
            day: Window::default(),
            ..busy()
        };
        assert_eq!(health(&silent), Health::Critical);
        let suspended = Activity {
            status: TenantStatus::Suspended,
            ..silent
        };
        assert_eq!(
            health(&suspended),
            Health::Unknown,
            "silence of a suspended tenant is no alarm"
        );
    }

    #[test]
    fn the_worse_window_wins_and_is_named() {
        let verdict = decide(
            &Activity {
                quarter_hour: Window {
                    calls: 100,
                    errors: 40,
                },
                day: Window {
                    calls: 20_000,
                    errors: 1_600,
                },
                ..busy()
            },
            &Thresholds::default(),
            now(),
        );
        assert_eq!(verdict.health, Health::Critical);
        let Cause::ErrorRate {
            window,
            threshold_percent,
            ..
        } = verdict.cause
        else {
            panic!()
        };
        assert_eq!((window, threshold_percent), (WindowName::QuarterHour, 20.0));
    }

    #[test]
    fn four_errors_are_too_few_to_judge() {
        let few = Activity {
            quarter_hour: Window {
                calls: 20,
                errors: 4,
            },
            ..busy()
        };
        assert_eq!(health(&few), Health::Healthy);
    }

    #[test]
    fn half_the_usual_calls_is_a_warning_if_the_past_is_known() {
        let reduced = Activity {
            day: Window {
                calls: 9_999,
                errors: 0,
            },
            ..busy()
        };
        assert_eq!(health(&reduced), Health::Warning);
        let new = Activity {
            baseline: Baseline {
                full_days: 2,
                calls: 40_000,
            },
            ..reduced
        };
        assert_eq!(health(&new), Health::Healthy);
    }

    #[test]
    fn the_bound_matches_published_values() {
        // 10 of 100 and 0 of 20, from the closed form of the interval.
        assert!((wilson_lower_bound(10, 100) - 0.055_229).abs() < 1e-6);
        assert!(wilson_lower_bound(0, 20).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn more_errors_never_make_a_tenant_healthier(
            calls in 0_u64..100_000, errors in 0_u64..100_000, more in 0_u64..1_000,
        ) {
            let errors = errors.min(calls);
            let worse = (errors + more).min(calls);
            let with = |errors| Activity { day: Window { calls, errors }, quarter_hour: Window::default(),
                baseline: Baseline::default(), ..busy() };
            prop_assert!(health(&with(worse)).severity() >= health(&with(errors)).severity());
        }

        #[test]
        fn the_bound_lies_between_nought_and_the_rate(calls in 1_u64..1_000_000, errors in 0_u64..1_000_000) {
            let errors = errors.min(calls);
            let bound = wilson_lower_bound(errors, calls);
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let rate = errors as f64 / calls as f64;
            prop_assert!((0.0..=rate + 1e-12).contains(&bound));
        }
    }
}
