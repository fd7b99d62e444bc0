//! The dialog Create Support Session: the form, and what one gets for it.

pub mod ends;
pub mod form;
pub mod granted;

use leptos::prelude::*;

pub use granted::granted;

use self::form::CreateDialog;
use crate::{
    api::{self, ApiError},
    components::{Dialog, DialogPage, Outside, refused_dialog},
    domain::{flash::Flash, support_sessions::SupportSessionGranted},
    paths,
};

/// The dialog Create Support Session. After a plain form it shows the handler's result.
#[component]
pub fn CreateSupportSessionPage() -> impl IntoView {
    view! {
        <DialogPage
            title="Create Support Session"
            loading="Loading the tenant's health signals…"
            about="tenant"
            load=api::draft_support_session
            object=|draft| format!("for {}", draft.tenant.tenant.name)
            show=|id, draft, flash| {
                let close_href = paths::tenant(id);
                match (flash, draft) {
                    (Some(Flash::Granted(granted)), _) => {
                        view! { <GrantedDialog session=*granted close_href/> }.into_any()
                    }
                    (refused, Ok(draft)) => {
                        view! { <CreateDialog draft refused/> }.into_any()
                    }
                    (_, Err(ApiError(problem))) => refused_dialog(
                        "Create Support Session",
                        "No support session was created.",
                        problem,
                        close_href,
                        "Back to the tenant",
                    ),
                }
            }
        />
    }
}

/// The confirmation as its own dialog, after a plain form.
#[component]
fn GrantedDialog(session: SupportSessionGranted, close_href: String) -> impl IntoView {
    let tenant = session.session.tenant_name.clone();
    view! {
        <Dialog
            title="Support session created".to_owned()
            description=move || view! { "In " <strong><Outside text=tenant.clone()/></strong> "." }
            close_href=close_href.clone()
        >
            {granted(session, close_href)}
        </Dialog>
    }
}
