//! What the console keeps of a tenant: whether support may write, and thresholds.

use leptos::prelude::*;

use crate::{
    api,
    components::{FormLoaded, FormPage, ReasonField, TextField, resume, use_named},
    domain::{
        flash::Flash,
        shown::in_sentence,
        tenants::{ManagedTenant, SettingsForm},
    },
    paths,
};

const FIELDS: &[&str] = &[
    "silent_after_hours",
    "min_calls",
    "warning_percent",
    "critical_percent",
    "reason",
];

#[component]
pub fn TenantSettingsPage() -> impl IntoView {
    let managed = use_named("tenant", api::managed_tenant);
    view! {
        <FormLoaded
            resource=managed
            loading="Loading the tenant…"
            show=|managed: ManagedTenant, flash| view! { <Form managed flash/> }.into_any()
        />
    }
}

#[component]
fn Form(managed: ManagedTenant, flash: Option<Flash>) -> impl IntoView {
    let tenant = managed.tenant;
    let (form, refused) = resume(flash, SettingsForm::of(&managed.settings, managed.seen));
    let may = managed.may_manage;
    let about = move || {
        let text = match may {
            true => {
                "These settings belong to this console, also where the platform manages tenants."
            }
            false => "You can’t change settings. Ask a super admin.",
        };
        view! { <p>{text}</p> }
    };
    let default = &managed.configured;
    let number = |name, label: &'static str, value: String, default: String| {
        view! {
            <TextField
                name
                label
                optional=true
                hint=move || format!("Default: {default}.")
                inputmode="decimal"
                value=value
                error=refused.error(name)
            />
        }
    };
    let numbers = (
        number(
            "warning_percent",
            "Warning from this error rate (%)",
            form.warning_percent,
            default.warning_percent.to_string(),
        ),
        number(
            "critical_percent",
            "Critical from this error rate (%)",
            form.critical_percent,
            default.critical_percent.to_string(),
        ),
        number(
            "silent_after_hours",
            "Critical after this many hours without a call",
            form.silent_after_hours,
            default.silent_after_hours.to_string(),
        ),
        number(
            "min_calls",
            "Fewest calls for an error rate to be judged",
            form.min_calls,
            default.min_calls.to_string(),
        ),
    );
    view! {
        <FormPage
            title=format!("Settings of {}", in_sentence(&tenant.name))
            about
            action=paths::tenant_form(paths::forms::TENANT_SETTINGS, &tenant.id)
            back=paths::managed_tenant(&tenant.id)
            submit=may.then(|| "Save settings".to_owned())
            refused=refused.clone()
            fields=FIELDS
        >
            <input type="hidden" name="seen" value=form.seen/>
            <MayWrite
                checked=form.support_may_write
                error=refused.error("support_may_write")
            />
            {numbers}
            <ReasonField value=form.reason refused=refused.clone()/>
        </FormPage>
    }
    .into_any()
}

#[component]
fn MayWrite(checked: bool, error: Signal<Option<String>>) -> impl IntoView {
    let error = move || {
        error
            .get()
            .map(|error| view! { <p class="error">{error}</p> })
    };
    view! {
        <div class="field">
            <div class="choice">
                <label>
                    <input
                        type="checkbox"
                        name="support_may_write"
                        checked=checked
                        aria-describedby="may-write-hint"
                    />
                    <span>"Support may change data"</span>
                </label>
            </div>
            <p class="hint" id="may-write-hint">
                "Without it, support sessions can only have scopes that read. Active sessions with \
                 other scopes end when you save."
            </p>
            {error}
        </div>
    }
}
