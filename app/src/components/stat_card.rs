//! Stat cards: figures that filter the list below them. They are links, so that a filter has a URL
//! and works without JavaScript.

use leptos::prelude::*;
use leptos_router::components::A;

use super::asked_now::keep_filter;

/// A figure that leads to the list it counts.
#[component]
pub fn StatCard(
    /// The label, as text or badge.
    #[prop(into)]
    label: ViewFn,
    #[prop(into)] value: Signal<String>,
    #[prop(into, optional)] note: Option<Signal<String>>,
    #[prop(into)] href: Signal<String>,
    /// The part of the URL that the card chooses. Without one it clears every filter.
    #[prop(optional)]
    part: Option<&'static str>,
    /// Whether the list below is filtered by this card now.
    #[prop(into)]
    current: Signal<bool>,
) -> impl IntoView {
    view! {
        <a
            class="card stat"
            href=href
            aria-current=move || if current.get() { "true" } else { "false" }
            on:click=move |event| {
                if let Some(part) = part {
                    keep_filter(&event, &href.get_untracked(), &[part]);
                }
            }
        >
            <span class="stat-label">{label.run()}</span>
            <span class="stat-value">{value}</span>
            {note.map(|note| view! { <span class="stat-note">{note}</span> })}
        </a>
    }
}

/// A figure that leads nowhere: a health signal.
#[component]
pub fn SignalCard(
    #[prop(into)] label: String,
    children: Children,
    #[prop(into, optional)] note: Option<ViewFn>,
) -> impl IntoView {
    view! {
        <div class="card stat">
            <h2 class="stat-label">{label}</h2>
            <p class="stat-value">{children()}</p>
            {note.map(|note| view! { <p class="stat-note">{note.run()}</p> })}
        </div>
    }
}

#[component]
pub fn ButtonLink(
    #[prop(into)] href: Signal<String>,
    /// More style classes: `primary`, `danger`, `solid`, `quiet`, `small`.
    #[prop(into, optional)]
    class: String,
    children: Children,
) -> impl IntoView {
    view! {
        <A href=move || href.get() attr:class=format!("button {class}")>
            {children()}
        </A>
    }
}
