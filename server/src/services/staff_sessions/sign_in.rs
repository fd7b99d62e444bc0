//! Signing in.

use app::domain::{
    StaffId, StaffSessionId, Timestamp,
    audit::{AuditAction, ProofMethod, SignInFailure},
    caller::{Caller, Context},
    problem::{Problem, ProblemCode},
    staff::{StaffMember, parse_email},
};
use gateway::token::{Token, TokenKind};
use secrecy::{ExposeSecret, SecretString};
use store::{
    Audited, ChangeKind, Priority, StoreError, Tx, staff::StaffRecord,
    staff_sessions::NewStaffSession,
};

use super::{
    ABSOLUTE_LIMIT, StaffSessions, caller_of, tell_of_ended,
    throttle::{Attempt, KNOWN_ADDRESS_FOR, NotBefore, too_early},
};
use crate::services::{Acting, Core, ServiceError};

/// How someone proves who they are.
///
/// Other methods than a password can be added here. Each ends in `Proven`. What follows is the same
/// for all: the new token, the end of the old one, the limits, the audit event.
///
/// * `OpenID` Connect: a variant with the verified claims of an id token. `sub` and `iss` are
///   looked up in a table of identities, and an unknown one is refused. No password, so no
///   throttle.
/// * Passkeys: a variant with the assertion and the challenge it answers. The credential names the
///   staff member, and its counter is stored in the same transaction as the sign-in.
pub enum SignInMethod {
    /// An account of our own.
    Password {
        /// The e-mail address as typed.
        email: String,
        /// The password as typed.
        password: SecretString,
    },
}

/// A person with a proven identity, and how it was proven.
pub(super) struct Proven {
    pub(super) staff_id: StaffId,
    pub(super) method: ProofMethod,
    /// For a password: the hash it was checked against, which must be unchanged when the sign-in is
    /// stored, and the attempt to withdraw.
    pub(super) password: Option<(SecretString, Attempt)>,
}

/// A sign-in that has just begun.
#[derive(Debug)]
pub struct NewSignIn {
    /// For the cookie, and nothing else.
    pub token: Token,
    pub staff_session_id: StaffSessionId,
    pub staff: StaffMember,
    /// The password was given by someone else and must be changed first.
    pub must_change_password: bool,
}

impl StaffSessions {
    /// Signs someone in, always with a new token. The request's earlier sign-in, if any, ends.
    ///
    /// Unknown account, wrong password and deactivated account get the same answer, after the same
    /// work.
    pub async fn sign_in(
        &self,
        context: &Context,
        method: SignInMethod,
    ) -> Result<NewSignIn, ServiceError> {
        let proven = match method {
            SignInMethod::Password { email, password } => {
                self.prove_by_password(context, &email, &password).await?
            }
        };
        let staff_id = proven.staff_id;
        match self.establish(context, proven).await? {
            Some(new) => Ok(new),
            None => {
                self.record_failure(context, Some(staff_id), SignInFailure::Outdated)
                    .await?;
                Err(refused().into())
            }
        }
    }

    async fn prove_by_password(
        &self,
        context: &Context,
        email: &str,
        password: &SecretString,
    ) -> Result<Proven, ServiceError> {
        let email = parse_email(email).ok();
        let attempt = self.begin_attempt(context, email.as_deref()).await?;
        let mut reader = self.core.store.read().await?;
        // A text that can't be an address is looked up like any other, so that it takes as long.
        let found = reader
            .db()
            .find_staff_by_email(email.as_deref().unwrap_or_default())
            .await?;
        drop(reader);
        let matches = self.check(&attempt, password, found.as_ref()).await?;
        let failure = match &found {
            None => SignInFailure::UnknownAccount,
            Some(_) if !matches => SignInFailure::WrongPassword,
            Some(staff) if staff.member.deactivated_at.is_some() => SignInFailure::Deactivated,
            Some(staff) => {
                return Ok(Proven {
                    staff_id: staff.member.id,
                    method: ProofMethod::Password,
                    password: Some((staff.password_hash.clone(), attempt)),
                });
            }
        };
        let staff_id = found.map(|staff| staff.member.id);
        self.record_failure(context, staff_id, failure).await?;
        Err(refused().into())
    }

    /// Counts an attempt on an account, or refuses it because it comes too early.
    pub(super) async fn begin_attempt(
        &self,
        context: &Context,
        email: Option<&str>,
    ) -> Result<Attempt, ServiceError> {
        let now = self.core.now();
        let ip = context.origin.ip.as_deref();
        self.refuse_early(&Attempt::new(None, ip, false), now)?;
        let mut reader = self.core.store.read().await?;
        let earlier = reader
            .db()
            .count_staff_sessions_from(
                email.unwrap_or_default(),
                ip.unwrap_or_default(),
                now - KNOWN_ADDRESS_FOR,
            )
            .await?;
        drop(reader);
        let attempt = Attempt::new(email, ip, ip.is_some() && earlier > 0);
        self.refuse_early(&attempt, now)?;
        let begun: Result<Result<Attempt, Vec<NotBefore>>, StoreError> = self
            .core
            .store
            .write(Priority::Normal, attempt, move |attempt, tx| {
                Box::pin(async move { attempt.clone().begin(tx, now).await })
            })
            .await;
        match begun? {
            Ok(attempt) => {
                self.memory.learn(attempt.next());
                Ok(attempt)
            }
            Err(early) => {
                let at = early.iter().map(|early| early.at).max().unwrap_or(now);
                self.memory.learn(early.into_iter());
                Err(too_early(at - now).into())
            }
        }
    }

    fn refuse_early(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Problem> {
        let until = self.memory.refuses(attempt, now);
        until.map_or(Ok(()), |until| Err(too_early(until - now)))
    }

    /// Checks a password. An attempt that couldn't be checked is withdrawn.
    pub(super) async fn check(
        &self,
        attempt: &Attempt,
        password: &SecretString,
        staff: Option<&StaffRecord>,
    ) -> Result<bool, ServiceError> {
        let hash = staff.map(|staff| &staff.password_hash);
        let checked = self.passwords.verify(password, hash).await;
        if checked.is_err() {
            let (attempt, given_back) = (attempt.clone(), attempt);
            let withdrawn: Result<(), StoreError> = self
                .core
                .store
                .write(Priority::Normal, attempt, move |attempt, tx| {
                    Box::pin(async move { attempt.withdraw(tx).await })
                })
                .await;
            self.memory.forget(given_back);
            withdrawn?;
        }
        checked
    }

    /// Stores a sign-in; `None` if the account has changed since the proof.
    async fn establish(
        &self,
        context: &Context,
        proven: Proven,
    ) -> Result<Option<NewSignIn>, ServiceError> {
        let token = Token::generate(TokenKind::StaffSession, &*self.core.entropy);
        let id = StaffSessionId::from_uuid(self.core.new_uuid());
        let hash = token.hash();
        let attempt = proven.password.as_ref().map(|(_, attempt)| attempt.clone());
        let establish = self.core.act(context, proven, move |proven, mut act| {
            Box::pin(async move {
                let Some(staff) = lock_unchanged(act.tx, proven).await? else {
                    return Ok(Audited::unchanged(None));
                };
                if let Some((_, attempt)) = &proven.password {
                    attempt.succeed(act.tx).await?;
                }
                let ended = end_old(&mut act).await?;
                let new = begin(act.core, act.context, &staff, id, hash);
                act.tx.add_staff_session(&new).await?;
                act.tx
                    .note_sign_in(staff.member.id, new.signed_in_at)
                    .await?;
                let action = AuditAction::StaffSignedIn {
                    method: proven.method,
                };
                let signed_in = as_staff(act.context, &staff, &new);
                let event = act.core.event(&signed_in, None, staff.member.id, action);
                let receipt = act.tx.append_audit(event);
                tell_of_ended(&mut act, ended.as_slice()).await?;
                act.change(ChangeKind::StaffSession, id).await?;
                Ok(Audited::new(Some(staff), receipt))
            })
        });
        let staff = establish.await?;
        if let (Some(attempt), Some(_)) = (&attempt, &staff) {
            self.memory.forget(attempt);
        }
        Ok(staff.map(|staff| NewSignIn {
            token,
            staff_session_id: id,
            must_change_password: staff.must_change_password,
            staff: staff.member,
        }))
    }
}

/// The staff member, if the proof is still valid.
async fn lock_unchanged(
    tx: &mut Tx<'_>,
    proven: &Proven,
) -> Result<Option<StaffRecord>, StoreError> {
    let staff = tx.lock_staff(proven.staff_id).await?;
    Ok(staff.filter(|staff| {
        let same_password = proven
            .password
            .as_ref()
            .is_none_or(|(hash, _)| hash.expose_secret() == staff.password_hash.expose_secret());
        same_password && staff.member.deactivated_at.is_none()
    }))
}

/// Ends the request's earlier sign-in, if any.
async fn end_old(act: &mut Acting<'_, '_>) -> Result<Option<StaffSessionId>, StoreError> {
    let Caller::Staff(old) = &act.context.caller else {
        return Ok(None);
    };
    let now = act.now();
    let has_ended = act.tx.end_staff_session(old.staff_session_id, now).await?;
    Ok(has_ended.then_some(old.staff_session_id))
}

/// A sign-in that begins now.
pub(super) fn begin(
    core: &Core,
    context: &Context,
    staff: &StaffRecord,
    id: StaffSessionId,
    token_hash: gateway::token::TokenHash,
) -> NewStaffSession {
    let now = core.now();
    NewStaffSession {
        id,
        staff_id: staff.member.id,
        token_hash,
        signed_in_at: now,
        expires_at: now + ABSOLUTE_LIMIT,
        ip: context.origin.ip.clone().unwrap_or_default(),
        user_agent: context.origin.user_agent.clone().unwrap_or_default(),
    }
}

/// The same request, now made by the signed-in person.
fn as_staff(context: &Context, staff: &StaffRecord, new: &NewStaffSession) -> Context {
    Context {
        caller: Caller::Staff(caller_of(staff, new.id, new.signed_in_at)),
        origin: context.origin.clone(),
    }
}

fn refused() -> Problem {
    Problem::new(
        ProblemCode::Unauthenticated,
        "The e-mail address or the password is wrong.",
    )
}
