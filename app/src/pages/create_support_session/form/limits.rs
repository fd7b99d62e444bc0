//! The optional limits of a session beside its TTL.

use leptos::prelude::*;

use crate::{
    components::{Field, Icon, IconName, as_sentence},
    domain::support_sessions::TTL_MAX,
};

/// The minutes without a request after which the session ends.
#[component]
pub fn IdleField(kept: String, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <Field
            id="idle_minutes"
            label="End when idle for (minutes)"
            optional=true
            hint=|| {
                format!("Ends the session after 1–{TTL_MAX} minutes without a request.")
            }
            error=error
            let:control
        >
            <input
                id=control.id
                name="idle_minutes"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=kept
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            />
        </Field>
    }
    .into_any()
}

/// Whether only requests from the creator's IP address are allowed.
#[component]
pub fn CreatorIpField(
    /// The address that the console sees.
    ip: String,
    /// Whether it was chosen before.
    kept: bool,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <fieldset
            class="field"
            aria-describedby="creator_ip_only-error"
            aria-invalid=move || error.with(Option::is_some).then_some("true")
            tabindex="-1"
        >
            <legend>"IP address"</legend>
            <div class="choice">
                <label>
                    <input type="checkbox" name="creator_ip_only" value="yes" checked=kept/>
                    <span>
                        "Only from my IP address" " " <code>{ip}</code>
                        <small>"Requests from any other address are refused and recorded."</small>
                    </span>
                </label>
            </div>
            <p class="error" id="creator_ip_only-error" hidden=move || error.with(Option::is_none)>
                <Icon name=IconName::Bad size=13/>
                <span>{move || error.get().map(|error| as_sentence(&error))}</span>
            </p>
        </fieldset>
    }
    .into_any()
}
