//! The list of staff members.

use serde::{Deserialize, Serialize};

use super::{LinkPurpose, Role, StaffMember};
use crate::domain::{
    Timestamp,
    page::{Direction, Page},
};

text_enum! {
    /// Whether a staff member may use the console.
    pub enum StaffState {
        /// May sign in, and has a role.
        Active = "active" as "Active",
        /// Has not chosen a password yet.
        Invited = "invited" as "Invited",
        /// Had a password, and has not chosen the new one yet.
        Reset = "reset" as "Password reset",
        /// May sign in, and sees nothing.
        NoRole = "no_role" as "No role",
        /// May not sign in.
        Deactivated = "deactivated" as "Deactivated",
    }
}

text_enum! {
    /// What the list is sorted by.
    pub enum StaffSort {
        /// By name.
        Name = "name",
        /// By the last sign-in.
        LastSignIn = "last_sign_in",
    }
}

/// Which staff members are listed, and in which order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StaffFilter {
    /// Part of the name or of the e-mail address.
    pub search: Option<String>,
    /// Only people with this role.
    pub role: Option<Role>,
    /// Only people in this state.
    pub state: Option<StaffState>,
    /// What the list is sorted by.
    pub sort: StaffSort,
    /// In which direction.
    pub direction: Direction,
}

impl Default for StaffFilter {
    fn default() -> Self {
        Self {
            search: None,
            role: None,
            state: None,
            sort: StaffSort::Name,
            direction: Direction::Ascending,
        }
    }
}

/// A staff member in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRow {
    /// The staff member.
    pub member: StaffMember,
    /// When the person last signed in.
    pub last_signed_in_at: Option<Timestamp>,
    /// How many support sessions the person has open.
    pub active_support_sessions: u64,
    /// Why the person has no password, until they choose one.
    #[serde(default)]
    pub pending: Option<LinkPurpose>,
}

impl StaffRow {
    /// Whether the person may use the console.
    pub fn state(&self) -> StaffState {
        match (self.member.state(), self.pending) {
            (StaffState::Deactivated, _) => StaffState::Deactivated,
            (_, Some(LinkPurpose::Invitation)) => StaffState::Invited,
            (_, Some(LinkPurpose::Reset)) => StaffState::Reset,
            (state, None) => state,
        }
    }
}

/// A page of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffList {
    /// The rows.
    pub staff: Page<StaffRow>,
    /// The server's time.
    pub now: Timestamp,
}

impl StaffMember {
    /// Whether the person may use the console.
    pub fn state(&self) -> StaffState {
        match self.deactivated_at {
            Some(_) => StaffState::Deactivated,
            None if self.roles.is_empty() => StaffState::NoRole,
            None => StaffState::Active,
        }
    }

    /// Whether the person is a super admin who may sign in.
    pub fn is_super_admin(&self) -> bool {
        self.deactivated_at.is_none() && self.roles.contains(&Role::SuperAdmin)
    }

    /// The roles in words.
    pub fn roles_in_words(&self) -> String {
        in_words(&self.roles)
    }
}

/// Roles in words: `Support admin, Super admin`.
pub fn in_words(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "No role".to_owned();
    }
    let labels: Vec<_> = roles.iter().map(|role| role.label()).collect();
    labels.join(", ")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::StaffId;

    #[test]
    fn someone_whose_password_was_reset_is_not_invited() {
        let row = |pending, roles: &[Role], deactivated_at| StaffRow {
            member: StaffMember {
                id: StaffId::from_uuid(uuid::Uuid::nil()),
                email: "ana@example.com".into(),
                name: "Ana".into(),
                roles: roles.to_vec(),
                deactivated_at,
                created_at: DateTime::UNIX_EPOCH,
            },
            last_signed_in_at: None,
            active_support_sessions: 0,
            pending,
        };
        let (invitation, reset) = (Some(LinkPurpose::Invitation), Some(LinkPurpose::Reset));
        let some: [&[Role]; 2] = [&[], &[Role::SuperAdmin]];
        for roles in some {
            assert_eq!(row(invitation, roles, None).state(), StaffState::Invited);
            assert_eq!(row(reset, roles, None).state(), StaffState::Reset);
        }
        let gone = Some(DateTime::UNIX_EPOCH);
        assert_eq!(row(reset, &[], gone).state(), StaffState::Deactivated);
        assert_eq!(row(None, &[], None).state(), StaffState::NoRole);
    }
}
