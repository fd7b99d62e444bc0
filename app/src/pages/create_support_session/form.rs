//! The form of Create Support Session: the health signals first, then the fields.

pub mod fields;
pub mod review;

use leptos::{ev::SubmitEvent, html, prelude::*, web_sys::FormData};

use self::{fields::Fields, review::Review};
use super::{Granted, tenant_path};
use crate::{
    api::{self, ApiError},
    components::{ButtonLink, Dialog, ProblemNotice, focus_first_invalid, read_form, use_viewer},
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
            let Ok(data) = FormData::new_with_form(&form) else {
                return;
            };
            let checked = read_form(&data).and_then(|form: SupportSessionForm| {
                form.validate(require_ticket)?;
                Ok(form)
            });
            match checked {
                Ok(form) => {
                    problem.set(None);
                    let tenant = tenant.clone();
                    create.dispatch(api::CreateSupportSession { tenant, form });
                }
                Err(refused) => problem.set(Some(refused)),
            }
        }
    };
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
                <Review detail=draft.detail.clone() now=draft.now/>
                <Fields draft kept problem/>
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
    let kept = refused.as_ref().and_then(Flash::kept);
    let form = kept.unwrap_or_else(|| SupportSessionForm {
        ttl_minutes: TTL_DEFAULT.to_string(),
        scopes: vec![READ_ONLY.into()],
        ..SupportSessionForm::default()
    });
    // A refused form has created nothing: a fresh key serves as well as the old one.
    let form = SupportSessionForm {
        idempotency_key: draft.idempotency_key.clone(),
        ..form
    };
    match refused {
        Some(Flash::Refused { problem, .. }) => (Some(problem), form),
        _ => (None, form),
    }
}
