//! The support overview.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The support overview.
#[component]
pub fn OverviewPage() -> impl IntoView {
    view! { <PageHeading>"Support"</PageHeading> }
}
