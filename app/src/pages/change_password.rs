//! Changing one's own password.

use leptos::prelude::*;

use crate::components::PageHeading;

/// Changing one's own password.
#[component]
pub fn ChangePasswordPage() -> impl IntoView {
    view! { <PageHeading>"Change password"</PageHeading> }
}
