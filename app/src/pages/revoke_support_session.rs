//! The dialog Revoke Session: ends a support session early, with an optional reason.

use leptos::{prelude::*, web_sys::FormData};

use super::support_session::{SessionChanges, SessionDialogPage};
use crate::{
    api,
    components::{ClosedDialog, Field, FormAct, FormDialog, Notice, StatusBadge, Tone, read_form},
    domain::{
        flash::Flash,
        support_sessions::{
            REASON_MAX, RevokeForm, SupportSessionDetail, SupportSessionStatus,
            validate_revocation_reason,
        },
    },
    paths,
};

/// The dialog Revoke Session.
#[component]
pub fn RevokeSupportSessionPage() -> impl IntoView {
    view! {
        <SessionDialogPage
            title="Revoke Session"
            show=|detail, flash| match detail.may_revoke {
                true => view! { <RevokeDialog detail flash/> }.into_any(),
                false => view! { <NotRevocable detail/> }.into_any(),
            }
        />
    }
}

#[component]
fn RevokeDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let session = detail.session;
    let id = session.id;
    let close_href = paths::support_session(id);
    let title = format!(
        "Revoke {}’s session in {}",
        session.staff_name, session.tenant_name
    );
    let description = move || {
        view! {
            "Access ends now: new requests are refused and open responses are cut off. "
            <strong>{session.staff_name.clone()}</strong>
            " loses access to "
            <strong>{session.tenant_name.clone()}</strong>
            ". This can't be undone."
        }
    };
    let kept: RevokeForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let act = FormAct::<api::RevokeSupportSession>::new(flash, None);
    let changes = use_context::<SessionChanges>();
    act.leave_when_done(close_href.clone(), move |session| {
        if let Some(changes) = changes {
            let message = format!("Session in {} revoked.", session.tenant_name);
            changes.show(session, message);
        }
    });
    let read = move |form: &FormData| {
        let RevokeForm { reason, .. } = read_form(form)?;
        validate_revocation_reason(&reason)?;
        Ok(api::RevokeSupportSession { id, reason })
    };
    view! {
        <FormDialog
            act
            title
            description
            close_href=close_href.clone()
            alert=true
            action=paths::forms::of(paths::forms::REVOKE, id)
            read
            submit="Revoke Session".to_owned()
        >
            <Field
                id="revoke-reason"
                label="Reason"
                optional=true
                hint=|| {
                    format!("Recorded in the tenant's audit log. At most {REASON_MAX} characters.")
                }
                error=act.error("reason")
                let:control
            >
                <textarea
                    id=control.id
                    name="reason"
                    rows="3"
                    autofocus=true
                    aria-describedby=control.described_by
                    aria-invalid=control.invalid
                >
                    {kept.reason}
                </textarea>
            </Field>
            <input type="hidden" name="next" value=close_href/>
        </FormDialog>
    }
}

/// The dialog when the session has ended, or belongs to someone else.
#[component]
fn NotRevocable(detail: SupportSessionDetail) -> impl IntoView {
    let status = detail.session.status(detail.at);
    let why = match status {
        SupportSessionStatus::Active => {
            "Only its holder and super admins can revoke this support session."
        }
        _ => "This support session has already ended.",
    };
    view! {
        <ClosedDialog
            title="Revoke Session"
            description="Nothing was revoked."
            close_href=paths::support_session(detail.session.id)
            back="Back to the support session"
        >
            <Notice tone=Tone::Info>{why} " " <StatusBadge status/></Notice>
        </ClosedDialog>
    }
}
