//! The way into the tenant of a support session.

use leptos::prelude::*;

/// Opens the tenant at the session's own address, in a tab of its own: the console stays at hand,
/// and neither page can reach the other.
#[component]
pub fn OpenTenant(
    /// Where the session opens.
    href: String,
) -> impl IntoView {
    view! {
        <a class="button primary" href=href target="_blank" rel="noopener">
            "Open tenant"
            <span class="visually-hidden">" (in a new tab)"</span>
        </a>
    }
}
