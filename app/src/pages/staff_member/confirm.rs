//! The dialogs that end or give back access. Each only asks to confirm, and says what follows.

use leptos::{prelude::*, server_fn::ServerFn};

use super::StaffActs;
use crate::{
    api::{self, DialogForm},
    components::{ClosedDialog, DialogPage, FormAct, FormDialog, Notice, Tone, format::counted},
    domain::{
        StaffId,
        flash::Flash,
        form::NoFields,
        shown::in_sentence,
        staff::{StaffAnswer, StaffDetail},
    },
    paths,
};

/// What a dialog says.
pub(super) struct Words {
    /// Names the act and the person.
    pub(super) title: String,
    /// What follows from it.
    pub(super) follows: String,
    pub(super) submit: &'static str,
    /// Whether it ends something.
    pub(super) ends: bool,
}

#[component]
pub fn DeactivatePage() -> impl IntoView {
    let show = |detail: StaffDetail, flash| {
        let member = &detail.row.member;
        if member.deactivated_at.is_some() {
            return closed(
                &detail,
                "Deactivate",
                "This account is deactivated already.",
            );
        }
        if detail.is_last_super_admin {
            let why = "This is the last super admin. Make someone else a super admin first.";
            return closed(&detail, "Deactivate", why);
        }
        let name = in_sentence(&member.name);
        let words = Words {
            title: format!("Deactivate {name}"),
            follows: format!(
                "{name} can't sign in any more. This ends now: {}. You can reactivate the account later.",
                open_now(&detail)
            ),
            submit: "Deactivate",
            ends: true,
        };
        confirm::<api::DeactivateStaff>(&detail, words, flash)
    };
    view! { <StaffDialogPage title="Deactivate" show/> }
}

#[component]
pub fn ReactivatePage() -> impl IntoView {
    let show = |detail: StaffDetail, flash| {
        let member = &detail.row.member;
        if member.deactivated_at.is_none() {
            return closed(&detail, "Reactivate", "This account is not deactivated.");
        }
        let name = in_sentence(&member.name);
        let words = Words {
            title: format!("Reactivate {name}"),
            follows: format!(
                "{name} can sign in again with the same password and these roles: {}.",
                member.roles_in_words()
            ),
            submit: "Reactivate",
            ends: false,
        };
        confirm::<api::ReactivateStaff>(&detail, words, flash)
    };
    view! { <StaffDialogPage title="Reactivate" show/> }
}

#[component]
pub fn EndSignInsPage() -> impl IntoView {
    let show = |detail: StaffDetail, flash| {
        let count = detail.sign_ins.len() as u64;
        if count == 0 {
            return closed(
                &detail,
                "Sign out everywhere",
                "This person is not signed in anywhere.",
            );
        }
        let name = in_sentence(&detail.row.member.name);
        let words = Words {
            title: format!(
                "Sign {name} out of {}",
                counted(count, "browser", "browsers")
            ),
            follows: "Open pages close now. The person can sign in again with their password. \
                      Support sessions are not affected."
                .to_owned(),
            submit: "Sign out everywhere",
            ends: true,
        };
        confirm::<api::EndSignIns>(&detail, words, flash)
    };
    view! { <StaffDialogPage title="Sign out everywhere" show/> }
}

/// What the person has open: `2 sign-ins and 1 active support session`.
fn open_now(detail: &StaffDetail) -> String {
    let sign_ins = counted(detail.sign_ins.len() as u64, "sign-in", "sign-ins");
    let active = detail.row.active_support_sessions;
    let sessions = counted(active, "active support session", "active support sessions");
    format!("{sign_ins} and {sessions}")
}

/// The page of a dialog over the page of a staff member. Where the person can't be had, the page below says so.
#[component]
pub(super) fn StaffDialogPage(
    title: &'static str,
    show: fn(StaffDetail, Option<Flash>) -> AnyView,
) -> impl IntoView {
    view! {
        <DialogPage
            title
            loading="Loading the staff member…"
            about="staff member"
            load=api::staff_member
            object=|detail| format!("· {}", detail.row.member.name)
            show=move |_, detail, flash| {
                detail.map_or_else(|_| ().into_any(), |detail| show(detail, flash))
            }
        />
    }
}

/// The dialog when there is nothing to do, and why.
pub(super) fn closed(detail: &StaffDetail, title: &'static str, why: &'static str) -> AnyView {
    view! {
        <ClosedDialog
            title
            description="Nothing was changed."
            close_href=paths::staff_member(detail.row.member.id)
            back="Back to the staff member"
        >
            <Notice tone=Tone::Info>{why}</Notice>
        </ClosedDialog>
    }
    .into_any()
}

pub(super) fn confirm<A>(detail: &StaffDetail, words: Words, flash: Option<Flash>) -> AnyView
where
    A: DialogForm<Id = StaffId, Form = NoFields> + ServerFn<Output = StaffAnswer>,
{
    let id = detail.row.member.id;
    let act = FormAct::<A>::new(flash, None);
    leave_when_done(act, id);
    let Words {
        title,
        follows,
        submit,
        ends,
    } = words;
    view! {
        <FormDialog
            act
            id
            title
            description=move || follows.clone()
            alert=ends
            check=|_: &NoFields| Ok(())
            submit=Some(submit.to_owned())
        >
            ""
        </FormDialog>
    }
    .into_any()
}

/// Goes back to the page of the staff member when the act is done. It says what was done.
pub(super) fn leave_when_done<A>(act: FormAct<A>, id: StaffId)
where
    A: DialogForm + ServerFn<Output = StaffAnswer>,
{
    let acts = use_context::<StaffActs>();
    act.leave_when_done(paths::staff_member(id), move |answer| {
        if let (Some(acts), Flash::Done(done)) = (acts, A::done(answer)) {
            acts.done(done);
        }
    });
}
