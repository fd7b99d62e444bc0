//! Choosing a password with a one-time link.

use app::domain::{
    audit::{ActorType, AuditAction, SignInFailure},
    caller::Context,
    problem::{FieldProblems, Problem},
    staff::{StaffMember, check_new_password},
};
use gateway::token::{Token, TokenHash, TokenKind};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use store::{Audited, ChangeKind, Priority, StoreError};

use super::{StaffSessions, tell_of_ended, throttle::Attempt};
use crate::services::{ServiceError, core::actor_of, staff_sessions::account_subject};

/// The form of the page that an invitation or a reset leads to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SetPassword {
    /// The secret of the link.
    #[serde(skip_serializing)]
    pub code: SecretString,
    #[serde(skip_serializing)]
    pub new: SecretString,
    #[serde(skip_serializing)]
    pub repeat: SecretString,
}

impl StaffSessions {
    /// Uses a link up: its owner gets the chosen password, and is signed out everywhere. Attempts from one address are
    /// throttled like sign-ins. Returns whose it was.
    pub async fn set_password_by_link(
        &self,
        context: &Context,
        form: SetPassword,
    ) -> Result<StaffMember, ServiceError> {
        let mut problems = FieldProblems::default();
        if form.new.expose_secret() != form.repeat.expose_secret() {
            problems.add("repeat", "must match the new password");
        }
        // Without an address here: whose it is is known only once the code has been looked up.
        if let Err(problem) = check_new_password(form.new.expose_secret(), "") {
            problems.add("new", problem);
        }
        problems.finish()?;
        let attempt = self.begin_attempt(context, None).await?;
        let code = Token::parse(form.code.expose_secret().trim()).ok();
        let code = code.filter(|code| code.kind() == TokenKind::StaffLink);
        let mut reader = self.core.store.read().await?;
        let now = self.core.now();
        let found = match &code {
            Some(code) => reader.db().find_staff_by_link(code.hash(), now).await?,
            None => None,
        };
        drop(reader);
        let found = found.filter(|staff| staff.member.deactivated_at.is_none());
        let (Some(code), Some(staff)) = (code, found) else {
            self.record_failure(context, None, SignInFailure::UnknownLink)
                .await?;
            return Err(refused().into());
        };
        if let Err(problem) = check_new_password(form.new.expose_secret(), &staff.member.email) {
            self.withdraw(attempt).await?;
            return Err(Problem::invalid_field("new", problem).into());
        }
        let hash = self.passwords.hash(&form.new).await?;
        self.accept(context, staff.member, (code.hash(), hash), attempt)
            .await
    }

    async fn withdraw(&self, attempt: Attempt) -> Result<(), ServiceError> {
        let withdrawn: Result<(), StoreError> = self
            .core
            .store
            .write(Priority::Normal, attempt.clone(), move |attempt, tx| {
                Box::pin(async move { attempt.withdraw(tx).await })
            })
            .await;
        self.memory.forget(&attempt);
        Ok(withdrawn?)
    }

    async fn accept(
        &self,
        context: &Context,
        staff: StaffMember,
        (link, hash): (TokenHash, SecretString),
        attempt: Attempt,
    ) -> Result<StaffMember, ServiceError> {
        let id = staff.id;
        let given = (hash, attempt.clone());
        let accept = self
            .core
            .act(context, given, move |(hash, attempt), mut act| {
                Box::pin(async move {
                    let staff = act.tx.lock_staff(id).await?.ok_or_else(refused)?.member;
                    if staff.deactivated_at.is_some() {
                        return Err(refused().into());
                    }
                    let now = act.now();
                    let used = act.tx.use_staff_link(link, now).await?;
                    let purpose = used.ok_or_else(refused)?;
                    attempt.succeed(act.tx).await?;
                    act.tx.set_staff_password(id, hash, false).await?;
                    act.tx.join_staff(id).await?;
                    let account = account_subject(&staff.email);
                    act.tx.forget_sign_in_failures(&account).await?;
                    let ended = act.tx.end_staff_sessions_of(id, now).await?;
                    let action = AuditAction::StaffLinkUsed { purpose };
                    // Nobody is signed in: the holder of the link acts.
                    let by = actor_of(ActorType::Staff, id, &staff.name);
                    let origin = act.context.origin.clone();
                    let event = act.core.event_by(by, origin, None, id, action);
                    let receipt = act.tx.append_audit(event);
                    tell_of_ended(&mut act, &ended).await?;
                    act.change(ChangeKind::Staff, id).await?;
                    Ok(Audited::new(staff, receipt))
                })
            });
        let staff = accept.await?;
        self.memory.forget(&attempt);
        Ok(staff)
    }
}

fn refused() -> Problem {
    Problem::invalid_field(
        "code",
        "doesn't work. It was used already, replaced or revoked, or is older than 72 hours. Ask a super admin for a new link",
    )
}
