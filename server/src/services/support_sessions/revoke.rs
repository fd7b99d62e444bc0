//! Ending a support session early.

use std::collections::BTreeSet;

use app::{
    domain::{
        OrganizationId, StaffId, SupportSessionId, TenantId, Timestamp,
        audit::{AuditAction, SessionHolder},
        caller::{Caller, Context},
        policy::Act,
        problem::{Problem, ProblemCode},
        scopes::ScopeName,
        support_sessions::{
            AlreadyEnded, Revocation, RevokeAnswer, SupportSession, validate_revocation_reason,
        },
    },
    ports::RevokeSupportSessions,
};
use async_trait::async_trait;
use gateway::ports::Ended;
use store::{Audited, ChangeKind, Lane, audit::Receipt};

use super::SupportSessionsService;
use crate::services::{Acting, ServiceError, core::actor};

fn revocation(context: &Context, at: Timestamp, reason: Option<String>) -> Revocation {
    Revocation {
        at,
        by: match &context.caller {
            Caller::Staff(by) => Some(by.staff_id),
            Caller::Support(by) => Some(by.staff_id),
            _ => None,
        },
        by_name: actor(&context.caller).name,
        reason,
        receipts: Vec::new(),
    }
}

#[async_trait]
impl RevokeSupportSessions for SupportSessionsService {
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<RevokeAnswer, Problem> {
        let session = self.find(context, id).await?;
        self.core
            .authorise(context, Act::RevokeSupportSession(session.staff_id))?;
        let reason = validate_revocation_reason(&reason)?;
        self.require_active(&session)?;
        Ok(self
            .end_in_name_of(context.clone(), session, reason)
            .await?)
    }
}

impl SupportSessionsService {
    pub(super) fn require_active(&self, session: &SupportSession) -> Result<(), Problem> {
        let lifecycle = session.lifecycle(self.core.now());
        lifecycle.into_active().map(drop).map_err(already_ended)
    }

    /// Ends an active session after authorisation.
    pub(in crate::services) async fn end_in_name_of(
        &self,
        context: Context,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<RevokeAnswer, ServiceError> {
        // Runs to its end even if the caller disconnects, because a closed gate must be committed
        // or reopened.
        let this = self.clone();
        let ending = async move { this.close_and_revoke(context, session, reason).await };
        let ending = self.running.spawn(Lane::Ends.run(ending));
        ending.await.unwrap_or_else(|_| {
            Err(Problem::new(ProblemCode::Internal, "Something went wrong.").into())
        })
    }

    async fn close_and_revoke(
        &self,
        context: Context,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<RevokeAnswer, ServiceError> {
        let id = session.id;
        let closed = self.gates.close(id).await;
        let revoke = self
            .core
            .act(&context, (session, reason), |(session, reason), mut act| {
                Box::pin(async move {
                    let revocation = revocation(act.context, act.now(), reason.clone());
                    let revoked = revoke_in(&mut act, session, &revocation).await?;
                    let receipt = revoked.ok_or_else(ended_meanwhile)?;
                    act.change(ChangeKind::SupportSession, session.id).await?;
                    let revoked = RevokeAnswer {
                        session: SupportSession {
                            revocation: Some(revocation),
                            ..session.clone()
                        },
                        audit_event_id: receipt.event_id(),
                    };
                    Ok(Audited::new(revoked, receipt))
                })
            });
        let revoked = revoke.await?;
        let cut = closed.commit(Ended::Revoked);
        tracing::info!(support_session.id = %id, requests.cut = cut.requests, "support session revoked");
        Ok(revoked)
    }
}

/// Ends a session with its event; `None` if it had ended before.
async fn revoke_in(
    act: &mut Acting<'_, '_>,
    session: &SupportSession,
    revocation: &Revocation,
) -> Result<Option<Receipt>, ServiceError> {
    let id = session.id;
    if !act.tx.revoke_support_session(id, revocation).await? {
        return Ok(None);
    }
    let action = AuditAction::SupportSessionRevoked {
        reason: revocation.reason.clone(),
        holder: SessionHolder::from(session),
        revoked_by: revocation.by,
        revoked_by_name: revocation.by_name.clone(),
    };
    let receipt = act.record(Some(&session.tenant_id), id, action);
    act.tx.ask_for_receipts(id, act.core.now());
    Ok(Some(receipt))
}

/// Ends every active support session of a staff member who lost access, in the current transaction.
/// Returns which ones. A session that ends automatically at the same instant stays as it is.
pub async fn revoke_all_of(
    act: &mut Acting<'_, '_>,
    staff: StaffId,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = act.now();
    let active = act.tx.list_active_support_sessions_of(staff, now).await?;
    revoke_listed(act, active, reason).await
}

/// Ends every active support session in a tenant, or in one of its organizations, that was
/// suspended. Like [`revoke_all_of`].
pub async fn revoke_all_in(
    act: &mut Acting<'_, '_>,
    (tenant, organization): (&TenantId, Option<&OrganizationId>),
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = act.now();
    let mut active = act.tx.list_active_support_sessions_in(tenant, now).await?;
    active.retain(|session| {
        organization.is_none() || session.organization_id.as_ref() == organization
    });
    revoke_listed(act, active, reason).await
}

/// Ends every active support session in a tenant that holds a scope beside these. Like
/// [`revoke_all_of`].
pub async fn revoke_writing_in(
    act: &mut Acting<'_, '_>,
    tenant: &TenantId,
    reading: &BTreeSet<ScopeName>,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = act.now();
    let mut active = act.tx.list_active_support_sessions_in(tenant, now).await?;
    active.retain(|session| session.scopes.iter().any(|scope| !reading.contains(scope)));
    revoke_listed(act, active, "support may no longer write in this tenant").await
}

/// Ends every active support session. Like [`revoke_all_of`].
pub async fn revoke_every(
    act: &mut Acting<'_, '_>,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = act.now();
    let active = act.tx.list_active_support_sessions(now).await?;
    revoke_listed(act, active, reason).await
}

/// `active` comes in the order in which sessions are locked.
async fn revoke_listed(
    act: &mut Acting<'_, '_>,
    active: Vec<SupportSession>,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let active = active.into_iter();
    let active = active.map(|session| (session, reason.to_owned()));
    let ended = revoke_because(act, active.collect()).await?;
    Ok(ended.into_iter().map(|(id, _)| id).collect())
}

/// Ends support sessions, each for its reason and with its event. They come in the order in which
/// sessions are locked. A session that ends automatically at the same instant stays as it is.
pub(super) async fn revoke_because(
    act: &mut Acting<'_, '_>,
    sessions: Vec<(SupportSession, String)>,
) -> Result<Vec<(SupportSessionId, Receipt)>, ServiceError> {
    let at = act.now();
    let mut ended = Vec::with_capacity(sessions.len());
    for (session, reason) in sessions {
        let revocation = revocation(act.context, at, Some(reason));
        let receipt = revoke_in(act, &session, &revocation).await?;
        ended.extend(receipt.map(|receipt| (session.id, receipt)));
    }
    for (id, _) in &ended {
        act.change(ChangeKind::SupportSession, id).await?;
    }
    Ok(ended)
}

fn already_ended(ended: AlreadyEnded) -> Problem {
    let detail = match ended {
        AlreadyEnded::Expired { at } => {
            format!(
                "This support session already expired at {}.",
                at.format("%Y-%m-%d %H:%M:%S UTC")
            )
        }
        AlreadyEnded::Revoked(revocation) => format!(
            "This support session was already revoked by {} at {}.",
            revocation.by_name,
            revocation.at.format("%Y-%m-%d %H:%M:%S UTC"),
        ),
    };
    Problem::new(ProblemCode::Conflict, detail)
}

pub(super) fn ended_meanwhile() -> Problem {
    Problem::new(
        ProblemCode::Conflict,
        "This support session has just ended.",
    )
}
