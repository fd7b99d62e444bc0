//! Changing one's own password.

use app::domain::{
    StaffSessionId,
    audit::AuditAction,
    caller::{Caller, Context},
    policy::unauthenticated,
    problem::{FieldProblems, Problem, ProblemCode},
    staff::check_new_password,
};
use gateway::token::{Token, TokenKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::{Audited, ChangeKind, staff::StaffRecord};

use super::{NewSignIn, StaffSessions, sign_in::begin, tell_of_ended, throttle::Attempt};
use crate::services::ServiceError;

/// The form with which people change their own password.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordChange {
    #[serde(skip_serializing)]
    pub current: SecretString,
    #[serde(skip_serializing)]
    pub new: SecretString,
    #[serde(skip_serializing)]
    pub repeat: SecretString,
    /// The form's field for password managers. Nothing depends on it.
    #[serde(skip_serializing)]
    pub username: String,
}

impl StaffSessions {
    /// Changes the caller's password and ends every sign-in of that person, including this one,
    /// which continues under the returned token.
    ///
    /// The current password is required, and throttled like a sign-in, so that someone at an
    /// unlocked screen can't take over the account.
    pub async fn change_password(
        &self,
        context: &Context,
        change: PasswordChange,
    ) -> Result<NewSignIn, ServiceError> {
        let Caller::Staff(caller) = &context.caller else {
            return Err(unauthenticated().into());
        };
        let mut reader = self.core.store.read().await?;
        let staff = reader.db().lookup_staff(caller.staff_id).await?;
        drop(reader);
        let staff = staff
            .filter(|staff| staff.member.deactivated_at.is_none())
            .ok_or_else(unauthenticated)?;
        check_fields(&change, &staff)?;
        let attempt = self
            .begin_attempt(context, Some(&staff.member.email))
            .await?;
        if !self.check(&attempt, &change.current, Some(&staff)).await? {
            return Err(
                Problem::invalid_field("current", "doesn't match your current password").into(),
            );
        }
        let hash = self.passwords.hash(&change.new).await?;
        self.keep(context, staff, hash, attempt).await
    }

    async fn keep(
        &self,
        context: &Context,
        staff: StaffRecord,
        hash: SecretString,
        attempt: Attempt,
    ) -> Result<NewSignIn, ServiceError> {
        let token = Token::generate(TokenKind::StaffSession, &*self.core.entropy);
        let id = StaffSessionId::from_uuid(self.core.new_uuid());
        let token_hash = token.hash();
        let member = staff.member.clone();
        let given = (staff, hash, attempt.clone());
        let keep = self
            .core
            .act(context, given, move |(staff, hash, attempt), mut act| {
                Box::pin(async move {
                    let staff_id = staff.member.id;
                    let before = act.tx.lock_staff(staff_id).await?;
                    let before = before.ok_or_else(unauthenticated)?;
                    let is_unchanged = before.member.deactivated_at.is_none()
                        && before.password_hash.expose_secret()
                            == staff.password_hash.expose_secret();
                    if !is_unchanged {
                        return Err(changed_meanwhile().into());
                    }
                    attempt.succeed(act.tx).await?;
                    act.tx.set_staff_password(staff_id, hash, false).await?;
                    let now = act.now();
                    let ended = act.tx.end_staff_sessions_of(staff_id, now).await?;
                    let new = begin(act.core, act.context, &before, id, token_hash);
                    act.tx.add_staff_session(&new).await?;
                    let action = AuditAction::StaffPasswordChanged {
                        staff_sessions_ended: ended.len(),
                    };
                    let receipt = act.record(None, staff_id, action);
                    tell_of_ended(&mut act, &ended).await?;
                    act.change(ChangeKind::Staff, staff_id).await?;
                    Ok(Audited::new((), receipt))
                })
            });
        keep.await?;
        self.memory.forget(&attempt);
        Ok(NewSignIn {
            token,
            staff_session_id: id,
            staff: member,
            must_change_password: false,
        })
    }
}

fn check_fields(change: &PasswordChange, staff: &StaffRecord) -> Result<(), Problem> {
    let (current, new) = (change.current.expose_secret(), change.new.expose_secret());
    let mut problems = FieldProblems::default();
    if current.is_empty() {
        problems.add("current", "is missing");
    }
    if let Err(problem) = check_new_password(new, &staff.member.email) {
        problems.add("new", problem);
    } else if new == current {
        problems.add("new", "must differ from your current password");
    }
    if new != change.repeat.expose_secret() {
        problems.add("repeat", "must match the new password");
    }
    problems.finish()
}

fn changed_meanwhile() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "Your account just changed. Sign in again.",
    )
}
