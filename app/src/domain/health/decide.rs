//! The one function that decides a tenant's health.

use chrono::TimeDelta;

use super::{Activity, Baseline, Cause, Health, Thresholds, Verdict, Window, WindowName};
use crate::domain::Timestamp;

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
    let verdict = |health, cause| Verdict { health, cause };
    let Some(last_seen) = activity.last_seen else {
        return verdict(Health::Unknown, Cause::NeverCalled);
    };
    let may_be_silent = activity.status.may_be_silent();
    let after_hours = thresholds.silent_after_hours;
    if !may_be_silent && now - last_seen >= TimeDelta::hours(i64::from(after_hours)) {
        let cause = Cause::Silent {
            last_seen,
            after_hours,
        };
        return verdict(Health::Critical, cause);
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
    if let Some(worst) = worst {
        return worst;
    }
    if !may_be_silent && let Some(reduced) = judge_activity(activity, thresholds) {
        return reduced;
    }
    let Window { calls, errors } = activity.day;
    if calls >= thresholds.min_calls {
        return verdict(Health::Healthy, Cause::NoIssues { calls, errors });
    }
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
    verdict(Health::Unknown, cause)
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
