//! The verdict in one sentence: the health, since when, and the numbers behind it.

use leptos::prelude::*;

use super::{
    badge::{health_icon, health_tone},
    format::{
        Precision, configured_percent, counted, instant, instant_in_sentence, percent_in_short,
        percent_of, rough_span, share, thousands,
    },
    icon::Icon,
    timestamp::Since,
};
use crate::domain::{
    Timestamp,
    health::{Cause, Verdict, missing_share},
};

/// The verdict as two sentences: `Critical since 09:40 UTC.` and the reason with its numbers and
/// its window. The day is named if `now` is on another day.
pub fn verdict_sentence(verdict: &Verdict, since: Timestamp, now: Timestamp) -> String {
    format!(
        "{} {}",
        verdict_heading(verdict, since, now),
        verdict_reason(&verdict.cause)
    )
}

/// The first half of [`verdict_sentence`].
pub fn verdict_heading(verdict: &Verdict, since: Timestamp, now: Timestamp) -> String {
    format!(
        "{} since {}.",
        verdict.health.label(),
        instant_in_sentence(since, now)
    )
}

/// The second half of [`verdict_sentence`].
pub fn verdict_reason(cause: &Cause) -> String {
    match cause {
        Cause::NeverCalled => "No API calls have been reported yet.".into(),
        Cause::Silent {
            last_seen,
            after_hours,
        } => format!(
            "No API calls since {} {} (critical after {}).",
            instant(*last_seen, 0, Precision::Date),
            instant(*last_seen, 0, Precision::Minute),
            counted(u64::from(*after_hours), "hour", "hours"),
        ),
        Cause::ErrorRate {
            window,
            calls,
            errors,
            threshold_percent,
        } => format!(
            "{} of {} failed in {} (threshold: {}).",
            percent_of(*errors, *calls),
            counted(*calls, "call", "calls"),
            window.label(),
            configured_percent(*threshold_percent),
        ),
        Cause::ReducedActivity { calls, daily_mean } => format!(
            "{} in the last 24 hours, down from a daily mean of {} over the 7 days before.",
            counted(*calls, "call", "calls"),
            thousands(whole(*daily_mean)),
        ),
        Cause::SilenceExpected { status, calls } => format!(
            "{} in the last 24 hours. Few calls are normal while the tenant is {}.",
            counted(*calls, "call", "calls"),
            status.label().to_lowercase(),
        ),
        Cause::TooFewCalls { calls, needed } => format!(
            "{} in the last 24 hours, too few to tell (at least {} needed).",
            counted(*calls, "call", "calls"),
            thousands(*needed),
        ),
        Cause::NoIssues { calls, errors } => format!(
            "{} of {} failed in the last 24 hours.",
            if *errors == 0 {
                "None".into()
            } else {
                percent_of(*errors, *calls)
            },
            counted(*calls, "call", "calls"),
        ),
    }
}

/// The reason in a few words, for a row of a table. `None` where nothing is wrong.
pub fn reason_in_short(cause: &Cause, now: Timestamp) -> Option<String> {
    Some(match cause {
        Cause::NeverCalled => "No calls yet".into(),
        Cause::Silent { last_seen, .. } => format!("No call for {}", rough_span(now - *last_seen)),
        Cause::ErrorRate {
            window,
            calls,
            errors,
            ..
        } => format!(
            "{} of {} failed in {}",
            share(*errors, *calls).map_or_else(|| "—".into(), percent_in_short),
            thousands(*calls),
            window.short(),
        ),
        Cause::ReducedActivity { calls, daily_mean } => {
            format!(
                "−{} calls in 24 h",
                percent_in_short(missing_share(*calls, *daily_mean))
            )
        }
        Cause::SilenceExpected { status, .. } => {
            format!("Few calls: {}", status.label().to_lowercase())
        }
        Cause::TooFewCalls { .. } => "Too few calls to tell".into(),
        Cause::NoIssues { .. } => return None,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a mean of counts is neither negative nor beyond them; `as` saturates"
)]
fn whole(mean: f64) -> u64 {
    mean.round() as u64
}

/// The verdict in a coloured box with its icon. `stale` means that no telemetry arrives, so the
/// verdict may be out of date.
#[component]
pub fn VerdictBox(
    verdict: Verdict,
    /// Since when the health is this.
    since: Timestamp,
    now: Timestamp,
    /// Whether telemetry has stopped arriving.
    #[prop(into, optional)]
    stale: Signal<bool>,
) -> impl IntoView {
    let tone = health_tone(verdict.health);
    view! {
        <div class=format!("verdict {tone}")>
            <Icon name=health_icon(verdict.health) size=18/>
            <p>
                <strong>{verdict.health.label()} " " <Since at=since now/> "."</strong>
                " "
                {verdict_reason(&verdict.cause)}
                {move || {
                    stale
                        .get()
                        .then_some(" May be out of date: no telemetry is arriving.")
                }}
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        health::{Health, WindowName},
        tenants::TenantStatus,
    };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn sentence(health: Health, cause: Cause) -> String {
        verdict_sentence(
            &Verdict { health, cause },
            at("2026-11-22T09:40:12Z"),
            at("2026-11-22T12:04:31Z"),
        )
    }

    #[test]
    fn an_error_rate_is_told_with_numbers_window_and_threshold() {
        let cause = Cause::ErrorRate {
            window: WindowName::QuarterHour,
            calls: 1_240,
            errors: 226,
            threshold_percent: 20.0,
        };
        assert_eq!(
            sentence(Health::Critical, cause),
            "Critical since 09:40 UTC. 18.2% of 1,240 calls failed in the last 15 minutes \
             (threshold: 20%)."
        );
    }

    #[test]
    fn every_cause_reads_as_a_sentence() {
        let causes = [
            (Health::Unknown, Cause::NeverCalled),
            (
                Health::Critical,
                Cause::Silent {
                    last_seen: at("2026-11-21T09:40:12Z"),
                    after_hours: 24,
                },
            ),
            (
                Health::Warning,
                Cause::ReducedActivity {
                    calls: 1_000,
                    daily_mean: 2_240.4,
                },
            ),
            (
                Health::Unknown,
                Cause::SilenceExpected {
                    status: TenantStatus::Onboarding,
                    calls: 1,
                },
            ),
            (
                Health::Unknown,
                Cause::TooFewCalls {
                    calls: 3,
                    needed: 20,
                },
            ),
            (
                Health::Healthy,
                Cause::NoIssues {
                    calls: 20_000,
                    errors: 0,
                },
            ),
        ];
        let read = causes.map(|(health, cause)| sentence(health, cause));
        assert_eq!(
            read,
            [
                "Unknown since 09:40 UTC. No API calls have been reported yet.",
                "Critical since 09:40 UTC. No API calls since 2026-11-21 09:40 UTC (critical after \
                 24 hours).",
                "Warning since 09:40 UTC. 1,000 calls in the last 24 hours, down from a daily mean \
                 of 2,240 over the 7 days before.",
                "Unknown since 09:40 UTC. 1 call in the last 24 hours. Few calls are normal while \
                 the tenant is onboarding.",
                "Unknown since 09:40 UTC. 3 calls in the last 24 hours, too few to tell (at least \
                 20 needed).",
                "Healthy since 09:40 UTC. None of 20,000 calls failed in the last 24 hours.",
            ]
        );
    }

    #[test]
    fn a_row_says_why_in_a_few_words() {
        let now = at("2026-11-22T12:04:31Z");
        let short = |cause| reason_in_short(&cause, now);
        let rate = |window| Cause::ErrorRate {
            window,
            calls: 88,
            errors: 51,
            threshold_percent: 20.0,
        };
        let read = [
            short(rate(WindowName::QuarterHour)),
            short(rate(WindowName::Day)),
            short(Cause::Silent {
                last_seen: at("2026-11-21T09:40:12Z"),
                after_hours: 24,
            }),
            short(Cause::ReducedActivity {
                calls: 290,
                daily_mean: 1_000.0,
            }),
            short(Cause::NoIssues {
                calls: 20_000,
                errors: 1,
            }),
        ];
        assert_eq!(
            read.map(Option::unwrap_or_default),
            [
                "58% of 88 failed in 15 min",
                "58% of 88 failed in 24 h",
                "No call for 26 h",
                "−71% calls in 24 h",
                "",
            ]
        );
    }

    #[test]
    fn another_day_is_named() {
        let heading = verdict_heading(
            &Verdict {
                health: Health::Healthy,
                cause: Cause::NeverCalled,
            },
            at("2026-11-20T23:59:00Z"),
            at("2026-11-22T00:01:00Z"),
        );
        assert_eq!(heading, "Healthy since 20 Nov 2026, 23:59 UTC.");
    }
}
