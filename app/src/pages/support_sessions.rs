//! All support sessions.

use leptos::prelude::*;

use crate::components::PageHeading;

/// All support sessions.
#[component]
pub fn SupportSessionsPage() -> impl IntoView {
    view! { <PageHeading>"Support sessions"</PageHeading> }
}
