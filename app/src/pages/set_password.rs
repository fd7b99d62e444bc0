//! The page that an invitation or a reset leads to: choosing a password with a one-time code. A plain form.

use leptos::{html, prelude::*, wasm_bindgen::JsValue};
use leptos_meta::Title;

use crate::{
    components::{Field, PageHeading, ProblemNotice, TextField, suspend, use_flash},
    domain::{
        flash::Flash,
        staff::{PASSWORD_MAX, PASSWORD_MIN},
    },
    paths,
};

const FIELDS: [&str; 3] = ["code", "new", "repeat"];

#[component]
pub fn SetPasswordPage() -> impl IntoView {
    let flash = use_flash();
    view! {
        <Title text="Choose a password"/>
        <div class="screen narrow">
            <PageHeading>"Choose a password"</PageHeading>
            <Suspense>
                {move || suspend(flash, |flash| {
                    view! { <Form flash/> }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn Form(flash: Option<Flash>) -> impl IntoView {
    let problem = match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    };
    let errors = problem.clone();
    let error = |name: &str| {
        let text = errors.as_ref().and_then(|p| p.field(name));
        Signal::stored(text.map(ToOwned::to_owned))
    };
    let [code_error, new, repeat] = FIELDS.map(error);
    let was_refused = problem.is_some();
    let code = NodeRef::<html::Input>::new();
    take_from_address(code);
    let hint = format!(
        "{PASSWORD_MIN} to {PASSWORD_MAX} characters, without your e-mail address. A few random words work well."
    );
    view! {
        {problem.and_then(|problem| problem.beside(&FIELDS)).map(|problem| view! { <ProblemNotice problem/> })}
        <form class="card panel-body" method="post" action=paths::forms::SET_PASSWORD>
            <Field
                id="code"
                label="Code"
                hint=move || {
                    if was_refused {
                        "Paste the code again, or open the link again. It is the part after # in the link."
                    } else {
                        "If the field is empty, paste the part after # in the link that you were given."
                    }
                }
                error=code_error
                let:control
            >
                <input
                    node_ref=code
                    id=control.id
                    name="code"
                    type="text"
                    class="mono"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    required=true
                    maxlength="200"
                    aria-describedby=control.described_by
                    aria-invalid=control.invalid
                />
            </Field>
            <TextField
                name="new"
                label="New password"
                hint=move || hint.clone()
                kind="password"
                autocomplete="new-password"
                required=true
                maxlength=PASSWORD_MAX
                error=new
            />
            <TextField
                name="repeat"
                label="Repeat new password"
                kind="password"
                autocomplete="new-password"
                required=true
                maxlength=PASSWORD_MAX
                error=repeat
            />
            <button class="button primary" type="submit">
                "Set password"
            </button>
        </form>
    }
}

/// Moves the code from the address's fragment, which no server sees, into the form, so that neither the address bar nor the
/// history keeps it.
fn take_from_address(code: NodeRef<html::Input>) {
    Effect::new(move || {
        let Some(field) = code.get() else { return };
        let hash = window().location().hash().unwrap_or_default();
        let secret = hash.trim_start_matches('#');
        if !secret.is_empty() {
            if field.value().is_empty() {
                field.set_value(secret);
            }
            if let Ok(history) = window().history() {
                // Without it the code stays in the address bar, which still works.
                let _ =
                    history.replace_state_with_url(&JsValue::NULL, "", Some(paths::SET_PASSWORD));
            }
        }
    });
}
