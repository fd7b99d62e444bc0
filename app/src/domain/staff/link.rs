//! One-time links with which staff members choose a password.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{NewStaffMember, Role, StaffMember};
use crate::domain::{AuditEventId, Timestamp, problem::Problem};

/// How long a link can be used.
pub const LINK_LIFE: TimeDelta = TimeDelta::hours(72);

text_enum! {
    /// What a link is for.
    pub enum LinkPurpose {
        /// The first password of someone who was invited.
        Invitation = "invitation" as "Invitation",
        /// A new password in place of a lost one.
        Reset = "reset" as "Password reset",
    }
}

/// A link that has not been used yet. Its secret is not stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLink {
    /// What it is for.
    pub purpose: LinkPurpose,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// A new link, shown once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffLinkGiven {
    /// Whom it is for.
    pub member: StaffMember,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The address to open. The secret is in its fragment, which browsers send to no server.
    pub link: String,
    /// The secret alone, for those who paste it.
    pub code: String,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// The event.
    pub audit_event_id: AuditEventId,
}

impl std::fmt::Debug for StaffLinkGiven {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffLinkGiven")
            .field("member", &self.member.id)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The form that invites someone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    /// The address to sign in with.
    pub email: String,
    /// The name shown to others.
    pub name: String,
    /// The chosen roles.
    pub roles: Vec<String>,
}

impl InviteForm {
    /// The staff member to add, or the roles that there are not.
    pub fn read(self) -> Result<NewStaffMember, Problem> {
        let roles: Result<Vec<Role>, _> = self.roles.iter().map(|role| role.parse()).collect();
        let roles = roles.map_err(|error| Problem::invalid_field("roles", error))?;
        if roles.is_empty() {
            return Err(Problem::invalid_field("roles", "choose at least one role"));
        }
        Ok(NewStaffMember {
            email: self.email,
            name: self.name,
            roles,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_needs_a_role_that_there_is() {
        for roles in [vec![], vec!["root".to_owned()]] {
            let form = InviteForm {
                roles,
                ..InviteForm::default()
            };
            assert!(form.read().unwrap_err().field("roles").is_some());
        }
    }
}
