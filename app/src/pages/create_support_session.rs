//! The dialog Create Support Session: the form, and what one gets for it.

pub mod ends;
pub mod form;
pub mod granted;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

pub use granted::Granted;

use crate::{
    api::{self, ApiError},
    components::{Dialog, Loading, ProblemNotice, use_flash},
    domain::{
        TenantId, flash::Flash, problem::Problem, support_sessions::SupportSessionDraft,
        support_sessions::SupportSessionGranted,
    },
    query::encode,
};

/// The dialog Create Support Session. After a plain form it shows the handler's result.
#[component]
pub fn CreateSupportSessionPage() -> impl IntoView {
    let params = use_params_map();
    let tenant = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let flash = use_flash();
    let draft = Resource::new(move || tenant.get(), load);
    view! {
        <Title text="Create Support Session"/>
        <Suspense fallback=|| view! { <Loading label="Loading the tenant's health signals…"/> }>
            {move || Suspend::new(async move {
                let close_href = tenant_path(&tenant.get_untracked());
                match (flash.await, draft.await) {
                    (Some(Flash::Granted(granted)), _) => {
                        view! { <GrantedDialog granted=*granted close_href/> }.into_any()
                    }
                    (flash, Ok(draft)) => {
                        view! { <form::CreateDialog draft refused=flash close_href/> }.into_any()
                    }
                    (_, Err(ApiError(problem))) => {
                        view! { <Unavailable problem close_href/> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

async fn load(tenant: String) -> Result<SupportSessionDraft, ApiError> {
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::not_found("tenant"))?;
    api::draft_support_session(tenant).await
}

fn tenant_path(id: &str) -> String {
    format!("/support/tenants/{}", encode(id))
}

/// The confirmation as its own dialog, after a plain form.
#[component]
fn GrantedDialog(granted: SupportSessionGranted, close_href: String) -> impl IntoView {
    let tenant = granted.session.tenant_name.clone();
    view! {
        <Dialog
            title="Support session created".to_owned()
            description=move || view! { "In " <strong>{tenant.clone()}</strong> "." }
            close_href=close_href.clone()
        >
            <Granted granted close_href/>
        </Dialog>
    }
}

/// The dialog when there is nothing to fill in.
#[component]
fn Unavailable(problem: Problem, close_href: String) -> impl IntoView {
    crate::answer::set_status(problem.code.status());
    view! {
        <Dialog
            title="Create support session".to_owned()
            description=|| "No support session was created."
            close_href=close_href.clone()
        >
            <div class="dialog-body">
                <ProblemNotice problem/>
            </div>
            <footer class="dialog-actions">
                <a class="button" href=close_href autofocus=true>
                    "Back to the tenant"
                </a>
            </footer>
        </Dialog>
    }
}
