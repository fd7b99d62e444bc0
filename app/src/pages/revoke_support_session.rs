//! The dialog Revoke Session: ends a support session early, with an optional reason.

use leptos::prelude::*;

use super::support_session::{SessionDialogPage, closed_dialog, leave_when_done};
use crate::{
    api,
    components::{FormAct, FormDialog, Outside, StatusBadge, TextArea},
    domain::{
        flash::Flash,
        shown::in_sentence,
        support_sessions::{
            REASON_MAX, RevokeForm, SupportSessionDetail, SupportSessionStatus,
            validate_revocation_reason,
        },
    },
    paths,
};

#[component]
pub fn RevokeSupportSessionPage() -> impl IntoView {
    view! {
        <SessionDialogPage
            title="Revoke Session"
            show=|detail, flash| match detail.may.revoke {
                true => view! { <RevokeDialog detail flash/> }.into_any(),
                false => not_revocable(&detail, flash),
            }
        />
    }
}

#[component]
fn RevokeDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let session = detail.session;
    let id = session.id;
    let title = format!(
        "Revoke {}’s session in {}",
        in_sentence(&session.staff_name),
        in_sentence(&session.tenant_name)
    );
    let description = move || {
        view! {
            "Access ends now: new requests are refused and open responses are cut off. "
            <strong><Outside text=session.staff_name.clone()/></strong>
            " loses access to "
            <strong><Outside text=session.tenant_name.clone()/></strong>
            ". This can't be undone."
        }
    };
    let kept: RevokeForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let act = FormAct::<api::RevokeSupportSession>::new(flash, None);
    leave_when_done(act, id, |answer| answer.session);
    let check = |form: &RevokeForm| validate_revocation_reason(&form.reason).map(drop);
    view! {
        <FormDialog
            act
            id
            title
            description
            alert=true
            check
            submit=Some("Revoke Session".to_owned())
        >
            <TextArea
                name="reason"
                label="Reason"
                optional=true
                hint=|| {
                    format!("Recorded in the tenant's audit log. At most {REASON_MAX} characters.")
                }
                autofocus=true
                value=kept.reason
                error=act.error("reason")
            />
            <input type="hidden" name="next" value=paths::support_session(id)/>
        </FormDialog>
    }
}

/// Says why, and who has ended it if a form was sent all the same, such as by the second of two clicks.
fn not_revocable(detail: &SupportSessionDetail, flash: Option<Flash>) -> AnyView {
    let status = detail.session.status(detail.at);
    let why = match (flash, status) {
        (Some(Flash::Refused { problem, .. }), _) => problem.detail,
        (_, SupportSessionStatus::Active) => {
            "Only its holder and super admins can revoke this support session.".to_owned()
        }
        _ => "This support session has already ended.".to_owned(),
    };
    let why = view! { {why} " " <StatusBadge status/> };
    closed_dialog(
        detail.session.id,
        "Revoke Session",
        "Nothing was revoked.",
        why,
    )
}
