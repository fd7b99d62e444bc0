//! The audit log.

use leptos::prelude::*;

use crate::components::PageHeading;

/// The audit log.
#[component]
pub fn AuditLogPage() -> impl IntoView {
    view! { <PageHeading>"Audit log"</PageHeading> }
}
