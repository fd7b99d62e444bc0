//! What is said of support sessions, once, however many places of the page show it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::domain::SupportSessionId;

/// Speaks through one live region of the frame.
#[derive(Debug, Clone, Copy)]
pub struct Announcer {
    spoken: RwSignal<String>,
    said: StoredValue<BTreeSet<(SupportSessionId, Stage)>>,
}

/// Provides the [`Announcer`], once, at the root.
pub fn provide_announcer() {
    provide_context(Announcer {
        spoken: RwSignal::new(String::new()),
        said: StoredValue::new(BTreeSet::new()),
    });
}

pub fn use_announcer() -> Announcer {
    expect_context()
}

impl Announcer {
    /// Says that a session has come to `stage`, unless that has been said.
    pub fn say(self, of: SupportSessionId, stage: Stage, text: String) {
        if self.pass_over(of, stage) {
            self.spoken.set(text);
        }
    }

    /// Takes something as said that is seen and heard elsewhere; whether it had not been said.
    pub fn pass_over(self, of: SupportSessionId, stage: Stage) -> bool {
        let new = self.said.try_update_value(|said| said.insert((of, stage)));
        new.unwrap_or_default()
    }
}

/// The live region. It has to be there before it speaks.
#[component]
pub fn Announcements() -> impl IntoView {
    let spoken = use_announcer().spoken;
    view! {
        <p class="visually-hidden" role="status" id="announcements">
            {spoken}
        </p>
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
    pub(super) fn of(left: TimeDelta) -> Self {
        match left.num_seconds() {
            ..=0 => Self::Ended,
            1..=60 => Self::OneMinute,
            61..=300 => Self::FiveMinutes,
            _ => Self::Running,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::FiveMinutes => "five-minutes",
            Self::OneMinute => "one-minute",
            Self::Ended => "ended",
        }
    }

    pub(super) fn announcement(self, what: &str) -> String {
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
