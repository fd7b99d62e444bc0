//! Text from outside.

use leptos::prelude::*;

use crate::domain::shown::{shown, shown_lines};

/// A text that someone else has written: a client, the platform, a person. Characters that act are shown as escapes, and
/// the text can't reorder what stands beside it.
#[component]
pub fn Outside(#[prop(into)] text: String) -> impl IntoView {
    view! { <bdi>{shown(&text).into_owned()}</bdi> }
}

/// The same for a text that may have several lines.
#[component]
pub fn OutsideLines(#[prop(into)] text: String) -> impl IntoView {
    view! { <bdi>{shown_lines(&text).into_owned()}</bdi> }
}
