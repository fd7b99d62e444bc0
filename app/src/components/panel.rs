//! The parts of a page: its header, and cards with a title of their own.

use leptos::prelude::*;
use leptos_meta::Title;

use super::heading::PageHeading;

/// The header of a page that lists or explains something; also its title.
#[component]
pub fn PageHeader(
    title: &'static str,
    /// What to know about it, in a sentence.
    lead: &'static str,
    /// What stands at the other end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title/>
        <header class="page-header">
            <div>
                <PageHeading>{title}</PageHeading>
                <p class="muted">{lead}</p>
            </div>
            {children.map(|children| children())}
        </header>
    }
}

/// A card with a title.
#[component]
pub fn Panel(
    /// The `id` of the title, unique on the page.
    id: &'static str,
    /// The title.
    title: &'static str,
    /// What stands beside the title.
    #[prop(into, optional)]
    beside: ViewFn,
    /// What is in the card.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby=id>
            <header class="panel-header">
                <h2 id=id>{title}</h2>
                {beside.run()}
            </header>
            {children()}
        </section>
    }
}
