//! The dialog Create Support Session.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The dialog Create Support Session.
#[component]
pub fn CreateSupportSessionPage() -> impl IntoView {
    view! { <PageHeading>"Create Support Session"</PageHeading> }
}
