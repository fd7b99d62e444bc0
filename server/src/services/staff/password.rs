//! Sets someone's password.

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

/// The new password of a staff member.
#[derive(Debug, Clone)]
pub enum GivenPassword {
    Chosen {
        password: SecretString,
        /// Whether it must be changed at the first sign-in, because someone else chose it.
        must_change: bool,
    },
    /// A generated one, which is shown once and must be changed at the first sign-in.
    OneTime,
    /// None that anyone knows: the person chooses one with a one-time link.
    None,
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
            GivenPassword::None => (
                one_time_password::generate(&*self.core.entropy),
                false,
                false,
            ),
        };
        check_new_password(password.expose_secret(), email)
            .map_err(|problem| Problem::invalid_field("password", problem))?;
        Ok(Hashed {
            hash: self.passwords.hash(&password).await?,
            must_change,
            one_time: is_one_time.then_some(password),
        })
    }

    /// Sets a staff member's password and ends the sign-ins made with the old one. Failed sign-ins
    /// of the account are forgotten.
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
        let must_change = hashed.must_change;
        let given = (staff.email.clone(), hashed.hash);
        let reset = self
            .core
            .act(context, given, move |(email, hash), mut act| {
                Box::pin(async move {
                    act.tx.lock_staff(id).await?.ok_or_else(not_found)?;
                    act.tx.set_staff_password(id, hash, must_change).await?;
                    // A password given here takes the place of an invitation or a reset by link.
                    act.tx.join_staff(id).await?;
                    act.tx.revoke_staff_link(id).await?;
                    let account = account_subject(email);
                    act.tx.forget_sign_in_failures(&account).await?;
                    let now = act.now();
                    let ended = act.tx.end_staff_sessions_of(id, now).await?;
                    let email = email.clone();
                    let action = AuditAction::StaffPasswordReset { email, must_change };
                    let receipt = act.record(None, id, action);
                    tell_of_ended(&mut act, &ended).await?;
                    act.change(ChangeKind::Staff, id).await?;
                    Ok(Audited::new((), receipt))
                })
            });
        reset.await?;
        Ok(PasswordGiven {
            staff,
            one_time_password: hashed.one_time,
        })
    }
}
