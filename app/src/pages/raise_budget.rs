//! The dialog Raise budget: a super admin lets another's support session make more requests.

use leptos::{prelude::*, web_sys::FormData};

use super::support_session::{SessionChanges, SessionDialogPage};
use crate::{
    api,
    components::{
        ClosedDialog, Field, FormAct, FormDialog, Notice, Tone, format::thousands, read_form,
    },
    domain::{
        flash::Flash,
        support_sessions::{
            REASON_MIN, REQUESTS_TOTAL_MAX, RaiseBudgetForm, SupportSessionDetail,
            SupportSessionStatus,
        },
    },
    paths,
};

/// The dialog Raise budget.
#[component]
pub fn RaiseBudgetPage() -> impl IntoView {
    view! {
        <SessionDialogPage
            title="Raise budget"
            show=|detail, flash| match detail.may_raise_budget {
                true => view! { <RaiseDialog detail flash/> }.into_any(),
                false => view! { <NotToBeRaised detail/> }.into_any(),
            }
        />
    }
}

#[component]
fn RaiseDialog(detail: SupportSessionDetail, flash: Option<Flash>) -> impl IntoView {
    let session = detail.session;
    let (id, present) = (
        session.id,
        session.limits.requests_total.unwrap_or_default(),
    );
    let close_href = paths::support_session(id);
    let kept: RaiseBudgetForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let act = FormAct::<api::RaiseBudget>::new(flash, None);
    let changes = use_context::<SessionChanges>();
    act.leave_when_done(close_href.clone(), move |session| {
        if let Some(changes) = changes {
            let total = thousands(session.limits.requests_total.unwrap_or_default());
            changes.show(session, format!("Budget raised to {total} requests."));
        }
    });
    let read = move |form: &FormData| {
        let form: RaiseBudgetForm = read_form(form)?;
        form.validate(present.saturating_add(1))?;
        Ok(api::RaiseBudget { id, form })
    };
    let used = format!(
        "{} of {} requests used. The tenant can see this in its audit log.",
        thousands(session.requests_forwarded),
        thousands(present)
    );
    view! {
        <FormDialog
            act
            title=format!("Raise {}’s budget in {}", session.staff_name, session.tenant_name)
            description=move || used.clone()
            close_href
            action=paths::forms::of(paths::forms::RAISE_BUDGET, id)
            read
            submit="Raise budget".to_owned()
        >
            <Fields act kept present/>
        </FormDialog>
    }
}

#[component]
fn Fields(act: FormAct<api::RaiseBudget>, kept: RaiseBudgetForm, present: u64) -> impl IntoView {
    let bounds = move || {
        format!(
            "Enter a number between {} and {}.",
            thousands(present.saturating_add(1)),
            thousands(REQUESTS_TOTAL_MAX)
        )
    };
    view! {
        <Field
            id="requests-total"
            label="Total requests allowed"
            hint=bounds
            error=act.error("requests_total")
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
            error=act.error("reason")
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

/// The dialog when there is nothing to raise, or someone else must.
#[component]
fn NotToBeRaised(detail: SupportSessionDetail) -> impl IntoView {
    let is_active = detail.session.status(detail.at) == SupportSessionStatus::Active;
    let why = match (is_active, detail.session.limits.requests_total) {
        (false, _) => "This support session has already ended.",
        (true, None) => "This support session has no request limit.",
        (true, Some(_)) => {
            "You can't raise this budget. Only a super admin can, and not for their own session."
        }
    };
    view! {
        <ClosedDialog
            title="Raise budget"
            description="The budget is unchanged."
            close_href=paths::support_session(detail.session.id)
            back="Back to the support session"
        >
            <Notice tone=Tone::Info>{why}</Notice>
        </ClosedDialog>
    }
}
