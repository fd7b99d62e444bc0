//! One audit event.

use leptos::prelude::*;

use crate::components::PageHeading;

/// One audit event.
#[component]
pub fn AuditEventPage() -> impl IntoView {
    view! { <PageHeading>"Audit event"</PageHeading> }
}
