//! The dialog Rotate: a new secret takes the place of the present one, which works on for a while.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{
        ClosedDialog, DialogPage, FormAct, FormDialog, Notice, Outside, TextField, Tone,
        refused_dialog,
    },
    domain::{
        api_keys::{ApiKeyDetail, ApiKeyState, OVERLAP_HOURS_MAX, RotateKeyForm},
        flash::Flash,
        shown::in_sentence,
    },
    pages::api_keys::{KeysChanged, made::made},
    paths,
};

/// For how many hours the present secret works on unless another number is typed.
const HOURS: &str = "24";

#[component]
pub fn RotateApiKeyPage() -> impl IntoView {
    view! {
        <DialogPage
            title="Rotate API key"
            loading="Loading the API key…"
            about="API key"
            load=api::api_key
            object=|detail| in_sentence(&detail.key.name).into_owned()
            show=|id, detail, flash| match detail {
                Ok(detail) if detail.key.state(detail.at) == ApiKeyState::Active => {
                    view! { <RotateDialog detail flash/> }.into_any()
                }
                Ok(_) => view! {
                    <ClosedDialog
                        title="Rotate API key"
                        description="Nothing was changed."
                        close_href=paths::api_key(id)
                        back="Back to the API key"
                    >
                        <Notice tone=Tone::Info>
                            "This key no longer works. Create a new one."
                        </Notice>
                    </ClosedDialog>
                }
                .into_any(),
                Err(ApiError(problem)) => refused_dialog(
                    "Rotate API key",
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
fn RotateDialog(detail: ApiKeyDetail, flash: Option<Flash>) -> impl IntoView {
    let before = match &flash {
        Some(Flash::KeyMade(made)) => Some((**made).clone()),
        _ => None,
    };
    let kept: Option<RotateKeyForm> = flash.as_ref().and_then(Flash::kept);
    let kept = kept.unwrap_or_else(|| first_values(&detail));
    let act = FormAct::<api::RotateApiKey>::new(flash, before);
    let changed = KeysChanged::below();
    act.when_done(move |_| changed());
    let (id, name) = (detail.key.id, detail.key.name);
    let description = move || {
        view! {
            "A new secret takes the place of the present one of "
            <strong><Outside text=name.clone()/></strong>
            ". Both work until the overlap ends."
        }
    };
    view! {
        <FormDialog
            act
            id
            title="Rotate API key"
            done_title="API key rotated"
            description
            check=|form: &RotateKeyForm| form.validate().map(drop)
            submit=Some("Rotate API key".to_owned())
            done=made
        >
            <TextField
                name="overlap_hours"
                label="Overlap (hours)"
                hint=|| {
                    format!(
                        "0–{OVERLAP_HOURS_MAX}. With 0, every earlier secret stops working immediately. \
                         Choose this if a secret has leaked."
                    )
                }
                inputmode="numeric"
                autofocus=true
                value=kept.overlap_hours
                error=act.error("overlap_hours")
            />
            <TextField
                name="expires_in_days"
                label="Expires after (days)"
                optional=true
                hint=|| "Counted from now. Empty: never."
                inputmode="numeric"
                value=kept.expires_in_days
                error=act.error("expires_in_days")
            />
            <input type="hidden" name="idempotency_key" value=detail.idempotency_key/>
        </FormDialog>
    }
}

/// The key lives as long again as it did from its last secret on.
fn first_values(detail: &ApiKeyDetail) -> RotateKeyForm {
    let key = &detail.key;
    let since = key.rotated_at.unwrap_or(key.created_at);
    let days = key.expires_at.map(|at| (at - since).num_days().max(1));
    RotateKeyForm {
        overlap_hours: HOURS.to_owned(),
        expires_in_days: days.map(|days| days.to_string()).unwrap_or_default(),
        idempotency_key: String::new(),
    }
}
