//! The dialog Revoke: a key and all its secrets stop working for good.

use leptos::prelude::*;

use super::WhatWasDone;
use crate::{
    api::{self, ApiError, DialogForm as _},
    components::{
        ClosedDialog, DialogPage, FormAct, FormDialog, Notice, Outside, Tone, refused_dialog,
    },
    domain::{
        api_keys::{ApiKeyDetail, ApiKeyState},
        flash::Flash,
        form::NoFields,
        shown::in_sentence,
    },
    pages::api_keys::{KeysChanged, table::LastUse},
    paths,
};

#[component]
pub fn RevokeApiKeyPage() -> impl IntoView {
    view! {
        <DialogPage
            title="Revoke API key"
            loading="Loading the API key…"
            about="API key"
            load=api::api_key
            object=|detail| in_sentence(&detail.key.name).into_owned()
            show=|id, detail, flash| match detail {
                Ok(detail) if detail.key.state(detail.at) != ApiKeyState::Revoked => {
                    view! { <RevokeDialog detail flash/> }.into_any()
                }
                Ok(_) => view! {
                    <ClosedDialog
                        title="Revoke API key"
                        description="Nothing was changed."
                        close_href=paths::api_key(id)
                        back="Back to the API key"
                    >
                        <Notice tone=Tone::Info>"This key is already revoked."</Notice>
                    </ClosedDialog>
                }
                .into_any(),
                Err(ApiError(problem)) => refused_dialog(
                    "Revoke API key",
                    "Nothing was changed.",
                    problem,
                    paths::API_KEYS.to_owned(),
                    "Back to the API keys",
                ),
            }
        />
    }
}

#[component]
fn RevokeDialog(detail: ApiKeyDetail, flash: Option<Flash>) -> impl IntoView {
    let act = FormAct::<api::RevokeApiKey>::new(flash, None);
    let key = detail.key.clone();
    let (done, changed) = (use_context::<WhatWasDone>(), KeysChanged::below());
    act.leave_when_done(paths::api_key(key.id), move |answer| {
        if let (Some(WhatWasDone(told)), Flash::Done(done)) =
            (done, api::RevokeApiKey::done(answer))
        {
            told.set(Some(done));
        }
        changed();
    });
    let (id, name) = (key.id, key.name.clone());
    let title = format!("Revoke {}", in_sentence(&name));
    view! {
        <FormDialog
            act
            id
            title
            description=|| {
                "Every secret of this key stops working now, and programs that use it are refused. This can't \
                 be undone."
            }
            alert=true
            check=|_: &NoFields| Ok(())
            submit=Some("Revoke API key".to_owned())
        >
            <p>
                <strong><Outside text=name/></strong>
                " was last used: "
                <LastUse key at=detail.at in_row=false/>
            </p>
        </FormDialog>
    }
}
