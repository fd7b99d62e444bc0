//! Screens for nothing: nothing yet, nothing that matches, nothing loaded yet. Each one says what
//! to do next.

use leptos::prelude::*;

use super::stat_card::ButtonLink;
use crate::paths;

/// There is nothing here, and what to do about it.
#[component]
pub fn EmptyState(#[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
}

/// There is nothing in a list. Leads to the list without filters, or to the overview.
#[component]
pub fn EmptyList(
    title: &'static str,
    advice: &'static str,
    /// The list without filters, if it has some.
    clear: Option<&'static str>,
) -> impl IntoView {
    let link = if clear.is_some() {
        "Clear filters"
    } else {
        "Go to the overview"
    };
    let href = clear.unwrap_or(paths::OVERVIEW);
    view! {
        <EmptyState title>
            <p>{advice}</p>
            <ButtonLink href>{link}</ButtonLink>
        </EmptyState>
    }
}

/// A loading message. It is invisible for the first 200 ms to avoid flicker.
#[component]
pub fn Loading(
    /// The message, such as `Loading tenants…`.
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <p class="loading" aria-busy="true">
            {label}
        </p>
    }
}
