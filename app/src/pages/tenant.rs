//! The support detail of a tenant.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The support detail of a tenant.
#[component]
pub fn TenantPage() -> impl IntoView {
    view! { <PageHeading>"Tenant"</PageHeading> }
}
