//! Which tenant it is, and what can be done about it.

use leptos::prelude::*;

use crate::{
    components::{
        ButtonLink, Outside, PageHeading, TenantStatusTag, Timestamp,
        format::{Precision, counted},
    },
    domain::tenants::Tenant,
    paths,
};

#[component]
pub(super) fn Header(
    tenant: Tenant,
    active_user_sessions: u64,
    /// Where the platform manages it.
    manage_url: Option<String>,
) -> impl IntoView {
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
        <nav class="muted" aria-label="Breadcrumb">
            <a class="link" href=paths::OVERVIEW>"Support"</a>
            " / "
            <span aria-current="page"><Outside text=tenant.name.clone()/></span>
        </nav>
        <header class="page-header">
            <div>
                <div class="bar">
                    <PageHeading><Outside text=tenant.name/></PageHeading>
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
                {manage}
                <ButtonLink href=paths::CREATE_SESSION.page(&tenant.id) class="primary">
                    "Create Support Session"
                </ButtonLink>
                <ButtonLink href=paths::FORCE_LOGOUT.page(&tenant.id) class="danger">
                    "Force Logout All Sessions"
                </ButtonLink>
            </div>
        </header>
    }
    .into_any()
}
