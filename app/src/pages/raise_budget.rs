//! The dialog Raise budget: a super admin lets another's support session make more requests.

use leptos::{
    ev::SubmitEvent,
    html,
    prelude::*,
    web_sys::{FormData, HtmlFormElement},
};
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

use super::support_session::{SessionChanges, load, session_path};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, Dialog, Field, Icon, IconName, Loading, ProblemNotice, focus_first_invalid,
        format::thousands, kept_input, use_flash,
    },
    domain::{
        flash::Flash,
        problem::{Problem, ProblemCode},
        support_sessions::{
            REASON_MIN, REQUESTS_TOTAL_MAX, RaiseBudgetForm, SupportSessionDetail,
            SupportSessionStatus,
        },
    },
};

/// The dialog Raise budget.
#[component]
pub fn RaiseBudgetPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let flash = use_flash();
    let detail = Resource::new(move || id.get(), load);
    view! {
        <Title text="Raise budget"/>
        <Suspense fallback=|| view! { <Loading label="Loading the support session…"/> }>
            {move || Suspend::new(async move {
                // What can't be shown is the page's to say.
                let (detail, flash) = (detail.await.ok()?, flash.await);
                Some(if detail.may_raise_budget {
                    view! { <RaiseDialog detail flash/> }.into_any()
                } else {
                    view! { <NotToBeRaised detail/> }.into_any()
                })
            })}
        </Suspense>
    }
}

#[component]
fn RaiseDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let session = detail.session;
    let (id, present) = (
        session.id,
        session.limits.requests_total.unwrap_or_default(),
    );
    let close_href = session_path(id);
    let raise = ServerAction::<api::RaiseBudget>::new();
    let kept = RaiseBudgetForm {
        requests_total: kept_input(flash.as_ref(), "requests_total"),
        reason: kept_input(flash.as_ref(), "reason"),
    };
    let problem = RwSignal::new(match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    });
    follow_answer(raise, problem, close_href.clone());
    let form = NodeRef::<html::Form>::new();
    focus_first_invalid::<Problem>(form, problem.into());
    let busy = move || raise.pending().get();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = form
            .get_untracked()
            .filter(|_| !raise.pending().get_untracked())
        else {
            return;
        };
        let form = read_form(&form);
        let refused = form.validate(present.saturating_add(1)).err();
        if refused.is_none() {
            raise.dispatch(api::RaiseBudget { id, form });
        }
        problem.set(refused);
    };
    let general = move || {
        let problem = problem.get();
        problem.filter(|p| p.code != ProblemCode::InvalidInput || p.fields.is_empty())
    };
    let used = format!(
        "{} of {} requests are used. The tenant can read this in its audit log.",
        thousands(session.requests_forwarded),
        thousands(present)
    );
    view! {
        <Dialog
            title=format!("Raise {}’s budget in {}", session.staff_name, session.tenant_name)
            description=move || used.clone()
            close_href=close_href.clone()
        >
            <form
                node_ref=form
                method="post"
                action=format!("/forms/support-sessions/{id}/raise-budget")
                on:submit=submit
            >
                <div class="dialog-body">
                    {move || general().map(|problem| view! { <ProblemNotice problem/> })}
                    <Fields kept present problem/>
                </div>
                <footer class="dialog-actions">
                    <ButtonLink href=close_href>"Cancel"</ButtonLink>
                    <button
                        type="submit"
                        class="button primary"
                        aria-busy=move || busy().to_string()
                        aria-disabled=move || busy().then_some("true")
                    >
                        "Raise budget"
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// Back to the page once the budget is raised; what was refused is shown.
fn follow_answer(
    raise: ServerAction<api::RaiseBudget>,
    problem: RwSignal<Option<Problem>>,
    done_href: String,
) {
    let changes = use_context::<SessionChanges>();
    let navigate = use_navigate();
    Effect::new(move || match raise.value().get() {
        Some(Ok(session)) => {
            if let Some(changes) = changes {
                changes.budget_raised(session);
            }
            let options = NavigateOptions {
                replace: true,
                scroll: false,
                ..NavigateOptions::default()
            };
            navigate(&done_href, options);
        }
        Some(Err(ApiError(refused))) => problem.set(Some(refused)),
        None => {}
    });
}

#[component]
fn Fields(
    kept: RaiseBudgetForm,
    present: u64,
    problem: RwSignal<Option<Problem>>,
) -> impl IntoView {
    let error = move |field: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| problem.as_ref()?.field(field).map(ToOwned::to_owned))
        })
    };
    let bounds = move || {
        format!(
            "More than {}, at most {}.",
            thousands(present),
            thousands(REQUESTS_TOTAL_MAX)
        )
    };
    view! {
        <Field
            id="requests-total"
            label="Requests in all"
            hint=bounds
            error=error("requests_total")
            let:control
        >
            <input
                id=control.id
                name="requests_total"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                autofocus=true
                value=kept.requests_total
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            />
        </Field>
        <Field
            id="raise-reason"
            label="Reason"
            hint=|| format!("At least {REASON_MIN} characters.")
            error=error("reason")
            let:control
        >
            <textarea
                id=control.id
                name="reason"
                rows="3"
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                {kept.reason}
            </textarea>
        </Field>
    }
}

fn read_form(form: &HtmlFormElement) -> RaiseBudgetForm {
    let Ok(data) = FormData::new_with_form(form) else {
        return RaiseBudgetForm::default();
    };
    let one = |name| data.get(name).as_string().unwrap_or_default();
    RaiseBudgetForm {
        requests_total: one("requests_total"),
        reason: one("reason"),
    }
}

/// The dialog when there is nothing to raise, or someone else must.
#[component]
fn NotToBeRaised(detail: SupportSessionDetail) -> impl IntoView {
    let close_href = session_path(detail.session.id);
    let is_active = detail.session.status(detail.at) == SupportSessionStatus::Active;
    let why = match (is_active, detail.session.limits.requests_total) {
        (false, _) => "This support session has already ended.",
        (true, None) => "This support session may make any number of requests.",
        (true, Some(_)) => "Only a super admin who does not hold the session may raise its budget.",
    };
    view! {
        <Dialog
            title="Raise budget".to_owned()
            description=|| "Nothing was raised."
            close_href=close_href.clone()
        >
            <div class="dialog-body">
                <div class="notice info">
                    <Icon name=IconName::Stopped size=18/>
                    <p>{why}</p>
                </div>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Back to the support session"</ButtonLink>
            </footer>
        </Dialog>
    }
    .into_any()
}
