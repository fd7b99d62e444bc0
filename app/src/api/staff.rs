//! The signed-in staff member, and what the configuration says to staff.

use leptos::prelude::*;

use super::{ApiError, DialogForm, Json};
use crate::{
    components::format::counted,
    domain::{
        StaffId,
        flash::{Done, Flash},
        form::NoFields,
        page::PageRequest,
        settings as config, signed_in,
        staff::{
            OwnSignIns, RolesForm, StaffAnswer, StaffDetail, StaffFilter, StaffLinkGiven, StaffList,
        },
    },
    paths::{self, Dialog},
};

#[server(prefix = "/_fn", endpoint = "signed_in", protocol = Json)]
pub async fn signed_in() -> Result<Option<signed_in::SignedIn>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.signed_in(&context).await?)
}

#[server(prefix = "/_fn", endpoint = "any_staff", protocol = Json)]
pub async fn any_staff() -> Result<bool, ApiError> {
    let (console, _) = super::asked()?;
    Ok(console.staff.any_staff().await?)
}

#[server(prefix = "/_fn", endpoint = "settings", protocol = Json)]
pub async fn settings() -> Result<config::Settings, ApiError> {
    use crate::domain::policy::{Act, authorise, unauthenticated};

    let (console, context) = super::asked()?;
    let signed_in = console.staff.signed_in(&context).await?;
    let now = signed_in.ok_or_else(unauthenticated)?.now;
    authorise(&context.caller, Act::ReadTenants, now)?;
    Ok((*console.settings).clone())
}

/// One page of staff members.
#[server(prefix = "/_fn", endpoint = "list_staff", protocol = Json)]
pub async fn list_staff(filter: StaffFilter, page: PageRequest) -> Result<StaffList, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.list(&context, filter, page).await?)
}

#[server(prefix = "/_fn", endpoint = "staff_member", protocol = Json)]
pub async fn staff_member(id: StaffId) -> Result<StaffDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.detail(&context, id).await?)
}

/// Says that someone is at the page. The sign-in's idle limit begins anew.
#[server(prefix = "/_fn", endpoint = "note_use", protocol = Json)]
pub async fn note_use() -> Result<(), ApiError> {
    use crate::domain::policy::unauthenticated;

    let (console, context) = super::asked()?;
    let signed_in = console.staff.signed_in(&context).await?;
    Ok(signed_in.map(drop).ok_or_else(unauthenticated)?)
}

/// The caller's own open sign-ins.
#[server(prefix = "/_fn", endpoint = "list_own_sign_ins", protocol = Json)]
pub async fn list_own_sign_ins() -> Result<OwnSignIns, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.own_sign_ins(&context).await?)
}

#[server(prefix = "/_fn", endpoint = "set_staff_roles", protocol = Json)]
pub async fn set_staff_roles(id: StaffId, form: RolesForm) -> Result<StaffAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.set_roles(&context, id, form).await?)
}

#[server(prefix = "/_fn", endpoint = "deactivate_staff", protocol = Json)]
pub async fn deactivate_staff(id: StaffId) -> Result<StaffAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.deactivate(&context, id).await?)
}

#[server(prefix = "/_fn", endpoint = "reactivate_staff", protocol = Json)]
pub async fn reactivate_staff(id: StaffId) -> Result<StaffAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.reactivate(&context, id).await?)
}

#[server(prefix = "/_fn", endpoint = "end_sign_ins", protocol = Json)]
pub async fn end_sign_ins(id: StaffId) -> Result<StaffAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.end_sign_ins(&context, id).await?)
}

/// Makes a one-time link: a reset, or another invitation.
#[server(prefix = "/_fn", endpoint = "make_staff_link", protocol = Json)]
pub async fn make_staff_link(id: StaffId) -> Result<StaffLinkGiven, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.make_link(&context, id).await?)
}

#[server(prefix = "/_fn", endpoint = "revoke_staff_link", protocol = Json)]
pub async fn revoke_staff_link(id: StaffId) -> Result<StaffAnswer, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.revoke_link(&context, id).await?)
}

impl DialogForm for MakeStaffLink {
    const DIALOG: Dialog = paths::MAKE_LINK;
    type Id = StaffId;
    type Form = NoFields;

    fn of(id: StaffId, _: NoFields) -> Self {
        Self { id }
    }

    fn link_of(id: &StaffId) -> Option<StaffId> {
        Some(*id)
    }

    fn done(given: StaffLinkGiven) -> Flash {
        Flash::StaffLink(Box::new(given))
    }
}

impl DialogForm for RevokeStaffLink {
    const DIALOG: Dialog = paths::REVOKE_LINK;
    type Id = StaffId;
    type Form = NoFields;

    fn of(id: StaffId, _: NoFields) -> Self {
        Self { id }
    }

    fn done(answer: StaffAnswer) -> Flash {
        done(&answer, "Link revoked.".to_owned())
    }
}

/// What an act did, with its event.
fn done(answer: &StaffAnswer, what: String) -> Flash {
    Flash::Done(Done {
        message: match answer.audit_event_id {
            Some(_) => format!("{what}{}", ended(answer)),
            None => "Nothing had to be changed.".to_owned(),
        },
        audit_event: answer.audit_event_id,
    })
}

/// What ended with an act: ` 2 sign-ins and 1 support session ended.`
fn ended(answer: &StaffAnswer) -> String {
    let count = |number, one, many| (number > 0).then(|| counted(number, one, many));
    let ended: Vec<_> = [
        count(answer.sign_ins_ended, "sign-in", "sign-ins"),
        count(
            answer.support_sessions_ended,
            "support session",
            "support sessions",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    match ended.is_empty() {
        true => String::new(),
        false => format!(" {} ended.", ended.join(" and ")),
    }
}

impl DialogForm for SetStaffRoles {
    const DIALOG: Dialog = paths::CHANGE_ROLES;
    type Id = StaffId;
    type Form = RolesForm;

    fn of(id: StaffId, form: RolesForm) -> Self {
        Self { id, form }
    }

    fn done(answer: StaffAnswer) -> Flash {
        let roles = answer.member.roles_in_words();
        done(&answer, format!("Roles saved: {roles}."))
    }
}

impl DialogForm for DeactivateStaff {
    const DIALOG: Dialog = paths::DEACTIVATE;
    type Id = StaffId;
    type Form = NoFields;

    fn of(id: StaffId, _: NoFields) -> Self {
        Self { id }
    }

    fn done(answer: StaffAnswer) -> Flash {
        done(&answer, format!("{} deactivated.", answer.member.name))
    }
}

impl DialogForm for ReactivateStaff {
    const DIALOG: Dialog = paths::REACTIVATE;
    type Id = StaffId;
    type Form = NoFields;

    fn of(id: StaffId, _: NoFields) -> Self {
        Self { id }
    }

    fn done(answer: StaffAnswer) -> Flash {
        done(&answer, format!("{} reactivated.", answer.member.name))
    }
}

impl DialogForm for EndSignIns {
    const DIALOG: Dialog = paths::END_SIGN_INS;
    type Id = StaffId;
    type Form = NoFields;

    fn of(id: StaffId, _: NoFields) -> Self {
        Self { id }
    }

    fn done(answer: StaffAnswer) -> Flash {
        let name = answer.member.name.clone();
        done(&answer, format!("{name} signed out everywhere."))
    }
}

/// Takes the message that a plain form left for this page. It can be taken once.
#[server(prefix = "/_fn", endpoint = "take_flash", protocol = Json)]
pub async fn take_flash(id: String) -> Result<Option<Flash>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.flash.take(&context, &id).await)
}
