//! The dialog Create Support Session: the form, and what one gets for it.

pub mod ends;
pub mod form;
pub mod granted;

use leptos::prelude::*;

pub use granted::Granted;

use self::form::CreateDialog;
use crate::{
    answer::set_status,
    api::{self, ApiError},
    components::{ClosedDialog, Dialog, DialogPage, ProblemNotice},
    domain::{
        TenantId,
        flash::Flash,
        problem::Problem,
        support_sessions::{SupportSessionDraft, SupportSessionGranted},
    },
    paths,
};

/// The dialog Create Support Session. After a plain form it shows the handler's result.
#[component]
pub fn CreateSupportSessionPage() -> impl IntoView {
    view! {
        <DialogPage
            title="Create Support Session"
            loading="Loading the tenant's health signals…"
            load
            show=|id, draft, flash| {
                let close_href = paths::tenant(id);
                match (flash, draft) {
                    (Some(Flash::Granted(granted)), _) => {
                        view! { <GrantedDialog granted=*granted close_href/> }.into_any()
                    }
                    (refused, Ok(draft)) => {
                        view! { <CreateDialog draft refused close_href/> }.into_any()
                    }
                    (_, Err(ApiError(problem))) => {
                        view! { <Unavailable problem close_href/> }.into_any()
                    }
                }
            }
        />
    }
}

async fn load(tenant: String) -> Result<SupportSessionDraft, ApiError> {
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::not_found("tenant"))?;
    api::draft_support_session(tenant).await
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
    set_status(problem.code.status());
    view! {
        <ClosedDialog
            title="Create support session"
            description="No support session was created."
            close_href
            back="Back to the tenant"
        >
            <ProblemNotice problem/>
        </ClosedDialog>
    }
}
