//! The dialogs of one-time links: making one that resets a password or invites again, and revoking it.

use leptos::prelude::*;

use super::{
    StaffActs,
    confirm::{StaffDialogPage, Words, closed, confirm},
};
use crate::{
    api,
    components::{
        ButtonLink, CopyBlock, DoneBody, FormAct, FormDialog, Notice, Timestamp, Tone,
        format::Precision,
    },
    domain::{
        flash::Flash,
        form::NoFields,
        shown::in_sentence,
        staff::{LinkPurpose, StaffDetail, StaffLinkGiven},
    },
};

#[component]
pub fn MakeLinkPage() -> impl IntoView {
    let show = |detail: StaffDetail, flash: Option<Flash>| {
        if matches!(flash, Some(Flash::StaffLink(_))) {
            return view! { <MakeDialog detail flash/> }.into_any();
        }
        if detail.is_own {
            let why = "Change your own password under your account.";
            return closed(&detail, "Make a one-time link", why);
        }
        if detail.row.member.deactivated_at.is_some() {
            let why = "This account is deactivated. Reactivate it first.";
            return closed(&detail, "Make a one-time link", why);
        }
        view! { <MakeDialog detail flash/> }.into_any()
    };
    view! { <StaffDialogPage title="Make a one-time link" show/> }
}

#[component]
fn MakeDialog(detail: StaffDetail, flash: Option<Flash>) -> impl IntoView {
    let before = match &flash {
        Some(Flash::StaffLink(given)) => Some((**given).clone()),
        _ => None,
    };
    let act = FormAct::<api::MakeStaffLink>::new(flash, before);
    if let Some(acts) = use_context::<StaffActs>() {
        act.when_done(move |_| acts.changed());
    }
    let name = in_sentence(&detail.row.member.name);
    let replaces = "The link before stops working.".to_owned();
    let (title, follows) = match detail.row.pending {
        Some(LinkPurpose::Invitation) => {
            (format!("Make a new invitation link for {name}"), replaces)
        }
        Some(LinkPurpose::Reset) => (
            format!("Make a new link for {name} to choose a password"),
            replaces,
        ),
        None => (
            format!("Reset the password of {name}"),
            format!(
                "The password stops working now, and {name} is signed out everywhere. You get a one-time link with which \
                 {name} chooses a new one."
            ),
        ),
    };
    let submit = match detail.row.pending {
        Some(_) => "Make new link",
        None => "Reset password",
    };
    view! {
        <FormDialog
            act
            id=detail.row.member.id
            title
            done_title="One-time link"
            description=move || (!act.is_done()).then(|| follows.clone())
            alert=true
            check=|_: &NoFields| Ok(())
            submit=Some(submit.to_owned())
            done=given_link
        >
            ""
        </FormDialog>
    }
    .into_any()
}

fn given_link(given: StaffLinkGiven, close_href: String) -> AnyView {
    view! {
        <DoneBody>
            <GivenLink given/>
        </DoneBody>
        <footer class="dialog-actions">
            <ButtonLink href=close_href>"Done"</ButtonLink>
        </footer>
    }
    .into_any()
}

/// A new link, this once.
#[component]
pub(in crate::pages) fn GivenLink(given: StaffLinkGiven) -> impl IntoView {
    let name = in_sentence(&given.member.name);
    let what = match given.purpose {
        LinkPurpose::Invitation => {
            format!("Send this link to {name}. It invites them to choose a password.")
        }
        LinkPurpose::Reset => {
            format!("Send this link to {name}. With it they choose a new password.")
        }
    };
    view! {
        <p>{what}</p>
        <CopyBlock text=given.link what="one-time link"/>
        <p class="hint">
            "Copy it now, you won't see it again. It works once, until "
            <Timestamp at=given.expires_at precision=Precision::Minute/>
            ". Anyone who has it can take over the account, so don't send it through a public channel."
        </p>
        <Notice tone=Tone::Info>
            "The secret is the part after #. Browsers don't send it to any server until the form is submitted."
        </Notice>
    }
    .into_any()
}

#[component]
pub fn RevokeLinkPage() -> impl IntoView {
    let show = |detail: StaffDetail, flash| {
        if detail.link.is_none() {
            return closed(
                &detail,
                "Revoke one-time link",
                "There is no link that could be used.",
            );
        }
        let name = in_sentence(&detail.row.member.name);
        let words = Words {
            title: format!("Revoke the one-time link of {name}"),
            follows: "The link stops working now. You can make a new one later.".to_owned(),
            submit: "Revoke link",
            ends: true,
        };
        confirm::<api::RevokeStaffLink>(&detail, words, flash)
    };
    view! { <StaffDialogPage title="Revoke one-time link" show/> }
}
