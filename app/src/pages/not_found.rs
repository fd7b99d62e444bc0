//! No page has this address.

use leptos::prelude::*;

use crate::components::PageHeading;

/// No page has this address.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <PageHeading>"Not found"</PageHeading> }
}
