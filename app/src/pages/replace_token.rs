//! The dialog Replace token: a lost access token is replaced, never shown again.

use leptos::prelude::*;

use super::{create_support_session::granted, support_session::SessionDialogPage};
use crate::{
    api,
    components::{FormAct, FormDialog, Notice, Outside, Tone},
    domain::{flash::Flash, form::NoFields, support_sessions::SupportSessionDetail},
};

/// The dialog Replace token. After a plain form it shows the new token.
#[component]
pub fn ReplaceTokenPage() -> impl IntoView {
    view! {
        <SessionDialogPage
            title="Replace token"
            show=|detail, flash| view! { <ReplaceDialog detail flash/> }.into_any()
        />
    }
}

#[component]
fn ReplaceDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let id = detail.session.id;
    let before = match &flash {
        Some(Flash::Granted(granted)) => Some((**granted).clone()),
        _ => None,
    };
    let act = FormAct::<api::ReplaceToken>::new(flash, before);
    let tenant = detail.session.tenant_name;
    let description = move || {
        view! { "for your support session in " <strong><Outside text=tenant.clone()/></strong> "." }
    };
    let may_replace = detail.may.replace_token;
    let explanation = if may_replace {
        "The old token stops working immediately, and its open responses are cut off. The new \
         token is shown once."
    } else {
        "Only the holder of an active support session can replace its token."
    };
    view! {
        <FormDialog
            act
            id
            title="Replace the access token"
            done_title="Token replaced"
            description
            alert=true
            check=|_: &NoFields| Ok(())
            submit=may_replace.then(|| "Replace token".to_owned())
            done=granted
        >
            <Notice tone=Tone::Warn>{explanation}</Notice>
        </FormDialog>
    }
}
