//! The dialog Replace token.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The dialog Replace token.
#[component]
pub fn ReplaceTokenPage() -> impl IntoView {
    view! { <PageHeading>"Replace token"</PageHeading> }
}
