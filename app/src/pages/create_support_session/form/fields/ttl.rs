//! The time-to-live.

use leptos::prelude::*;

use super::{super::super::ends::ends_at, FieldError};
use crate::{
    components::{
        TextField,
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
pub fn TtlField(kept: String, now: Timestamp, error: FieldError) -> impl IntoView {
    let viewer = use_viewer();
    let typed = RwSignal::new(kept.clone());
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
        <TextField
            name="ttl_minutes"
            label="Duration (TTL, minutes)"
            hint
            inputmode="numeric"
            value=kept
            typed
            error
        />
    }
    .into_any()
}
