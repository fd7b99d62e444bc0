//! The form of Create Support Session: the health signals first, then the fields.

pub mod fields;
pub mod limits;
pub mod review;

use leptos::{
    ev::SubmitEvent,
    html,
    prelude::*,
    web_sys::{FormData, HtmlFormElement},
};

use self::{
    fields::{OrganizationField, ReasonField, ScopesField, TicketField, TtlField},
    limits::{CreatorIpField, IdleField},
    review::Review,
};
use super::{Granted, tenant_path};
use crate::{
    api::{self, ApiError},
    components::{ButtonLink, Dialog, ProblemNotice, focus_first_invalid, use_viewer},
    domain::{
        flash::Flash,
        problem::{Problem, ProblemCode},
        scopes::READ_ONLY,
        support_sessions::{
            SupportSessionDraft, SupportSessionForm, SupportSessionGranted, TTL_DEFAULT,
        },
    },
};

/// The dialog: the form until the server has granted a session, then the confirmation.
#[component]
pub fn CreateDialog(
    /// The data for the form.
    draft: SupportSessionDraft,
    /// The refusal of a plain form.
    refused: Option<Flash>,
    /// The page that Cancel leads to.
    close_href: String,
) -> impl IntoView {
    let tenant = draft.detail.tenant.name.clone();
    let create = ServerAction::<api::CreateSupportSession>::new();
    let granted = Memo::new(move |_| create.value().get().and_then(Result::ok));
    let title = move || match granted.with(Option::is_some) {
        true => "Support session created",
        false => "Create support session",
    };
    let description = move || {
        view! {
            "for "
            <strong>{tenant.clone()}</strong>
            ". The tenant can see your reason and every request you make."
        }
    };
    view! {
        <Dialog
            title=Signal::derive(move || title().to_owned())
            description=description
            close_href=close_href.clone()
        >
            {move || granted.get().map(|granted| {
                view! { <Granted granted close_href=close_href.clone()/> }
            })}
            <div hidden=move || granted.with(Option::is_some)>
                <CreateForm draft refused create granted/>
            </div>
        </Dialog>
    }
    .into_any()
}

#[component]
fn CreateForm(
    draft: SupportSessionDraft,
    refused: Option<Flash>,
    create: ServerAction<api::CreateSupportSession>,
    granted: Memo<Option<SupportSessionGranted>>,
) -> impl IntoView {
    let viewer = use_viewer();
    let (first_problem, kept) = first_state(refused, &draft);
    let problem = RwSignal::new(first_problem);
    let tenant = draft.detail.tenant.id.clone();
    let require_ticket = draft.require_ticket;
    let form = NodeRef::<html::Form>::new();
    focus_first_invalid::<Problem>(form, problem.into());
    Effect::new(move || {
        if let Some(Err(ApiError(refused))) = create.value().get() {
            problem.set(Some(refused));
        }
    });
    let busy = move || create.pending().get();
    let submit = {
        let tenant = tenant.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let Some(form) = form.get_untracked() else {
                return;
            };
            if create.pending().get_untracked() || granted.with_untracked(Option::is_some) {
                return;
            }
            let form = read_form(&form);
            let refused = form.validate(require_ticket).err();
            if refused.is_none() {
                create.dispatch(api::CreateSupportSession {
                    tenant: tenant.clone(),
                    form,
                });
            }
            problem.set(refused);
        }
    };
    let error = move |field: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| problem.as_ref()?.field(field).map(ToOwned::to_owned))
        })
    };
    let organizations = draft.detail.organizations.clone();
    let path = tenant_path(tenant.as_str());
    view! {
        <form
            node_ref=form
            method="post"
            action=format!("/forms/tenants/{}/create-session", crate::query::encode(tenant.as_str()))
            novalidate=move || viewer.is_hydrated()
            aria-busy=move || busy().to_string()
            on:submit=submit
        >
            <div class="dialog-body">
                {move || general(problem.get()).map(|problem| view! { <ProblemNotice problem/> })}
                <Review detail=draft.detail now=draft.now/>
                <ReasonField kept=kept.reason error=error("reason")/>
                <div class="two">
                    <TtlField kept=kept.ttl_minutes now=draft.now error=error("ttl_minutes")/>
                    <TicketField kept=kept.ticket required=require_ticket error=error("ticket")/>
                </div>
                <ScopesField scopes=draft.scopes kept=kept.scopes error=error("scopes")/>
                <OrganizationField
                    organizations
                    kept=kept.organization_id
                    error=error("organization_id")
                />
                <IdleField kept=kept.idle_minutes error=error("idle_minutes")/>
                <CreatorIpField
                    ip=draft.ip
                    kept=kept.creator_ip_only
                    error=error("creator_ip_only")
                />
                <input type="hidden" name="idempotency_key" value=kept.idempotency_key/>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=path>"Cancel"</ButtonLink>
                <button
                    type="submit"
                    class="button primary"
                    aria-busy=move || busy().to_string()
                    aria-disabled=move || busy().then_some("true")
                >
                    "Create Session"
                </button>
            </footer>
        </form>
    }
    .into_any()
}

/// The part of a problem that belongs to no field.
fn general(problem: Option<Problem>) -> Option<Problem> {
    problem.filter(|p| p.code != ProblemCode::InvalidInput || p.fields.is_empty())
}

/// The first problem and values of the form: from a refused plain form, or a fresh draft.
fn first_state(
    refused: Option<Flash>,
    draft: &SupportSessionDraft,
) -> (Option<Problem>, SupportSessionForm) {
    let Some(Flash::Refused { problem, mut input }) = refused else {
        let fresh = SupportSessionForm {
            ttl_minutes: TTL_DEFAULT.to_string(),
            scopes: vec![READ_ONLY.into()],
            idempotency_key: draft.idempotency_key.clone(),
            ..SupportSessionForm::default()
        };
        return (None, fresh);
    };
    let scopes = input.remove("scopes").unwrap_or_default();
    let mut one = |field| {
        let values = input.remove(field).unwrap_or_default();
        values.into_iter().next().unwrap_or_default()
    };
    let kept = SupportSessionForm {
        reason: one("reason"),
        ttl_minutes: one("ttl_minutes"),
        organization_id: one("organization_id"),
        ticket: one("ticket"),
        idle_minutes: one("idle_minutes"),
        creator_ip_only: !one("creator_ip_only").is_empty(),
        // A refused form has created nothing: a fresh key serves as well as the old one.
        idempotency_key: draft.idempotency_key.clone(),
        scopes,
    };
    (Some(problem), kept)
}

/// The values of the fields, however they were filled in.
fn read_form(form: &HtmlFormElement) -> SupportSessionForm {
    let Ok(data) = FormData::new_with_form(form) else {
        return SupportSessionForm::default();
    };
    let one = |name| data.get(name).as_string().unwrap_or_default();
    let scopes = data.get_all("scopes");
    SupportSessionForm {
        reason: one("reason"),
        ttl_minutes: one("ttl_minutes"),
        scopes: scopes.iter().filter_map(|name| name.as_string()).collect(),
        organization_id: one("organization_id"),
        ticket: one("ticket"),
        idle_minutes: one("idle_minutes"),
        creator_ip_only: !one("creator_ip_only").is_empty(),
        idempotency_key: one("idempotency_key"),
    }
}
