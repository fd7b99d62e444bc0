//! Which tenant it is, and what can be done about it.

use leptos::prelude::*;

use crate::{
    components::{
        Breadcrumb, ButtonLink, Outside, PageHeading, TenantStatusTag, Timestamp,
        format::{Precision, counted},
    },
    domain::{shown::in_sentence, tenants::Tenant},
    paths,
};

#[component]
pub(super) fn Header(
    tenant: Tenant,
    active_user_sessions: u64,
    /// Where the platform manages it.
    manage_url: Option<String>,
) -> impl IntoView {
    let (name, force_logout) = (
        tenant.name.clone(),
        force_logout(&tenant, active_user_sessions),
    );
    let facts = [
        tenant.plan.map(|plan| format!("{plan} plan")),
        tenant.region,
    ];
    let facts: Vec<_> = facts
        .into_iter()
        .flatten()
        .map(|fact| format!(" · {fact}"))
        .collect();
    let manage = manage_url.map(|url| {
        view! {
            <a class="button quiet" href=url rel="external noopener">
                "Manage tenant"
            </a>
        }
    });
    view! {
        <Breadcrumb href=paths::OVERVIEW label="Tenant health">
            <Outside text=tenant.name/>
        </Breadcrumb>
        <header class="page-header">
            <div>
                <div class="bar">
                    <PageHeading><Outside text=name/></PageHeading>
                    <TenantStatusTag status=tenant.status/>
                </div>
                <p class="muted">
                    <code>{tenant.id.to_string()}</code>
                    {facts}
                    " · since "
                    <Timestamp at=tenant.created_at precision=Precision::Date/>
                    " · "
                    {counted(active_user_sessions, "active user session", "active user sessions")}
                </p>
            </div>
            <div class="bar push" role="group" aria-label="Support Actions">
                <ButtonLink href=paths::managed_tenant(&tenant.id) class="quiet">
                    "Plan and settings"
                </ButtonLink>
                {manage}
                <ButtonLink href=paths::CREATE_SESSION.page(&tenant.id) class="primary">
                    "Create Support Session"
                </ButtonLink>
                {force_logout}
            </div>
        </header>
    }
    .into_any()
}

/// Not offered where nobody is signed in, which it says.
fn force_logout(tenant: &Tenant, active_user_sessions: u64) -> AnyView {
    if active_user_sessions == 0 {
        return view! {
            <button
                type="button"
                class="button danger"
                aria-disabled="true"
                aria-describedby="nobody-signed-in"
            >
                "Force Logout All Sessions"
            </button>
            <span id="nobody-signed-in" class="hint">
                {format!("No one is signed in to {}.", in_sentence(&tenant.name))}
            </span>
        }
        .into_any();
    }
    view! {
        <ButtonLink href=paths::FORCE_LOGOUT.page(&tenant.id) class="danger">
            "Force Logout All Sessions"
        </ButtonLink>
    }
    .into_any()
}
