//! No page has this address.

use leptos::prelude::*;

use crate::{components::FailedPage, domain::problem::Problem};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <FailedPage problem=Problem::not_found("page")/> }
}
