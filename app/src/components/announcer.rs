//! What is said of support sessions, once, however many places of the page show it.

use std::{collections::BTreeSet, time::Duration};

use chrono::TimeDelta;
use leptos::prelude::*;

use crate::domain::SupportSessionId;

/// For how long something stays in the live region: long enough to be read, and not found later as if it were news.
const STAYS: Duration = Duration::from_secs(10);

/// Speaks through one live region of the frame.
#[derive(Debug, Clone, Copy)]
pub struct Announcer {
    /// What was said last, each with its number: the same words said twice are two things.
    spoken: RwSignal<Vec<(u64, String)>>,
    number: StoredValue<u64>,
    said: StoredValue<BTreeSet<(SupportSessionId, Stage)>>,
}

/// Provides the [`Announcer`], once, at the root.
pub fn provide_announcer() {
    provide_context(Announcer {
        spoken: RwSignal::new(Vec::new()),
        number: StoredValue::new(0),
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
            self.number.update_value(|number| *number += 1);
            let number = self.number.get_value();
            self.spoken.update(|spoken| spoken.push((number, text)));
            let forget = move || {
                self.spoken
                    .update(|spoken| spoken.retain(|(n, _)| *n != number));
            };
            set_timeout(forget, STAYS);
        }
    }

    /// Takes something as said that is seen and heard elsewhere; whether it had not been said.
    pub fn pass_over(self, of: SupportSessionId, stage: Stage) -> bool {
        let new = self.said.try_update_value(|said| said.insert((of, stage)));
        new.unwrap_or_default()
    }

    /// A session has more time than `stage` again: what comes after it is to be said anew.
    pub fn has_time(self, of: SupportSessionId, stage: Stage) {
        self.said
            .update_value(|said| said.retain(|(id, later)| *id != of || *later <= stage));
    }
}

/// The live region. It has to be there before it speaks, and reads only what is added.
#[component]
pub fn Announcements() -> impl IntoView {
    let spoken = use_announcer().spoken;
    view! {
        <div class="visually-hidden" role="status" aria-atomic="false" id="announcements">
            <For
                each=move || spoken.get()
                key=|(number, _)| *number
                children=|(_, text)| view! { <p>{text}</p> }
            />
        </div>
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

    fn announcer() -> Announcer {
        Announcer {
            spoken: RwSignal::new(Vec::new()),
            number: StoredValue::new(0),
            said: StoredValue::new(BTreeSet::new()),
        }
    }

    #[test]
    fn a_stage_is_said_once_and_again_after_the_session_got_more_time() {
        let owner = Owner::new();
        owner.with(|| {
            let announcer = announcer();
            let id = |n: u8| {
                format!("01937e2c-7b6a-7cc0-8000-00000000000{n}")
                    .parse()
                    .unwrap()
            };
            let stages = [Stage::FiveMinutes, Stage::OneMinute];
            assert_eq!(
                stages.map(|stage| announcer.pass_over(id(1), stage)),
                [true; 2]
            );
            assert_eq!(
                stages.map(|stage| announcer.pass_over(id(1), stage)),
                [false; 2]
            );
            assert!(
                announcer.pass_over(id(2), Stage::OneMinute),
                "another session"
            );
            announcer.has_time(id(1), Stage::FiveMinutes);
            assert!(!announcer.pass_over(id(1), Stage::FiveMinutes));
            assert!(announcer.pass_over(id(1), Stage::OneMinute));
            assert!(!announcer.pass_over(id(2), Stage::OneMinute));
        });
    }

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
