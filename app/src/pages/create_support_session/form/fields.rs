//! The fields of the form, in the order in which they are shown. Their values stay in the document,
//! so input from before hydration is never overwritten.

pub mod choices;
pub mod reason;
pub mod ttl;

use leptos::prelude::*;

use self::{
    choices::{CreatorIpField, OrganizationField, ScopesField},
    reason::ReasonField,
    ttl::TtlField,
};
use crate::{
    api,
    components::{Field, FormAct},
    domain::support_sessions::{SupportSessionDraft, SupportSessionForm, TICKET_MAX, TTL_MAX},
};

type FieldError = Signal<Option<String>>;

/// All fields.
#[component]
pub fn Fields(
    /// What there is to choose from.
    draft: SupportSessionDraft,
    /// What the fields hold at first.
    kept: SupportSessionForm,
    /// The act that they are for.
    act: FormAct<api::CreateSupportSession>,
) -> impl IntoView {
    let required = draft.require_ticket;
    view! {
        <ReasonField kept=kept.reason error=act.error("reason")/>
        <div class="two">
            <TtlField kept=kept.ttl_minutes now=draft.now error=act.error("ttl_minutes")/>
            <Field id="ticket" label="Ticket" optional=!required error=act.error("ticket") let:control>
                <input
                    id=control.id
                    name="ticket"
                    type="text"
                    placeholder="INC-4127"
                    autocomplete="off"
                    maxlength=TICKET_MAX.to_string()
                    required=required
                    value=kept.ticket
                    aria-describedby=control.described_by
                    aria-invalid=control.invalid
                />
            </Field>
        </div>
        <ScopesField scopes=draft.scopes kept=kept.scopes error=act.error("scopes")/>
        <OrganizationField
            organizations=draft.organizations
            kept=kept.organization_id
            error=act.error("organization_id")
        />
        <Field
            id="idle_minutes"
            label="End when idle for (minutes)"
            optional=true
            hint=|| {
 format!("Ends the session after 1–{TTL_MAX} minutes without a request.")
 }
            error=act.error("idle_minutes")
            let:control
        >
            <input
                id=control.id
                name="idle_minutes"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                value=kept.idle_minutes
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            />
        </Field>
        <CreatorIpField ip=draft.ip kept=kept.creator_ip_only error=act.error("creator_ip_only")/>
        <input type="hidden" name="idempotency_key" value=kept.idempotency_key/>
    }
    .into_any()
}
