//! Giving someone a password.

use app::domain::{
    StaffId, audit::AuditAction, caller::Context, policy::Act, problem::Problem,
    staff::check_new_password,
};
use secrecy::{ExposeSecret, SecretString};
use store::{Audited, ChangeKind};

use super::{PasswordGiven, StaffService, not_found, one_time_password};
use crate::services::{
    ServiceError,
    staff_sessions::{account_subject, tell_of_ended},
};

/// The password that a staff member is given.
#[derive(Debug, Clone)]
pub enum GivenPassword {
    /// One that was typed.
    Chosen {
        password: SecretString,
        /// Whether it must be changed at the first sign-in: someone else has chosen it.
        must_change: bool,
    },
    /// One that is made up, shown once, and must be changed at the first sign-in.
    OneTime,
}

pub(super) struct Hashed {
    pub(super) hash: SecretString,
    pub(super) must_change: bool,
    pub(super) one_time: Option<SecretString>,
}

impl StaffService {
    pub(super) async fn hash_given(
        &self,
        given: GivenPassword,
        email: &str,
    ) -> Result<Hashed, ServiceError> {
        let (password, must_change, is_one_time) = match given {
            GivenPassword::Chosen {
                password,
                must_change,
            } => (password, must_change, false),
            GivenPassword::OneTime => {
                (one_time_password::generate(&*self.core.entropy), true, true)
            }
        };
        check_new_password(password.expose_secret(), email)
            .map_err(|problem| Problem::invalid_field("password", problem))?;
        Ok(Hashed {
            hash: self.passwords.hash(&password).await?,
            must_change,
            one_time: is_one_time.then_some(password),
        })
    }

    /// Gives a staff member another password and ends the sign-ins made with the old one. Failed
    /// sign-ins of the account are forgotten.
    pub async fn reset_password(
        &self,
        context: &Context,
        id: StaffId,
        password: GivenPassword,
    ) -> Result<PasswordGiven, ServiceError> {
        self.core.authorise(context, Act::ManageStaff)?;
        let found = self.core.store.read().await?.db().lookup_staff(id).await?;
        let staff = found.ok_or_else(not_found)?.member;
        let hashed = self.hash_given(password, &staff.email).await?;
        let (hash, must_change) = (hashed.hash, hashed.must_change);
        let action = AuditAction::StaffPasswordReset {
            email: staff.email.clone(),
            must_change,
        };
        let event = self.core.event(context, None, id, action);
        let (now, subject) = (self.core.now(), account_subject(&staff.email));
        self.core
            .store
            .act((hash, event, subject), move |(hash, event, subject), tx| {
                Box::pin(async move {
                    tx.lock_staff(id).await?.ok_or_else(not_found)?;
                    tx.set_staff_password(id, hash, must_change).await?;
                    tx.forget_sign_in_failures(subject).await?;
                    let ended = tx.end_staff_sessions_of(id, now).await?;
                    let receipt = tx.append_audit(event.clone()).await?;
                    tell_of_ended(tx, &ended, now).await?;
                    tx.change(ChangeKind::Staff, &id.to_string(), now).await?;
                    Ok::<_, ServiceError>(Audited::new((), receipt))
                })
            })
            .await?;
        Ok(PasswordGiven {
            staff,
            one_time_password: hashed.one_time,
        })
    }
}
