//! The form of Create Support Session: the health signals first, then the fields.

pub mod fields;
pub mod review;

use leptos::prelude::*;

use self::{fields::Fields, review::Review};
use super::granted;
use crate::{
    api,
    components::{FormAct, FormDialog, Outside},
    domain::{
        flash::Flash,
        scopes::READ_ONLY,
        support_sessions::{SupportSessionDraft, SupportSessionForm, TTL_DEFAULT},
    },
};

/// The dialog: the form until the server has granted a session, then the confirmation.
#[component]
pub fn CreateDialog(draft: SupportSessionDraft, refused: Option<Flash>) -> impl IntoView {
    let tenant = draft.tenant.tenant.clone();
    let name = tenant.name.clone();
    let kept = first_values(refused.as_ref(), &draft);
    let act = FormAct::<api::CreateSupportSession>::new(refused, None);
    let description = move || {
        view! {
            "for "
            <strong><Outside text=name.clone()/></strong>
            ". The tenant can see your reason and every request you make."
        }
    };
    let can_create = draft.barred.is_none();
    let require_ticket = draft.require_ticket;
    let check = move |form: &SupportSessionForm| form.validate(require_ticket, Ok(None)).map(drop);
    view! {
        <FormDialog
            act
            id=tenant.id
            title="Create Support Session"
            done_title="Support session created"
            description
            check
            submit=can_create.then(|| "Create Session".to_owned())
            done=granted
        >
            <Review draft=draft.clone()/>
            {can_create.then(|| view! { <Fields draft kept act/> })}
        </FormDialog>
    }
}

/// The first values of the form: from a refused plain form, or a fresh draft.
fn first_values(refused: Option<&Flash>, draft: &SupportSessionDraft) -> SupportSessionForm {
    let kept = refused.and_then(Flash::kept);
    let form = kept.unwrap_or_else(|| SupportSessionForm {
        ttl_minutes: TTL_DEFAULT.to_string(),
        scopes: vec![READ_ONLY.into()],
        ..SupportSessionForm::default()
    });
    // A refused form has created nothing: a fresh key serves as well as the old one.
    SupportSessionForm {
        idempotency_key: draft.idempotency_key.clone(),
        ..form
    }
}
