//! The dialog Raise budget: a super admin lets another's support session make more requests.

use leptos::prelude::*;

use super::support_session::{SessionDialogPage, closed_dialog, leave_when_done};
use crate::{
    api,
    components::{
        FormAct, FormDialog, TextArea, TextField,
        format::{counted, thousands},
    },
    domain::{
        flash::Flash,
        shown::in_sentence,
        support_sessions::{
            REASON_MIN, REQUESTS_TOTAL_MAX, RaiseBudgetForm, SupportSession, SupportSessionDetail,
            SupportSessionStatus,
        },
    },
};

#[component]
pub fn RaiseBudgetPage() -> impl IntoView {
    view! {
        <SessionDialogPage
            title="Raise budget"
            show=|detail, flash| match detail.session.limits.requests_total {
                Some(present) if detail.may.raise_budget => {
                    let session = detail.session;
                    view! { <RaiseDialog session present flash/> }.into_any()
                }
                _ => not_to_be_raised(&detail),
            }
        />
    }
}

#[component]
fn RaiseDialog(session: SupportSession, present: u64, flash: Option<Flash>) -> impl IntoView {
    let id = session.id;
    let kept: RaiseBudgetForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let act = FormAct::<api::RaiseBudget>::new(flash, None);
    leave_when_done(act, id, |answer| answer.session);
    let least = present.saturating_add(1);
    let check = move |form: &RaiseBudgetForm| form.validate(least).map(drop);
    let used = format!(
        "{} of {} used. The tenant can see this in its audit log.",
        thousands(session.requests_forwarded),
        counted(present, "request", "requests")
    );
    let bounds = move || {
        let (least, most) = (thousands(least), thousands(REQUESTS_TOTAL_MAX));
        format!("Enter a number between {least} and {most}.")
    };
    view! {
        <FormDialog
            act
            id
            title=format!(
                "Raise {}’s budget in {}",
                in_sentence(&session.staff_name),
                in_sentence(&session.tenant_name)
            )
            description=move || used.clone()
            check
            submit=Some("Raise budget".to_owned())
        >
            <TextField
                name="requests_total"
                label="Total requests allowed"
                hint=bounds
                inputmode="numeric"
                autofocus=true
                value=kept.requests_total
                error=act.error("requests_total")
            />
            <TextArea
                name="reason"
                label="Reason"
                hint=|| format!("At least {REASON_MIN} characters.")
                value=kept.reason
                error=act.error("reason")
            />
        </FormDialog>
    }
}

fn not_to_be_raised(detail: &SupportSessionDetail) -> AnyView {
    let is_active = detail.session.status(detail.at) == SupportSessionStatus::Active;
    let why = match (is_active, detail.session.limits.requests_total) {
        (false, _) => "This support session has already ended.",
        (true, None) => "This support session has no request limit.",
        (true, Some(_)) => {
            "You can't raise this budget. Only a super admin can, and not for their own session."
        }
    };
    closed_dialog(
        detail.session.id,
        "Raise budget",
        "The budget is unchanged.",
        why,
    )
}
