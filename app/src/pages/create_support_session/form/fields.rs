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
    components::{FormAct, TextField},
    domain::support_sessions::{SupportSessionDraft, SupportSessionForm, TICKET_MAX, TTL_MAX},
};

type FieldError = Signal<Option<String>>;

#[component]
pub fn Fields(
    draft: SupportSessionDraft,
    kept: SupportSessionForm,
    act: FormAct<api::CreateSupportSession>,
) -> impl IntoView {
    let required = draft.require_ticket;
    view! {
        <ReasonField kept=kept.reason error=act.error("reason")/>
        <div class="two">
            <TtlField kept=kept.ttl_minutes now=draft.now error=act.error("ttl_minutes")/>
            <TextField
                name="ticket"
                label="Ticket"
                optional=!required
                placeholder="INC-4127"
                maxlength=TICKET_MAX
                required
                value=kept.ticket
                error=act.error("ticket")
            />
        </div>
        <ScopesField
            scopes=draft.scopes
            may_write=draft.support_may_write
            kept=kept.scopes
            error=act.error("scopes")
        />
        <OrganizationField
            organizations=draft.organizations
            barred=draft.barred_organizations
            kept=kept.organization_id
            error=act.error("organization_id")
        />
        <TextField
            name="idle_minutes"
            label="End when idle for (minutes)"
            optional=true
            hint=|| format!("Ends the session after 1–{TTL_MAX} minutes without a request.")
            inputmode="numeric"
            value=kept.idle_minutes
            error=act.error("idle_minutes")
        />
        <CreatorIpField ip=draft.ip kept=kept.creator_ip_only error=act.error("creator_ip_only")/>
        <input type="hidden" name="idempotency_key" value=kept.idempotency_key/>
    }
    .into_any()
}
