//! The dialog Revoke Session: ends a support session early, with an optional reason.

use leptos::{ev::SubmitEvent, html, prelude::*};
use leptos_meta::Title;
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_params_map},
};

use super::support_session::{SessionChanges, load, session_path};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, Dialog, Field, Icon, IconName, Loading, ProblemNotice, StatusBadge,
        focus_first_invalid, kept_input, use_flash,
    },
    domain::{
        flash::Flash,
        problem::{Problem, ProblemCode},
        support_sessions::{REASON_MAX, SupportSessionDetail, validate_revocation_reason},
    },
};

/// The dialog Revoke Session.
#[component]
pub fn RevokeSupportSessionPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let flash = use_flash();
    let detail = Resource::new(move || id.get(), load);
    view! {
        <Title text="Revoke Session"/>
        <Suspense fallback=|| view! { <Loading label="Loading the support session…"/> }>
            {move || Suspend::new(async move {
                // What can't be shown is the page's to say.
                let (detail, flash) = (detail.await.ok()?, flash.await);
                Some(if detail.may_revoke {
                    view! { <RevokeDialog detail flash/> }.into_any()
                } else {
                    view! { <NotRevocable detail/> }.into_any()
                })
            })}
        </Suspense>
    }
}

#[component]
fn RevokeDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let session = detail.session;
    let close_href = session_path(session.id);
    let (holder, tenant) = (session.staff_name.clone(), session.tenant_name.clone());
    let description = move || {
        view! {
            "The next request is refused, and open answers are cut. "
            <strong>{holder.clone()}</strong>
            " loses access to "
            <strong>{tenant.clone()}</strong>
            " at once; this can't be undone."
        }
    };
    let revoke = ServerAction::<api::RevokeSupportSession>::new();
    let typed = kept_input(flash.as_ref(), "reason");
    let problem = RwSignal::new(match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    });
    let changes = use_context::<SessionChanges>();
    let navigate = use_navigate();
    let done_href = close_href.clone();
    Effect::new(move || match revoke.value().get() {
        Some(Ok(session)) => {
            if let Some(changes) = changes {
                changes.revoked(session);
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
    let form = NodeRef::<html::Form>::new();
    let area = NodeRef::<html::Textarea>::new();
    focus_first_invalid::<Problem>(form, problem.into());
    let busy = move || revoke.pending().get();
    let id = session.id;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(area) = area.get_untracked() else {
            return;
        };
        if revoke.pending().get_untracked() {
            return;
        }
        let reason = area.value();
        let refused = validate_revocation_reason(&reason).err();
        if refused.is_none() {
            revoke.dispatch(api::RevokeSupportSession { id, reason });
        }
        problem.set(refused);
    };
    let error = Signal::derive(move || {
        problem.with(|problem| problem.as_ref()?.field("reason").map(ToOwned::to_owned))
    });
    let general = move || {
        let problem = problem.get();
        problem.filter(|p| p.code != ProblemCode::InvalidInput || p.fields.is_empty())
    };
    view! {
        <Dialog
            title=format!("Revoke {}’s session in {}", session.staff_name, session.tenant_name)
            description=description
            close_href=close_href.clone()
            alert=true
        >
            <form
                node_ref=form
                method="post"
                action=format!("/forms/support-sessions/{id}/revoke")
                on:submit=submit
            >
                <div class="dialog-body">
                    {move || general().map(|problem| view! { <ProblemNotice problem/> })}
                    <Field
                        id="revoke-reason"
                        label="Reason"
                        optional=true
                        hint=|| format!(
                            "Recorded in the tenant's audit log; at most {REASON_MAX} characters.",
                        )
                        error
                        let:control
                    >
                        <textarea
                            node_ref=area
                            id=control.id
                            name="reason"
                            rows="3"
                            autofocus=true
                            aria-describedby=control.described_by
                            aria-invalid=control.invalid
                        >
                            {typed}
                        </textarea>
                    </Field>
                    <input type="hidden" name="next" value=close_href.clone()/>
                </div>
                <footer class="dialog-actions">
                    <ButtonLink href=close_href>"Cancel"</ButtonLink>
                    <button
                        type="submit"
                        class="button danger solid"
                        aria-busy=move || busy().to_string()
                        aria-disabled=move || busy().then_some("true")
                    >
                        "Revoke Session"
                    </button>
                </footer>
            </form>
        </Dialog>
    }
    .into_any()
}

/// The dialog when the session has ended, or belongs to someone else.
#[component]
fn NotRevocable(detail: SupportSessionDetail) -> impl IntoView {
    let status = detail.session.status(detail.at);
    let close_href = session_path(detail.session.id);
    let why = match status {
        crate::domain::support_sessions::SupportSessionStatus::Active => {
            "Only its holder and super admins may revoke this support session."
        }
        _ => "This support session has already ended.",
    };
    view! {
        <Dialog
            title="Revoke Session".to_owned()
            description=|| "Nothing was revoked."
            close_href=close_href.clone()
        >
            <div class="dialog-body">
                <div class="notice info">
                    <Icon name=IconName::Stopped size=18/>
                    <p>{why} " " <StatusBadge status/></p>
                </div>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Back to the support session"</ButtonLink>
            </footer>
        </Dialog>
    }
    .into_any()
}
