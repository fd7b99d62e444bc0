use proptest::prelude::*;

use super::*;
use crate::domain::tenants::status::TenantStatus;

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
    let day_ago = Some(now() - TimeDelta::hours(24));
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

#[test]
fn inside_a_health_what_fails_now_comes_first_then_who_fell_silent_last() {
    let rate = |window, errors, calls| Cause::ErrorRate {
        window,
        calls,
        errors,
        threshold_percent: 20.0,
    };
    let silent = |hours| Cause::Silent {
        last_seen: now() - TimeDelta::hours(hours),
        after_hours: 24,
    };
    let worst_first = [
        rate(WindowName::QuarterHour, 51, 88),
        rate(WindowName::QuarterHour, 20_000, 50_000),
        rate(WindowName::QuarterHour, 10, 25),
        silent(25),
        silent(900),
        rate(WindowName::Day, 900, 1_000),
        Cause::ReducedActivity {
            calls: 290,
            daily_mean: 1_000.0,
        },
        Cause::ReducedActivity {
            calls: 29,
            daily_mean: 60.0,
        },
        Cause::NoIssues {
            calls: u64::MAX,
            errors: 0,
        },
        Cause::TooFewCalls {
            calls: 3,
            needed: 20,
        },
        Cause::NeverCalled,
    ];
    let urgencies = worst_first.map(|cause| cause.urgency());
    assert!(urgencies.is_sorted_by(|a, b| a > b), "{urgencies:?}");
}
