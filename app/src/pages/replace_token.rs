//! The dialog Replace token: a lost access token is replaced, never shown again.

use leptos::{prelude::*, web_sys::FormData};

use super::{create_support_session::granted, support_session::SessionDialogPage};
use crate::{
    api,
    components::{FormAct, FormDialog, Notice, Tone},
    domain::{flash::Flash, support_sessions::SupportSessionDetail},
    paths,
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
    let close_href = paths::support_session(id);
    let before = match &flash {
        Some(Flash::Granted(granted)) => Some((**granted).clone()),
        _ => None,
    };
    let act = FormAct::<api::ReplaceToken>::new(flash, before);
    let tenant = detail.session.tenant_name;
    let description = move || {
        view! { "for your support session in " <strong>{tenant.clone()}</strong> "." }
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
            title="Replace the access token"
            done_title="Token replaced"
            description
            close_href
            alert=true
            action=paths::REPLACE_TOKEN.form(id)
            read=move |_: &FormData| Ok(api::ReplaceToken { id })
            submit=may_replace.then(|| "Replace token".to_owned())
            done=granted
        >
            <Notice tone=Tone::Warn>{explanation}</Notice>
        </FormDialog>
    }
}
