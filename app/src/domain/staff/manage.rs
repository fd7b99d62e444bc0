//! One staff member: what is known of their access, and what is done to it.

use serde::{Deserialize, Serialize};

use super::{Role, StaffLink, StaffMember, StaffRow};
use crate::domain::{
    AuditEventId, StaffSessionId, Timestamp,
    audit::AuditEvent,
    form::Marked,
    problem::{FieldProblems, Problem},
};

/// A sign-in that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The staff session.
    pub id: StaffSessionId,
    /// The browser in words: `Firefox on Windows`.
    pub device: String,
    /// The IP address it was opened from; empty if unknown.
    pub ip: String,
    /// When the person signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Timestamp,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// A person's own open sign-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnSignIns {
    /// The latest used first.
    pub sign_ins: Vec<SignIn>,
    /// The server's time.
    pub now: Timestamp,
}

/// Everything on the page of a staff member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StaffDetail {
    /// The row of the list.
    pub row: StaffRow,
    /// The open sign-ins, the latest used first.
    pub sign_ins: Vec<SignIn>,
    /// The latest audit events of which the staff member is the subject.
    pub events: Vec<AuditEvent>,
    /// The one-time link that can still be used.
    #[serde(default)]
    pub link: Option<StaffLink>,
    /// Whether it is the person who asks.
    pub is_own: bool,
    /// Whether nobody else is a super admin. The person must stay one.
    pub is_last_super_admin: bool,
    /// The server's time.
    pub now: Timestamp,
}

/// What was done to a staff member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffAnswer {
    /// The staff member as they are now.
    pub member: StaffMember,
    /// The event; `None` if nothing had to be done.
    pub audit_event_id: Option<AuditEventId>,
    /// How many sign-ins ended with it.
    pub sign_ins_ended: u64,
    /// How many support sessions ended with it.
    pub support_sessions_ended: u64,
}

impl StaffAnswer {
    /// Nothing had to be done.
    pub const fn nothing(member: StaffMember) -> Self {
        Self {
            member,
            audit_event_id: None,
            sign_ins_ended: 0,
            support_sessions_ended: 0,
        }
    }
}

/// The form that changes roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RolesForm {
    /// The chosen roles.
    pub roles: Vec<String>,
    /// The roles that the form showed when it was opened, as [`roles_as_text`] writes them. If they have changed since, nothing
    /// is saved.
    pub seen: String,
}

impl RolesForm {
    /// The chosen roles, and those that the form showed; or which field is wrong.
    pub fn validate(&self) -> Result<(Vec<Role>, Vec<Role>), Problem> {
        let mut problems = FieldProblems::default();
        let roles = problems.checked("roles", sorted(self.roles.iter().map(String::as_str)));
        let seen = problems.checked("seen", sorted(self.seen.split_whitespace()));
        problems.finish()?;
        Ok((roles, seen))
    }
}

impl Marked for RolesForm {
    /// The choice stays, as the answer to a conflict says. That answer names the present roles.
    fn take_rest(&mut self, typed: &Self) {
        self.roles.clone_from(&typed.roles);
    }
}

fn sorted<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<Role>, String> {
    let roles: Result<Vec<Role>, _> = texts.map(str::parse).collect();
    let mut roles = roles.map_err(|error| error.to_string())?;
    roles.sort();
    roles.dedup();
    Ok(roles)
}

/// Roles as a form carries them, sorted and separated by blanks.
pub fn roles_as_text(roles: &[Role]) -> String {
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    roles.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_stays_when_someone_else_has_changed_the_roles() {
        let typed = RolesForm {
            roles: vec!["super_admin".into()],
            seen: "support_admin".into(),
        };
        let mut present = RolesForm::default();
        present.take_rest(&typed);
        assert_eq!(present.roles, typed.roles);
        assert_eq!(present.seen, "", "saving again is meant for these roles");
    }

    #[test]
    fn a_form_says_which_roles_are_chosen_and_which_it_showed() {
        let form = RolesForm {
            roles: vec!["super_admin".into(), "support_admin".into()],
            seen: "support_admin".into(),
        };
        let both = vec![Role::SupportAdmin, Role::SuperAdmin];
        assert_eq!(
            form.validate(),
            Ok((both.clone(), vec![Role::SupportAdmin]))
        );
        assert_eq!(roles_as_text(&both), "support_admin super_admin");
        let none = RolesForm::default().validate();
        assert_eq!(none, Ok((Vec::new(), Vec::new())));
        let unknown = RolesForm {
            roles: vec!["root".into()],
            ..RolesForm::default()
        };
        assert!(unknown.validate().unwrap_err().field("roles").is_some());
    }
}
