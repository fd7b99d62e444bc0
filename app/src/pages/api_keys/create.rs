//! The dialog Create API key.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{KeysChanged, made::made};
use crate::{
    api::{self, ApiError},
    components::{
        CheckBoxes, FormAct, FormDialog, Loading, TextArea, TextField, format::thousands,
        refused_dialog, suspend, use_flash,
    },
    domain::{
        api_keys::{ApiKeyDraft, ApiKeyForm, ApiRight, KEY_NAME_MAX},
        flash::Flash,
    },
    paths::{self, OverList},
};

/// For how many days a new key works unless another number is typed.
const DAYS: &str = "90";

/// The dialog. After a plain form it shows the new key.
#[component]
pub fn CreateApiKeyPage() -> impl IntoView {
    let draft = Resource::new(|| (), |()| api::draft_api_key());
    let flash = use_flash();
    view! {
        <Title text="Create API key"/>
        <Suspense fallback=|| view! { <Loading label="Loading the form…"/> }>
            {move || suspend(async move { (draft.await, flash.await) }, |asked| {
                match asked {
                    (Ok(draft), flash) => view! { <CreateDialog draft flash/> }.into_any(),
                    (Err(ApiError(problem)), _) => refused_dialog(
                        "Create API key",
                        "No key was created.",
                        problem,
                        paths::API_KEYS.to_owned(),
                    "Back to the API keys",
                    ),
                }
            })}
        </Suspense>
    }
}

#[component]
fn CreateDialog(draft: ApiKeyDraft, flash: Option<Flash>) -> impl IntoView {
    let before = match &flash {
        Some(Flash::KeyMade(made)) => Some((**made).clone()),
        _ => None,
    };
    let kept: Option<ApiKeyForm> = flash.as_ref().and_then(Flash::kept);
    let kept = kept.unwrap_or_else(|| ApiKeyForm {
        rights: vec![ApiRight::Read.to_string()],
        expires_in_days: DAYS.to_owned(),
        ..ApiKeyForm::default()
    });
    let act = FormAct::<api::CreateApiKey>::new(flash, before);
    let changed = KeysChanged::below();
    act.when_done(move |_| changed());
    view! {
        <FormDialog
            act
            id=OverList
            title="Create API key"
            done_title="API key created"
            description=|| "For a program that uses the REST API. Its secret is shown once."
            check=|form: &ApiKeyForm| form.validate().map(drop)
            submit=Some("Create API key".to_owned())
            done=made
        >
            <Fields draft kept act/>
        </FormDialog>
    }
}

#[component]
fn Fields(draft: ApiKeyDraft, kept: ApiKeyForm, act: FormAct<api::CreateApiKey>) -> impl IntoView {
    let address = draft.address.clone();
    let limits = limits_in_words(draft.configured_requests, draft.configured_reports);
    view! {
        <TextField
            name="name"
            label="Name"
            hint=|| "What the key is used for."
            maxlength=KEY_NAME_MAX
            required=true
            autofocus=true
            value=kept.name
            error=act.error("name")
        />
        <TextField
            name="tenant"
            label="Tenant ID"
            optional=true
            hint=|| {
                "The key then reaches only this tenant. Leave it empty for a key of your platform."
            }
            autocapitalize="none"
            value=kept.tenant
            error=act.error("tenant")
        />
        <Rights kept=kept.rights error=act.error("rights")/>
        <div class="two">
            <TextField
                name="expires_in_days"
                label="Expires after (days)"
                optional=true
                hint=|| "Empty: never."
                inputmode="numeric"
                value=kept.expires_in_days
                error=act.error("expires_in_days")
            />
            <TextField
                name="requests_per_minute"
                label="Requests per minute"
                optional=true
                hint=move || limits.clone()
                inputmode="numeric"
                value=kept.requests_per_minute
                error=act.error("requests_per_minute")
            />
        </div>
        <TextArea
            name="allowed_addresses"
            label="Allowed addresses"
            optional=true
            hint=move || {
                let own = match address.is_empty() {
                    true => String::new(),
                    false => format!(" Your address is {address}."),
                };
                format!("Addresses and networks such as 203.0.113.0/24. Empty: everywhere.{own}")
            }
            value=kept.allowed_addresses
            error=act.error("allowed_addresses")
        />
        // A refused form has created nothing: a fresh key serves as well as the old one.
        <input type="hidden" name="idempotency_key" value=draft.idempotency_key/>
    }
    .into_any()
}

#[component]
fn Rights(kept: Vec<String>, error: Signal<Option<String>>) -> impl IntoView {
    let choice = move |right: &ApiRight| {
        let chosen = kept.iter().any(|kept| kept == right.as_str());
        let only_platform = (!right.is_for_tenants()).then_some(" Only for keys of your platform.");
        view! {
            <label>
                <input type="checkbox" name="rights" value=right.as_str() checked=chosen/>
                <span>
                    <code>{right.as_str()}</code>
                    <small>{right.meaning()} {only_platform}</small>
                </span>
            </label>
        }
    };
    view! {
        <CheckBoxes name="rights" legend="Rights" error>
            {ApiRight::ALL.iter().map(choice).collect_view()}
        </CheckBoxes>
    }
}

/// The configured limits of keys.
pub(in crate::pages) fn limits_in_words(requests: u64, reports: u64) -> String {
    let words = |number: u64| match number {
        0 => "no limit".to_owned(),
        number => thousands(number),
    };
    format!(
        "On each node. Empty: the configured limits ({} for reading, {} for reporting).",
        words(requests),
        words(reports)
    )
}
