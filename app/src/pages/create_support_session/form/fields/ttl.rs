//! The time-to-live.

use leptos::{html, prelude::*};

use super::{super::super::ends::ends_at, FieldError};
use crate::{
    components::{
        Field,
        format::{self, Precision},
        use_viewer,
    },
    domain::{
        Timestamp,
        support_sessions::{TTL_MAX, TTL_MIN},
    },
};

/// The duration with the time at which the session would end.
#[component]
pub fn TtlField(
    /// What was typed before.
    kept: String,
    /// The server's time.
    now: Timestamp,
    /// What is wrong with it.
    error: FieldError,
) -> impl IntoView {
    let viewer = use_viewer();
    let typed = RwSignal::new(kept.clone());
    let input = NodeRef::<html::Input>::new();
    Effect::new(move || {
        if let Some(input) = input.get() {
            typed.set(input.value());
        }
    });
    let end = move || {
        let at = typed.with(|typed| ends_at(viewer.now_or(now), typed))?;
        let at = format::instant(at, viewer.offset_minutes(at), Precision::Time);
        Some(format!(", ends at {at}"))
    };
    let hint = move || {
        view! {
            {format!("{TTL_MIN}–{TTL_MAX} minutes")}
            <span class="num">{end}</span>
        }
    };
    view! {
        <Field id="ttl_minutes" label="Duration (TTL, minutes)" hint=hint error=error let:control>
            <input
                node_ref=input
                id=control.id
                name="ttl_minutes"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=kept
                aria-describedby=control.described_by
                aria-invalid=control.invalid
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </Field>
    }
    .into_any()
}
