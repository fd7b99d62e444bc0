//! One support session.

use leptos::prelude::*;

use crate::components::PageHeading;

/// One support session.
#[component]
pub fn SupportSessionPage() -> impl IntoView {
    view! { <PageHeading>"Support session"</PageHeading> }
}
