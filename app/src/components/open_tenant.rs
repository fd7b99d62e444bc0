//! The way into the tenant of a support session.

use leptos::prelude::*;

use crate::{domain::SupportSessionId, paths};

/// Opens the tenant at the session's own address in a new tab. The console stays open, and neither
/// page can reach the other.
#[component]
pub fn OpenTenant(of: SupportSessionId) -> impl IntoView {
    view! {
        <a class="button primary" href=paths::enter_tenant(of) target="_blank" rel="noopener">
            "Enter tenant"
            <span class="visually-hidden">" (in a new tab)"</span>
        </a>
    }
}
