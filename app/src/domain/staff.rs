//! Staff members and their roles.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    StaffId,
    problem::{FieldProblems, Problem},
    text::clean,
};

/// The shortest password, in characters (NIST SP 800-63B-4 asks for at least 15 without a second factor).
pub const PASSWORD_MIN: usize = 15;
/// The longest e-mail address, in characters.
pub const EMAIL_MAX: usize = 254;
/// The longest password, in characters.
pub const PASSWORD_MAX: usize = 256;

text_enum! {
    /// A staff member's permissions.
    pub enum Role {
        /// Sees tenant health and uses support sessions.
        SupportAdmin = "support_admin" as "Support admin",
        /// Everything, and the only one that revokes others' support sessions.
        SuperAdmin = "super_admin" as "Super admin",
    }
}

/// A person who works for the platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaffMember {
    /// The identifier, shown as "Platform user ID".
    pub id: StaffId,
    /// The address to sign in with.
    pub email: String,
    /// The name that people read.
    pub name: String,
    /// Sorted and without duplicates. May be empty.
    pub roles: Vec<Role>,
    /// Whether access has been withdrawn.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
}

impl StaffMember {
    /// Whether the person may open the console: not deactivated, and with either role.
    pub fn may_enter(&self) -> bool {
        self.deactivated_at.is_none() && !self.roles.is_empty()
    }
}

/// A staff member as an option in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffRef {
    /// The staff member's ID, made by our server.
    pub id: StaffId,
    /// The name shown to others.
    pub name: String,
}

/// The input for adding a staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStaffMember {
    /// 3–254 characters with one `@`, stored in lower case.
    pub email: String,
    /// The name shown to others, 1–100 characters.
    pub name: String,
    /// May be empty: the person can sign in, but only sees the page that says so.
    pub roles: Vec<Role>,
}

impl NewStaffMember {
    /// The same with cleaned texts, or every field that is not as it must be.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        let mut valid = Self {
            email: problems.checked("email", parse_email(&self.email)),
            name: problems.checked("name", clean(&self.name, 1, 100, false)),
            roles: self.roles,
        };
        problems.finish()?;
        valid.roles.sort();
        valid.roles.dedup();
        Ok(valid)
    }
}

/// An e-mail address in the one form in which it is kept and looked up.
pub fn parse_email(text: &str) -> Result<String, String> {
    let text = clean(text, 3, EMAIL_MAX, false)
        .map_err(|e| e.to_string())?
        .to_lowercase();
    let well_formed = match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(' ')
        }
        None => false,
    };
    well_formed
        .then_some(text)
        .ok_or_else(|| "must be an e-mail address".into())
}

/// Whether a password may be chosen. `email` and `name` must not be it.
pub fn check_new_password(password: &str, email: &str) -> Result<(), String> {
    let length = password.chars().count();
    if length < PASSWORD_MIN {
        return Err(format!(
            "must have at least {PASSWORD_MIN} characters; try a few random words"
        ));
    }
    if length > PASSWORD_MAX {
        return Err(format!("must have at most {PASSWORD_MAX} characters"));
    }
    if password.to_lowercase().contains(&email.to_lowercase()) {
        return Err("must not contain the e-mail address".into());
    }
    let first = password.chars().next();
    if password.chars().all(|c| Some(c) == first) {
        return Err("must not be one character repeated".into());
    }
    Ok(())
}
