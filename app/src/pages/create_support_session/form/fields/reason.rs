//! The reason.

use leptos::{html, prelude::*};

use super::FieldError;
use crate::{
    components::Field,
    domain::support_sessions::{REASON_MAX, REASON_MIN},
};

/// The reason, with what is still missing while it is typed.
#[component]
pub fn ReasonField(
    /// What was typed before.
    kept: String,
    /// What is wrong with it.
    error: FieldError,
) -> impl IntoView {
    let typed = RwSignal::new(kept.clone());
    let area = NodeRef::<html::Textarea>::new();
    Effect::new(move || {
        if let Some(area) = area.get() {
            typed.set(area.value());
        }
    });
    let hint = move || {
        view! { <span class="num">{move || typed.with(|typed| counter(typed))}</span> }
    };
    view! {
        <Field id="reason" label="Reason" hint=hint error=error let:control>
            <textarea
                node_ref=area
                id=control.id
                name="reason"
                rows="3"
                required=true
                autofocus=true
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| typed.set(event_target_value(&event))
            >
                {kept}
            </textarea>
        </Field>
    }
    .into_any()
}

/// How long the reason is, after trimming, and what is missing.
fn counter(reason: &str) -> String {
    let length = reason.trim().chars().count();
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
    }
}
