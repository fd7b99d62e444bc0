//! Signed in without a support role.

use leptos::prelude::*;

use crate::components::PageHeading;

/// Signed in without a support role.
#[component]
pub fn NoRolePage() -> impl IntoView {
    view! { <PageHeading>"You have no support role"</PageHeading> }
}
