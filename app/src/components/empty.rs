//! Screens for nothing: nothing yet, nothing that matches, nothing loaded yet. Each one says what
//! to do next.

use leptos::prelude::*;

use super::stat_card::ButtonLink;

/// There is nothing here, and what to do about it.
#[component]
pub fn EmptyState(
    /// What there is none of.
    #[prop(into)]
    title: String,
    /// What to do next.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
}

/// There is nothing in a list, and the one page to go on to.
#[component]
pub fn EmptyList(
    /// What there is none of.
    title: &'static str,
    /// What to do next.
    advice: &'static str,
    /// The page to go on to.
    href: &'static str,
    /// What the link to it says.
    link: &'static str,
) -> impl IntoView {
    view! {
        <EmptyState title>
            <p>{advice}</p>
            <ButtonLink href>{link}</ButtonLink>
        </EmptyState>
    }
}

/// Something is being fetched. Invisible for the first 200 ms, so that what is fast does not
/// flicker.
#[component]
pub fn Loading(
    /// What is being fetched: `Loading tenants…`
    #[prop(into)]
    label: String,
) -> impl IntoView {
    view! {
        <p class="loading" aria-busy="true">
            {label}
        </p>
    }
}
