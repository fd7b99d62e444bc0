//! The dialog Force Logout All Sessions: names the tenant and how many user sessions end, asks for
//! the slug, and says afterwards how many ended.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, ClosedDialog, DialogPage, DoneBody, FormAct, FormDialog, Notice, TextField,
        Timestamp, Tone, format::counted, refused_dialog,
    },
    domain::{
        flash::Flash,
        problem::Problem,
        shown::in_sentence,
        user_sessions::{ForceLogoutAnswer, ForceLogoutDraft, ForceLogoutForm},
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
            about="tenant"
            load=api::draft_force_logout
            object=|draft| format!("of {}", draft.tenant.name)
            show=|id, draft, flash| {
                match draft {
                    // A form that was sent before is answered, also where no one is signed in now.
                    Ok(draft) if draft.active_user_sessions == 0 && flash.is_none() => {
                        nobody(&draft)
                    }
                    Ok(draft) => view! { <ForceLogoutDialog draft flash/> }.into_any(),
                    Err(ApiError(problem)) => refused_dialog(
                        "Force Logout All Sessions",
                        "No one was signed out.",
                        problem,
                        paths::tenant(id),
                        "Back to the tenant",
                    ),
                }
            }
        />
    }
}

/// There is nothing to end.
fn nobody(draft: &ForceLogoutDraft) -> AnyView {
    let tenant = in_sentence(&draft.tenant.name);
    view! {
        <ClosedDialog
            title="Force Logout All Sessions"
            description="No one was signed out."
            close_href=paths::tenant(&draft.tenant.id)
            back="Back to the tenant"
        >
            <Notice tone=Tone::Info>{format!("No one is signed in to {tenant}.")}</Notice>
        </ClosedDialog>
    }
    .into_any()
}

/// The act with its object and its number: title and button.
fn act_text(active_user_sessions: u64, tenant: &str) -> String {
    let tenant = in_sentence(tenant);
    let sessions = match active_user_sessions {
        0 => "all users".to_owned(),
        number => counted(number, "user session", "user sessions"),
    };
    format!("Sign out {sessions} of {tenant}")
}

fn warning(active_user_sessions: u64, tenant: &str) -> String {
    let tenant = in_sentence(tenant);
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
fn ForceLogoutDialog(draft: ForceLogoutDraft, flash: Option<Flash>) -> impl IntoView {
    let tenant = draft.tenant.clone();
    let kept: ForceLogoutForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let before = match &flash {
        Some(Flash::LoggedOut(answer)) => Some((**answer).clone()),
        _ => None,
    };
    let act = FormAct::<api::ForceLogout>::new(flash, before);
    if let Some(acts) = use_context::<TenantActs>() {
        act.when_done(move |_| acts.done());
    }
    // A form that had been sent before is followed by a fresh one.
    let draft = Memo::new(move |_| {
        let again = act.answer().with(|answer| answer.as_ref()?.again.clone());
        again.unwrap_or_else(|| draft.clone())
    });
    let text = move |of: fn(u64, &str) -> String| {
        draft.with(|draft| of(draft.active_user_sessions, &draft.tenant.name))
    };
    let what = Signal::derive(move || text(act_text));
    let description = move || (!act.is_done()).then(|| text(warning));
    let repeated = move || act.answer().get().and_then(repeated);
    let slug = tenant.slug.clone();
    let check = move |form: &ForceLogoutForm| check_slug(&form.slug, &slug);
    view! {
        <FormDialog
            act
            id=tenant.id
            title=what
            done_title=format!("Users of {} signed out", in_sentence(&tenant.name))
            description
            alert=true
            check
            submit=Signal::derive(move || Some(what.get()))
            done=ended
        >
            {repeated}
            <TextField
                name="slug"
                label=format!("Type {} to confirm", tenant.slug)
                hint=|| "The tenant's slug. Pasting is fine."
                autocapitalize="none"
                autofocus=true
                value=kept.slug
                error=act.error("slug")
            />
            <input
                type="hidden"
                name="idempotency_key"
                value=move || draft.with(|draft| draft.idempotency_key.clone())
            />
        </FormDialog>
    }
}

/// That this form had been sent before, and how things stand now.
fn repeated(ForceLogoutAnswer { result, again }: ForceLogoutAnswer) -> Option<AnyView> {
    let active = counted(
        again?.active_user_sessions,
        "user session is",
        "user sessions are",
    );
    let ended = counted(result.ended, "user session ended", "user sessions ended");
    let notice = view! {
        <Notice tone=Tone::Info spoken=true>
            <strong>"Nothing was done now"</strong>
            ": this form was sent at "
            <Timestamp at=result.at/>
            ", and "
            {ended}
            " then"
            {format!(". {active} active now. ")}
            <a class="link" href=paths::audit_event(result.audit_event_id)>
                "View audit event"
            </a>
        </Notice>
    };
    Some(notice.into_any())
}

/// The result, with a link to its audit event.
fn ended(ForceLogoutAnswer { result, .. }: ForceLogoutAnswer, close_href: String) -> AnyView {
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
