//! Sign-in.

use leptos::prelude::*;

use crate::components::PageHeading;

/// Sign-in.
#[component]
pub fn SignInPage() -> impl IntoView {
    view! { <PageHeading>"Sign in"</PageHeading> }
}
