//! What is typed in the palette, and what the server finds for it.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::entries::Entry;
use crate::{api, domain::matches::Matches};

/// How long typing has to rest before the server is asked.
const REST: Duration = Duration::from_millis(120);

/// It belongs to the frame and outlives the field.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    pub(super) text: RwSignal<String>,
    /// The result that was moved to. It stays the active one when others come above it.
    pub(super) chosen: RwSignal<Option<Entry>>,
    /// What was found, and for which text.
    pub(super) found: RwSignal<(String, Matches)>,
    pub(super) problem: RwSignal<Option<String>>,
    /// Whether Enter waits for the answer.
    pub(super) awaited: RwSignal<bool>,
}

impl Search {
    /// Searches for another text.
    pub fn set_text(self, text: String) {
        self.awaited.set(false);
        self.chosen.set(None);
        self.text.set(text);
    }

    /// Whether everything that is shown belongs to the text.
    pub(super) fn is_settled(self) -> bool {
        self.text
            .with(|text| self.found.with(|(of, _)| of == text.trim()))
    }

    /// Asks, unless the text has changed meanwhile. An answer to an older text is not shown.
    fn ask(self, text: String) {
        let is_current =
            move |asked: &str| self.text.try_with_untracked(|text| text.trim() == asked);
        if is_current(&text) != Some(true) {
            return;
        }
        spawn_local(async move {
            let answer = api::find_by_name(text.clone()).await;
            if is_current(&text) != Some(true) {
                return;
            }
            let problem = answer.as_ref().err().map(|error| error.0.detail.clone());
            self.problem.set(problem);
            self.found.set((text, answer.unwrap_or_default()));
        });
    }
}

pub fn use_search() -> Search {
    let search = Search {
        text: RwSignal::default(),
        chosen: RwSignal::new(None),
        found: RwSignal::default(),
        problem: RwSignal::new(None),
        awaited: RwSignal::new(false),
    };
    Effect::new(move || {
        let text = search.text.with(|text| text.trim().to_owned());
        if text.is_empty() {
            search.problem.set(None);
            search.found.set(Default::default());
        } else {
            set_timeout(move || search.ask(text), REST);
        }
    });
    search
}
