//! What the page of a support session and the dialogs over it ask for.

use leptos::prelude::*;

use super::follow::SessionChanges;
use crate::{
    api::{self, DialogForm},
    components::{ClosedDialog, DialogPage, FormAct, Notice, Tone},
    domain::{
        SupportSessionId,
        flash::Flash,
        problem::Problem,
        support_sessions::{SupportSession, SupportSessionDetail},
    },
    paths,
};

pub(super) fn parse_id(id: &str) -> Result<SupportSessionId, Problem> {
    id.parse()
        .map_err(|_| Problem::not_found("support session"))
}

/// The page of a dialog over the page of a support session. Where the session can't be had, the page
/// below says so.
#[component]
pub(in crate::pages) fn SessionDialogPage(
    title: &'static str,
    show: fn(SupportSessionDetail, Option<Flash>) -> AnyView,
) -> impl IntoView {
    view! {
        <DialogPage
            title
            loading="Loading the support session…"
            about="support session"
            load=api::support_session
            object=|detail| format!("of {} in {}", detail.session.staff_name, detail.session.tenant_name)
            show=move |_, detail, flash| {
                detail.map_or_else(|_| ().into_any(), |detail| show(detail, flash))
            }
        />
    }
}

/// The dialog when nothing can be done with the session, and why.
pub(in crate::pages) fn closed_dialog(
    id: SupportSessionId,
    title: &'static str,
    nothing_done: &'static str,
    why: impl IntoView + 'static,
) -> AnyView {
    view! {
        <ClosedDialog
            title
            description=nothing_done
            close_href=paths::support_session(id)
            back="Back to the support session"
        >
            <Notice tone=Tone::Info>{why}</Notice>
        </ClosedDialog>
    }
    .into_any()
}

/// Goes back to the page of the session when the act is done. It shows the session as it is then, and
/// says what was done.
pub(in crate::pages) fn leave_when_done<A: DialogForm>(
    act: FormAct<A>,
    id: SupportSessionId,
    session: fn(A::Output) -> SupportSession,
) {
    let changes = use_context::<SessionChanges>();
    act.leave_when_done(paths::support_session(id), move |answer| {
        if let (Some(changes), Flash::Done(done)) = (changes, A::done(answer.clone())) {
            changes.show(session(answer), done);
        }
    });
}
