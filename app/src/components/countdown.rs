//! Time left until a deadline of the server.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::{
    announcer::use_announcer,
    format::{self, Precision},
    timestamp::iso,
    viewer::use_viewer,
};
use crate::domain::{SupportSessionId, Timestamp};

/// `08:12 left` with the precise end time. Driven by the server's deadline and the wall clock, so
/// that it survives a sleeping tab. Announced at 5 minutes, at 1 minute and at the end only.
#[component]
pub fn Countdown(
    #[prop(into)] until: Signal<Timestamp>,
    /// The server's time when the page was made.
    #[prop(into)]
    now: Signal<Timestamp>,
    /// The subject of the announcement: `Ida Brandt’s session in Acme`.
    #[prop(into)]
    what: String,
    /// The support session that ends.
    of: SupportSessionId,
    /// Shows only the time left, because the page shows the end elsewhere.
    #[prop(optional)]
    short: bool,
) -> impl IntoView {
    let viewer = use_viewer();
    let left = Memo::new(move |_| {
        // Whole seconds, so that the text changes when it has to only.
        let left = until.get() - viewer.now_or(now.get());
        TimeDelta::seconds((left.num_milliseconds().max(0) + 999) / 1_000)
    });
    let stage = Memo::new(move |_| Stage::of(left.get()));
    let announcer = use_announcer();
    Effect::new(move |before: Option<Stage>| {
        let stage = stage.get();
        if before.is_some_and(|before| before < stage) {
            announcer.say(of, stage, stage.announcement(&what));
        }
        stage
    });
    view! {
        <span class="countdown" data-stage=move || stage.get().name()>
            <span class="num">
                {move || match stage.get() {
                    Stage::Ended => "ended".to_owned(),
                    _ => format!("{} left", format::clock_span(left.get())),
                }}
            </span>
            <time class=if short { "visually-hidden" } else { "countdown-end num" } datetime=move || iso(until.get())>
                {move || {
                    let at = until.get();
                    format!(
                        "until {}",
                        format::instant(at, viewer.offset_minutes(at), Precision::Time),
                    )
                }}
            </time>
        </span>
    }
}

/// How near the end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Running,
    FiveMinutes,
    OneMinute,
    Ended,
}

impl Stage {
    fn of(left: TimeDelta) -> Self {
        match left.num_seconds() {
            ..=0 => Self::Ended,
            1..=60 => Self::OneMinute,
            61..=300 => Self::FiveMinutes,
            _ => Self::Running,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::FiveMinutes => "five-minutes",
            Self::OneMinute => "one-minute",
            Self::Ended => "ended",
        }
    }

    fn announcement(self, what: &str) -> String {
        match self {
            Self::Running => String::new(),
            Self::FiveMinutes => format!("{what}: 5 minutes left."),
            Self::OneMinute => format!("{what}: 1 minute left."),
            Self::Ended => format!("{what} has ended."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_begin_at_five_minutes_one_minute_and_the_end() {
        let stage = |seconds| Stage::of(TimeDelta::seconds(seconds));
        assert_eq!(
            [301, 300, 61, 60, 1, 0].map(stage),
            [
                Stage::Running,
                Stage::FiveMinutes,
                Stage::FiveMinutes,
                Stage::OneMinute,
                Stage::OneMinute,
                Stage::Ended
            ]
        );
    }
}
