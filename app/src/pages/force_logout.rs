//! The dialog Force Logout All Sessions: names the tenant and how many user sessions end, asks for
//! the slug, and says afterwards how many ended.

use leptos::{
    ev::SubmitEvent,
    html,
    prelude::*,
    web_sys::{FormData, HtmlFormElement},
};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, Dialog, Field, Icon, IconName, Loading, ProblemNotice, Timestamp,
        focus_first_invalid, format::counted, kept_input, use_flash,
    },
    domain::{
        TenantId,
        flash::Flash,
        problem::{Problem, ProblemCode},
        user_sessions::{ForceLogoutDraft, ForceLogoutResult},
    },
    pages::tenant::TenantActs,
    query::encode,
};

/// The dialog Force Logout All Sessions. After a plain form it shows what the form's handler left.
#[component]
pub fn ForceLogoutPage() -> impl IntoView {
    let params = use_params_map();
    let tenant = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let flash = use_flash();
    let draft = Resource::new(move || tenant.get(), load);
    view! {
        <Title text="Force Logout All Sessions"/>
        <Suspense fallback=|| view! { <Loading label="Counting user sessions…"/> }>
            {move || Suspend::new(async move {
                let close_href = format!("/support/tenants/{}", encode(&tenant.get_untracked()));
                match (draft.await, flash.await) {
                    (Ok(draft), flash) => {
                        view! { <ForceLogoutDialog draft flash close_href/> }.into_any()
                    }
                    (Err(ApiError(problem)), _) => {
                        view! { <Unavailable problem close_href/> }.into_any()
                    }
                }
            })}
        </Suspense>
    }
}

async fn load(tenant: String) -> Result<ForceLogoutDraft, ApiError> {
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::not_found("tenant"))?;
    api::draft_force_logout(tenant).await
}

/// The act with its object and its number: title and button.
fn act(active_user_sessions: u64, tenant: &str) -> String {
    let sessions = match active_user_sessions {
        0 => "all user sessions".to_owned(),
        number => counted(number, "user session", "user sessions"),
    };
    format!("End {sessions} of {tenant}")
}

/// Checks what was typed before the server does.
fn check_slug(typed: &str, slug: &str) -> Option<Problem> {
    (typed.trim() != slug)
        .then(|| Problem::invalid_field("slug", format!("must be {slug}, as written above")))
}

#[component]
fn ForceLogoutDialog(
    draft: ForceLogoutDraft,
    flash: Option<Flash>,
    close_href: String,
) -> impl IntoView {
    let tenant = StoredValue::new(draft.tenant.name.clone());
    let act = act(draft.active_user_sessions, &draft.tenant.name);
    let logout = ServerAction::<api::ForceLogout>::new();
    let before = match &flash {
        Some(Flash::LoggedOut(result)) => Some(result.clone()),
        _ => None,
    };
    let acts = use_context::<TenantActs>();
    Effect::new(move || {
        let is_done = logout.value().with(|value| matches!(value, Some(Ok(_))));
        if let Some(acts) = acts.filter(|_| is_done) {
            acts.done();
        }
    });
    let result = Memo::new(move |_| {
        let answered = logout.value().get().and_then(Result::ok);
        answered.or_else(|| before.clone())
    });
    let title = {
        let act = act.clone();
        move || match result.with(Option::is_some) {
            true => format!("User sessions of {} have ended", tenant.get_value()),
            false => act.clone(),
        }
    };
    let description = move || {
        result.with(Option::is_none).then_some(
            "Force Logout All Sessions is irreversible: all of the tenant's active sessions are \
             terminated immediately. Users will need to sign in again.",
        )
    };
    let result_href = close_href.clone();
    view! {
        <Dialog
            title=Signal::derive(title)
            description=description
            close_href=close_href.clone()
            alert=true
        >
            {move || result.get().map(|result| {
                view! { <Ended result close_href=result_href.clone()/> }
            })}
            <div hidden=move || result.with(Option::is_some)>
                <LogoutForm draft flash act logout close_href/>
            </div>
        </Dialog>
    }
    .into_any()
}

#[component]
fn LogoutForm(
    draft: ForceLogoutDraft,
    flash: Option<Flash>,
    act: String,
    logout: ServerAction<api::ForceLogout>,
    close_href: String,
) -> impl IntoView {
    let typed = kept_input(flash.as_ref(), "slug");
    let problem = RwSignal::new(match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    });
    let form = NodeRef::<html::Form>::new();
    focus_first_invalid::<Problem>(form, problem.into());
    Effect::new(move || {
        if let Some(Err(ApiError(refused))) = logout.value().get() {
            problem.set(Some(refused));
        }
    });
    let busy = move || logout.pending().get();
    let tenant = draft.tenant.id.clone();
    let slug = StoredValue::new(draft.tenant.slug.clone());
    let submit = {
        let tenant = tenant.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            let Some(form) = form.get_untracked() else {
                return;
            };
            let is_done = logout
                .value()
                .with_untracked(|value| matches!(value, Some(Ok(_))));
            if is_done || logout.pending().get_untracked() {
                return;
            }
            let typed = text(&form, "slug");
            let refused = slug.with_value(|slug| check_slug(&typed, slug));
            if refused.is_none() {
                logout.dispatch(api::ForceLogout {
                    tenant: tenant.clone(),
                    slug: typed.trim().to_owned(),
                    idempotency_key: text(&form, "idempotency_key"),
                });
            }
            problem.set(refused);
        }
    };
    let error = Signal::derive(move || {
        problem.with(|problem| problem.as_ref()?.field("slug").map(ToOwned::to_owned))
    });
    let general = move || {
        let problem = problem.get();
        problem.filter(|p| p.code != ProblemCode::InvalidInput || p.fields.is_empty())
    };
    view! {
        <form
            node_ref=form
            method="post"
            action=format!("/forms/tenants/{}/force-logout", encode(tenant.as_str()))
            on:submit=submit
        >
            <div class="dialog-body">
                {move || general().map(|problem| view! { <ProblemNotice problem/> })}
                <Field
                    id="slug"
                    label=format!("Type {} to confirm", slug.get_value())
                    hint=|| "The tenant's slug. Pasting is fine."
                    error
                    let:control
                >
                    <input
                        id=control.id
                        name="slug"
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        autofocus=true
                        value=typed
                        aria-describedby=control.described_by
                        aria-invalid=control.invalid
                    />
                </Field>
                <input type="hidden" name="idempotency_key" value=draft.idempotency_key/>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Cancel"</ButtonLink>
                <button
                    type="submit"
                    class="button danger solid"
                    aria-busy=move || busy().to_string()
                    aria-disabled=move || busy().then_some("true")
                >
                    {act}
                </button>
            </footer>
        </form>
    }
    .into_any()
}

fn text(form: &HtmlFormElement, name: &str) -> String {
    FormData::new_with_form(form)
        .ok()
        .and_then(|data| data.get(name).as_string())
        .unwrap_or_default()
}

/// What was done, with its audit event.
#[component]
fn Ended(result: ForceLogoutResult, close_href: String) -> impl IntoView {
    let body = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(body) = body.get() {
            request_animation_frame(move || drop(body.focus()));
        }
    });
    let ended = counted(result.ended, "user session ended", "user sessions ended");
    view! {
        <div class="dialog-body" node_ref=body tabindex="-1">
            <div class="notice good" role="status">
                <Icon name=IconName::Good size=18/>
                <p>
                    <strong>{ended}</strong>
                    " at "
                    <Timestamp at=result.at/>
                    ". Users will need to sign in again."
                </p>
            </div>
            <p>
                <a class="link" href=format!("/audit/events/{}", result.audit_event_id)>
                    "Open the audit event"
                </a>
            </p>
        </div>
        <footer class="dialog-actions">
            <ButtonLink href=close_href class="primary">
                "Back to the tenant"
            </ButtonLink>
        </footer>
    }
    .into_any()
}

/// The dialog when there is nothing to confirm.
#[component]
fn Unavailable(problem: Problem, close_href: String) -> impl IntoView {
    crate::answer::set_status(problem.code.status());
    view! {
        <Dialog
            title="Force Logout All Sessions".to_owned()
            description=|| "Nobody was logged out."
            close_href=close_href.clone()
        >
            <div class="dialog-body">
                <ProblemNotice problem/>
            </div>
            <footer class="dialog-actions">
                <ButtonLink href=close_href>"Back to the tenant"</ButtonLink>
            </footer>
        </Dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_act_names_its_object_and_number() {
        assert_eq!(act(1, "Acme"), "End 1 user session of Acme");
        assert_eq!(act(1_214, "Acme"), "End 1,214 user sessions of Acme");
        assert_eq!(act(0, "Acme"), "End all user sessions of Acme");
    }

    #[test]
    fn the_slug_may_be_pasted_with_spaces_around_but_not_in_another_case() {
        assert_eq!(check_slug(" acme ", "acme"), None);
        for wrong in ["", "Acme", "acm"] {
            let problem = check_slug(wrong, "acme").unwrap();
            assert_eq!(
                problem.field("slug"),
                Some("must be acme, as written above")
            );
        }
    }
}
