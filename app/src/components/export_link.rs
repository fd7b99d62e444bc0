//! Links that export what a page shows.

use leptos::prelude::*;

use super::asked_now::{FILE, keep_filter};

/// A link that answers with a file. It has no `download`, so that a browser shows a refusal instead of saving it.
#[component]
pub fn ExportLink(
    #[prop(into)] href: Signal<String>,
    label: &'static str,
    #[prop(default = "button")] class: &'static str,
) -> impl IntoView {
    view! {
        <a
            class=class
            rel="external"
            href=href
            on:click=move |event| keep_filter(&event, &href.get_untracked(), &FILE)
        >
            {label}
        </a>
    }
}
