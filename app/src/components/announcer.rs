//! What is said of support sessions, once, however many places of the page show it.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::countdown::Stage;
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
