//! The dialog Force Logout All Sessions.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The dialog Force Logout All Sessions.
#[component]
pub fn ForceLogoutPage() -> impl IntoView {
    view! { <PageHeading>"Force Logout"</PageHeading> }
}
