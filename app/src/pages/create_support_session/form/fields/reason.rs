//! The reason.

use leptos::prelude::*;

use super::FieldError;
use crate::{
    components::TextArea,
    domain::{
        support_sessions::{REASON_MAX, REASON_MIN},
        text::length,
    },
};

/// The reason, with what is still missing while it is typed.
#[component]
pub fn ReasonField(kept: String, error: FieldError) -> impl IntoView {
    let typed = RwSignal::new(kept.clone());
    let hint = move || {
        view! { <span class="num">{move || typed.with(|typed| counter(typed))}</span> }
    };
    view! {
        <TextArea name="reason" label="Reason" hint error value=kept typed required=true autofocus=true/>
    }
    .into_any()
}

fn counter(reason: &str) -> String {
    let length = length(reason);
    match length {
        0..REASON_MIN => format!("At least {REASON_MIN} characters"),
        _ => format!("{length} of {REASON_MAX} characters"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_counts_characters_after_trimming() {
        assert_eq!(counter("  API ñ "), "At least 10 characters");
        assert_eq!(counter("ñandúñandú"), "10 of 500 characters");
        assert_eq!(counter("ñandú\r\nñandú"), "11 of 500 characters");
    }
}
