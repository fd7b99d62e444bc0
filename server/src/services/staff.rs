//! Staff members: adding them, their roles and passwords, withdrawing and restoring access.

mod access;
mod detail;
mod links;
mod list;
mod new_link;
mod one_time_password;
mod password;
mod port;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::domain::{
    StaffId,
    audit::AuditAction,
    caller::Context,
    policy::Act,
    problem::Problem,
    staff::{LinkPurpose, NewStaffMember, StaffMember, email_from_browsers, parse_email},
};
use gateway::SessionGates;
use secrecy::SecretString;
use store::{Audited, ChangeKind, StoreError, audit::Receipt, staff::StaffRecord};

use self::new_link::{NewLink, set_link};
use super::{Acting, Core, Passwords, ServiceError};

pub use self::password::GivenPassword;

/// The use cases around staff members, for super admins and the command line.
#[derive(Clone)]
pub struct StaffService {
    core: Core,
    passwords: Passwords,
    gates: Arc<SessionGates>,
}

/// The result of setting a password.
#[derive(Debug, Clone)]
pub struct PasswordGiven {
    pub staff: StaffMember,
    /// The one-time password, where one was asked for: shown once, and changed at the next sign-in.
    pub one_time_password: Option<SecretString>,
}

impl StaffService {
    /// Support sessions that end with someone's access are stopped at `gates`.
    pub fn new(core: Core, passwords: Passwords, gates: Arc<SessionGates>) -> Self {
        Self {
            core,
            passwords,
            gates,
        }
    }

    /// Every staff member, by e-mail address.
    pub async fn list_all(&self, context: &Context) -> Result<Vec<StaffMember>, ServiceError> {
        self.core.authorise(context, Act::ReadStaff)?;
        Ok(self.core.store.read().await?.db().list_staff().await?)
    }

    /// The staff member that `who` names: an identifier or an e-mail address.
    pub async fn find(&self, context: &Context, who: &str) -> Result<StaffMember, ServiceError> {
        self.core.authorise(context, Act::ReadStaff)?;
        let mut reader = self.core.store.read().await?;
        let found = if let Ok(id) = who.trim().parse() {
            reader.db().lookup_staff(id).await?
        } else {
            let email =
                parse_email(who).map_err(|problem| Problem::invalid_field("email", problem))?;
            reader.db().find_staff_by_email(&email).await?
        };
        Ok(found.ok_or_else(not_found)?.member)
    }

    pub async fn add(
        &self,
        context: &Context,
        new: NewStaffMember,
        password: GivenPassword,
    ) -> Result<PasswordGiven, ServiceError> {
        let added = self.add_with(context, new, password, None).await?;
        Ok(added.0)
    }

    /// Adds someone with a password, or with a link to choose one.
    async fn add_with(
        &self,
        context: &Context,
        new: NewStaffMember,
        password: GivenPassword,
        link: Option<NewLink>,
    ) -> Result<(PasswordGiven, Receipt), ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let new = new.validated()?;
        let hashed = self.hash_given(password, &new.email).await?;
        let record = StaffRecord {
            member: StaffMember {
                id: StaffId::from_uuid(self.core.new_uuid()),
                email: new.email,
                name: new.name,
                roles: new.roles,
                deactivated_at: None,
                created_at: self.core.now(),
            },
            password_hash: hashed.hash,
            must_change_password: hashed.must_change,
            pending: link.map(|_| LinkPurpose::Invitation),
        };
        let staff = record.member.clone();
        let add = self.core.act(context, record, move |record, act| {
            Box::pin(add_in(act, record, link))
        });
        match add.await {
            Err(ServiceError::Store(StoreError::Exists { .. })) => {
                let taken = "is already the address of a staff member";
                Err(Problem::invalid_field("email", taken).into())
            }
            added => added.map(|receipt| {
                let given = PasswordGiven {
                    staff,
                    one_time_password: hashed.one_time,
                };
                (given, receipt)
            }),
        }
    }
}

async fn add_in(
    mut act: Acting<'_, '_>,
    record: &StaffRecord,
    link: Option<NewLink>,
) -> Result<Audited<Receipt>, ServiceError> {
    let staff = &record.member;
    act.tx.lock_all_staff().await?;
    let sent = email_from_browsers(&staff.email);
    let is_like = |other: &&StaffMember| {
        other.email != staff.email && email_from_browsers(&other.email) == sent
    };
    if let Some(other) = act.tx.list_staff().await?.iter().find(is_like) {
        let alike = format!(
            "is too like {}, the address of a staff member: some browsers send the same for both",
            other.email
        );
        return Err(Problem::invalid_field("email", alike).into());
    }
    act.tx.add_staff(record).await?;
    let (email, name, roles) = (staff.email.clone(), staff.name.clone(), staff.roles.clone());
    let action = match link {
        None => AuditAction::StaffAdded { email, name, roles },
        Some(link) => {
            set_link(&mut act, staff.id, LinkPurpose::Invitation, link).await?;
            AuditAction::StaffInvited {
                email,
                name,
                roles,
                expires_at: link.expires_at,
            }
        }
    };
    let receipt = act.record(None, staff.id, action);
    act.change(ChangeKind::Staff, staff.id).await?;
    Ok(Audited::new(receipt.clone(), receipt))
}

fn not_found() -> Problem {
    Problem::not_found("staff member")
}
