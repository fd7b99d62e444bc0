//! The dialog Force Logout All Sessions: names the tenant and how many user sessions end, asks for
//! the slug, and says afterwards how many ended.

use leptos::{prelude::*, web_sys::FormData};

use crate::{
    answer::set_status,
    api::{self, ApiError},
    components::{
        ButtonLink, ClosedDialog, DialogPage, DoneBody, Field, FormAct, FormDialog, Notice,
        ProblemNotice, Timestamp, Tone, format::counted, read_form,
    },
    domain::{
        TenantId,
        flash::Flash,
        problem::Problem,
        user_sessions::{ForceLogoutDraft, ForceLogoutForm, ForceLogoutResult},
    },
    pages::tenant::TenantActs,
    paths,
};

/// The dialog Force Logout All Sessions. After a plain form it shows the handler's result.
#[component]
pub fn ForceLogoutPage() -> impl IntoView {
    view! {
        <DialogPage
            title="Force Logout All Sessions"
            loading="Counting user sessions…"
            load
            show=|id, draft, flash| {
                let close_href = paths::tenant(id);
                match draft {
                    Ok(draft) => view! { <ForceLogoutDialog draft flash close_href/> }.into_any(),
                    Err(ApiError(problem)) => {
                        view! { <Unavailable problem close_href/> }.into_any()
                    }
                }
            }
        />
    }
}

async fn load(tenant: String) -> Result<ForceLogoutDraft, ApiError> {
    let tenant: TenantId = tenant.parse().map_err(|_| Problem::not_found("tenant"))?;
    api::draft_force_logout(tenant).await
}

/// The act with its object and its number: title and button.
fn act_text(active_user_sessions: u64, tenant: &str) -> String {
    let sessions = match active_user_sessions {
        0 => "all users".to_owned(),
        number => counted(number, "user session", "user sessions"),
    };
    format!("Sign out {sessions} of {tenant}")
}

fn warning(active_user_sessions: u64, tenant: &str) -> String {
    let what = match active_user_sessions {
        0 => format!(
            "No one is signed in to {tenant}. Force logout also ends user sessions that began \
             before now and are registered later."
        ),
        _ => format!("All users of {tenant} are signed out now and must sign in again."),
    };
    format!("{what} This can't be undone. Support sessions are not affected.")
}

/// Checks the input before the server does.
fn check_slug(typed: &str, slug: &str) -> Result<(), Problem> {
    match typed.trim() == slug {
        true => Ok(()),
        false => Err(Problem::invalid_field(
            "slug",
            format!("that doesn't match. Type {slug}"),
        )),
    }
}

#[component]
fn ForceLogoutDialog(
    draft: ForceLogoutDraft,
    flash: Option<Flash>,
    close_href: String,
) -> impl IntoView {
    let tenant = draft.tenant;
    let kept: ForceLogoutForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let before = match &flash {
        Some(Flash::LoggedOut(result)) => Some(result.clone()),
        _ => None,
    };
    let act = FormAct::<api::ForceLogout>::new(flash, before);
    if let Some(acts) = use_context::<TenantActs>() {
        act.when_done(move |_| acts.done());
    }
    let what = act_text(draft.active_user_sessions, &tenant.name);
    let warning = warning(draft.active_user_sessions, &tenant.name);
    let title = {
        let what = what.clone();
        move || match act.is_done() {
            true => format!("Users of {} signed out", tenant.name),
            false => what.clone(),
        }
    };
    let description = move || (!act.is_done()).then(|| warning.clone());
    let done_href = close_href.clone();
    let done = move || {
        let result = act.answer().get();
        result.map(|result| view! { <Ended result close_href=done_href.clone()/> })
    };
    let (id, slug) = (tenant.id.clone(), tenant.slug.clone());
    let read = move |form: &FormData| {
        let form: ForceLogoutForm = read_form(form)?;
        check_slug(&form.slug, &slug)?;
        Ok(api::ForceLogout {
            tenant: id.clone(),
            slug: form.slug,
            idempotency_key: form.idempotency_key,
        })
    };
    view! {
        <FormDialog
            act
            title=Signal::derive(title)
            description
            close_href
            alert=true
            action=paths::forms::of(paths::forms::FORCE_LOGOUT, &tenant.id)
            read
            submit=what
            done
        >
            <SlugField slug=tenant.slug kept=kept.slug error=act.error("slug")/>
            <input type="hidden" name="idempotency_key" value=draft.idempotency_key/>
        </FormDialog>
    }
}

#[component]
fn SlugField(slug: String, kept: String, error: Signal<Option<String>>) -> impl IntoView {
    view! {
        <Field
            id="slug"
            label=format!("Type {slug} to confirm")
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
                value=kept
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            />
        </Field>
    }
}

/// The result, with a link to its audit event.
#[component]
fn Ended(result: ForceLogoutResult, close_href: String) -> impl IntoView {
    let ended = counted(result.ended, "user session ended", "user sessions ended");
    view! {
        <DoneBody>
            <Notice tone=Tone::Good spoken=true>
                <strong>{ended}</strong>
                " at "
                <Timestamp at=result.at/>
                ". Users will need to sign in again."
            </Notice>
            <p>
                <a class="link" href=paths::audit_event(result.audit_event_id)>
                    "View audit event"
                </a>
            </p>
        </DoneBody>
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
    set_status(problem.code.status());
    view! {
        <ClosedDialog
            title="Force Logout All Sessions"
            description="No one was signed out."
            close_href
            back="Back to the tenant"
        >
            <ProblemNotice problem/>
        </ClosedDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_act_names_its_object_and_number() {
        assert_eq!(act_text(1, "Acme"), "Sign out 1 user session of Acme");
        assert_eq!(
            act_text(1_214, "Acme"),
            "Sign out 1,214 user sessions of Acme"
        );
        assert_eq!(act_text(0, "Acme"), "Sign out all users of Acme");
    }

    #[test]
    fn the_slug_may_be_pasted_with_spaces_around_but_not_in_another_case() {
        assert_eq!(check_slug(" acme ", "acme"), Ok(()));
        for wrong in ["", "Acme", "acm"] {
            let problem = check_slug(wrong, "acme").unwrap_err();
            assert_eq!(problem.field("slug"), Some("that doesn't match. Type acme"));
        }
    }
}
