//! What the console keeps of a tenant: whether support may write, and thresholds.

use leptos::prelude::*;

use crate::{
    api,
    components::{FormLoaded, FormPage, ReasonField, TextField, resume, use_named},
    domain::{
        flash::Flash,
        settings::ThresholdsForm,
        shown::in_sentence,
        tenants::{ManagedTenant, SettingsForm},
    },
    paths,
};

const FIELDS: &[&str] = &[
    "silent_after_hours",
    "min_calls",
    "min_errors",
    "warning_percent",
    "critical_percent",
    "reduced_percent",
    "reason",
];

#[component]
pub fn TenantSettingsPage() -> impl IntoView {
    let managed = use_named("tenant", |id| api::managed_tenant(id, None));
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
    let number = |(name, label, value, default): Threshold| {
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
    let default = ThresholdsForm::of(&managed.configured);
    let numbers = thresholds(&form, default).into_iter().map(number);
    let numbers = numbers.collect_view();
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

/// A threshold's field: its name, its label, the tenant's own value, and the configured one.
type Threshold = (&'static str, &'static str, String, String);

fn thresholds(form: &SettingsForm, default: ThresholdsForm) -> [Threshold; 6] {
    [
        (
            "warning_percent",
            "Warning from this error rate (%)",
            form.warning_percent.clone(),
            default.warning_percent,
        ),
        (
            "critical_percent",
            "Critical from this error rate (%)",
            form.critical_percent.clone(),
            default.critical_percent,
        ),
        (
            "silent_after_hours",
            "Critical after this many hours without a call",
            form.silent_after_hours.clone(),
            default.silent_after_hours,
        ),
        (
            "reduced_percent",
            "Reduced activity below this share of the usual calls (%)",
            form.reduced_percent.clone(),
            default.reduced_percent,
        ),
        (
            "min_calls",
            "Fewest calls for an error rate to be judged",
            form.min_calls.clone(),
            default.min_calls,
        ),
        (
            "min_errors",
            "Fewest errors for an error rate to be judged",
            form.min_errors.clone(),
            default.min_errors,
        ),
    ]
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
