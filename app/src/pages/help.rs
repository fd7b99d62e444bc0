//! Help.

use leptos::prelude::*;

use crate::components::PageHeading;

/// Help.
#[component]
pub fn HelpPage() -> impl IntoView {
    view! { <PageHeading>"Help"</PageHeading> }
}
