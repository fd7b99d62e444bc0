//! Staff sessions: signing in to the console, staying signed in, signing out.

mod by_link;
mod change_password;
mod failed;
mod own;
mod sign_in;
pub(super) mod throttle;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use app::domain::{
    StaffId, StaffSessionId, Timestamp,
    audit::AuditAction,
    caller::{Caller, Context, StaffCaller},
    signed_in::LostSignIn,
};
use chrono::TimeDelta;
use gateway::token::{Token, TokenKind};
use store::{
    Audited, ChangeKind, Lane, Priority, StoreError, staff::StaffRecord,
    staff_sessions::StaffSession,
};

use self::{failed::FailedSignIns, throttle::Memory};
use super::{Acting, Core, Passwords, ServiceError};

pub use self::{
    by_link::SetPassword,
    change_password::PasswordChange,
    own::Elsewhere,
    sign_in::{NewSignIn, SignInMethod},
};
pub(super) use self::{
    own::{open_sign_ins, own_sign_ins},
    throttle::account_subject,
};

/// A sign-in that is not used for this long ends.
pub const IDLE_LIMIT: TimeDelta = TimeDelta::minutes(30);
/// A sign-in ends after this long, used or not.
pub const ABSOLUTE_LIMIT: TimeDelta = TimeDelta::hours(12);
/// The last use is kept to this precision, so that not every request writes. A sign-in can thereby
/// end this much before the idle limit, never after it.
const USE_PRECISION: TimeDelta = TimeDelta::minutes(1);

/// Signing in to the console, staying signed in, signing out.
#[derive(Clone)]
pub struct StaffSessions {
    core: Core,
    passwords: Passwords,
    failed: Arc<FailedSignIns>,
    memory: Arc<Memory>,
}

impl StaffSessions {
    pub fn new(core: Core, passwords: Passwords) -> Self {
        Self {
            memory: Arc::new(Memory::of(&core.store)),
            core,
            passwords,
            failed: Arc::default(),
        }
    }

    /// The holder of a token as currently stored; `None` if the token is unknown, its sign-in has
    /// ended, or the person's access was withdrawn. Counts as a use.
    ///
    /// A person without any role is signed in all the same: there is a page that says so, and the
    /// policy allows nothing else.
    pub async fn authenticate(&self, token: &str) -> Result<Option<StaffCaller>, StoreError> {
        let Some(session) = self.open_session(token).await? else {
            return Ok(None);
        };
        let now = self.core.now();
        // A store that is readable but not writable still shows its pages, without delay.
        if now - session.last_used_at >= USE_PRECISION && self.core.store.outage().is_none() {
            self.note_use(session.id, now).await;
        }
        let StaffSession { staff, .. } = &session;
        Ok(Some(caller_of(staff, session.id, session.signed_in_at)))
    }

    /// The same for what an open page asks for by itself. It doesn't count as a use.
    pub async fn recognise(&self, token: &str) -> Result<Option<StaffCaller>, StoreError> {
        let session = self.open_session(token).await?;
        Ok(session.map(|session| caller_of(&session.staff, session.id, session.signed_in_at)))
    }

    async fn open_session(&self, token: &str) -> Result<Option<StaffSession>, StoreError> {
        let found = of_token(&self.core, token).await?;
        let now = self.core.now();
        Ok(found.filter(|session| ends_at(session) > Some(now)))
    }

    /// Who has signed in with a token, also if that sign-in has ended.
    pub async fn holder_of(&self, token: &str) -> Result<Option<StaffId>, StoreError> {
        let found = of_token(&self.core, token).await?;
        Ok(found.map(|session| session.staff.member.id))
    }

    /// Who has signed in with a staff session, also if it has ended.
    pub async fn holder_of_id(&self, id: StaffSessionId) -> Result<Option<StaffId>, StoreError> {
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_staff_session(id).await?;
        Ok(found.map(|session| session.staff.member.id))
    }

    /// Whether a sign-in is still valid, for open streams: the person as currently stored, and when
    /// the sign-in ends unless it is used. Doesn't count as a use.
    pub async fn look_again(
        &self,
        id: StaffSessionId,
    ) -> Result<Option<(StaffCaller, Timestamp)>, StoreError> {
        let mut reader = self.core.store.read().await?;
        let Some(session) = reader.db().lookup_staff_session(id).await? else {
            return Ok(None);
        };
        let caller = caller_of(&session.staff, session.id, session.signed_in_at);
        let now = self.core.now();
        let ends_at = ends_at(&session).filter(|at| *at > now);
        Ok(ends_at.map(|ends_at| (caller, ends_at)))
    }

    /// The viewer of an open page as currently stored; `None` if the page may show no more data. It
    /// doesn't extend a sign-in: only requests count for the idle limit.
    pub async fn present(&self, staff: &StaffCaller) -> Result<Option<StaffCaller>, StoreError> {
        let found = self.look_again(staff.staff_session_id).await?;
        let found = found.map(|(now, _)| now);
        Ok(found.filter(|now| !now.roles.is_empty() && !now.must_change_password))
    }

    /// Ends the caller's sign-in, or all of that person's sign-ins. Returns how many ended. Without
    /// a sign-in there is nothing to end.
    pub async fn sign_out(&self, context: &Context, everywhere: bool) -> Result<u64, ServiceError> {
        let Caller::Staff(caller) = &context.caller else {
            return Ok(0);
        };
        let sign_out = self
            .core
            .act(context, caller.clone(), move |caller, mut act| {
                Box::pin(async move {
                    let (now, id) = (act.now(), caller.staff_session_id);
                    let ended = if everywhere {
                        act.tx.end_staff_sessions_of(caller.staff_id, now).await?
                    } else if act.tx.end_staff_session(id, now).await? {
                        vec![id]
                    } else {
                        Vec::new()
                    };
                    let count = ended.len() as u64;
                    if ended.is_empty() {
                        return Ok(Audited::unchanged(0));
                    }
                    let action = AuditAction::StaffSignedOut {
                        everywhere,
                        ended: count,
                    };
                    let receipt = act.record(None, caller.staff_id, action);
                    tell_of_ended(&mut act, &ended).await?;
                    Ok(Audited::new(count, receipt))
                })
            });
        Lane::Ends.run(sign_out).await
    }

    async fn note_use(&self, id: StaffSessionId, now: Timestamp) {
        let noted: Result<(), StoreError> = self
            .core
            .store
            .write(Priority::Normal, (), move |(), tx| {
                Box::pin(async move { tx.use_staff_session(id, now).await })
            })
            .await;
        // A store that can be read but not written still shows its pages.
        if let Err(error) = noted {
            tracing::warn!(error = %error, "can't record the use of a staff session");
        }
    }
}

/// The staff session of a token as currently stored, also if it has ended; `None` if the token is unknown or of another kind.
async fn of_token(core: &Core, token: &str) -> Result<Option<StaffSession>, StoreError> {
    let token = Token::parse(token).ok();
    let Some(token) = token.filter(|token| token.kind() == TokenKind::StaffSession) else {
        return Ok(None);
    };
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    db.find_staff_session_by_token(token.hash()).await
}

/// Why the sign-in of a token holds no longer; `None` if it does, or is unknown.
pub(super) async fn why_ended(core: &Core, token: &str) -> Result<Option<LostSignIn>, StoreError> {
    let found = of_token(core, token).await?;
    Ok(found.and_then(|session| why(&session, core.now())))
}

fn why(session: &StaffSession, now: Timestamp) -> Option<LostSignIn> {
    if session.staff.member.deactivated_at.is_some() {
        return Some(LostSignIn::Deactivated);
    }
    if session.ended_at.is_some() {
        return Some(LostSignIn::Ended);
    }
    let has_expired = ends_at(session).is_none_or(|at| at <= now);
    has_expired.then_some(LostSignIn::Expired)
}

/// When a sign-in ends unless it is used; `None` if it was ended.
fn ends_at(session: &StaffSession) -> Option<Timestamp> {
    let ended = session.ended_at.is_some() || session.staff.member.deactivated_at.is_some();
    let ends_at = session.expires_at.min(session.last_used_at + IDLE_LIMIT);
    (!ended).then_some(ends_at)
}

fn caller_of(
    staff: &StaffRecord,
    staff_session_id: StaffSessionId,
    signed_in_at: Timestamp,
) -> StaffCaller {
    StaffCaller {
        staff_id: staff.member.id,
        name: staff.member.name.clone(),
        roles: staff.member.roles.clone(),
        staff_session_id,
        signed_in_at,
        must_change_password: staff.must_change_password,
    }
}

/// Tells every process of staff sessions that have ended in this transaction. Comes after the
/// audit events, like every note of a change: locks are taken in one order.
pub(super) async fn tell_of_ended(
    act: &mut Acting<'_, '_>,
    ended: &[StaffSessionId],
) -> Result<(), StoreError> {
    for id in ended {
        act.change(ChangeKind::StaffSession, id).await?;
    }
    Ok(())
}
