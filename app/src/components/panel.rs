//! The parts of a page: its header, and cards with a title of their own.

use leptos::prelude::*;
use leptos_meta::Title;

use super::heading::PageHeading;

/// The header of a page that lists or explains something; also its title.
#[component]
pub fn PageHeader(
    title: &'static str,
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

/// The way to a page from the list that it belongs to.
#[component]
pub fn Breadcrumb(
    /// The list's address.
    href: &'static str,
    label: &'static str,
    /// The name of the page.
    children: Children,
) -> impl IntoView {
    view! {
        <nav class="breadcrumb muted" aria-label="Breadcrumb">
            <a class="link" href=href>
                {label}
            </a>
            " / "
            <span aria-current="page">{children()}</span>
        </nav>
    }
}

/// One line of a `<dl class="facts">`.
#[component]
pub fn Fact(
    name: &'static str,
    #[prop(optional)] class: Option<&'static str>,
    children: Children,
) -> impl IntoView {
    view! {
        <dt>{name}</dt>
        <dd class=class>{children()}</dd>
    }
}

#[component]
pub fn Panel(
    /// The `id` of the title, unique on the page.
    id: &'static str,
    title: &'static str,
    #[prop(into, optional)] beside: ViewFn,
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
