//! The dialog Revoke Session.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The dialog Revoke Session.
#[component]
pub fn RevokeSupportSessionPage() -> impl IntoView {
    view! { <PageHeading>"Revoke Session"</PageHeading> }
}
