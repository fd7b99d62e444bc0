//! Ending a support session early.

use app::{
    domain::{
        OrganizationId, StaffId, SupportSessionId, TenantId, Timestamp,
        audit::{Actor, ActorType, AuditAction, SessionHolder},
        caller::{Caller, Context, Origin},
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::{AlreadyEnded, Revocation, SupportSession, validate_revocation_reason},
    },
    ports::RevokeSupportSessions,
};
use async_trait::async_trait;
use gateway::ports::Ended;
use store::{
    Audited, ChangeKind, Tx,
    audit::{NewAuditEvent, Receipt},
};

use super::{SupportSessionsService, event_of};
use crate::services::{Core, ServiceError, core::actor};

/// In whose name a session ends, and where from.
#[derive(Clone)]
pub(super) struct Ender {
    staff_id: Option<StaffId>,
    actor: Actor,
    origin: Origin,
}

impl Ender {
    fn of(context: &Context) -> Self {
        Self {
            staff_id: match &context.caller {
                Caller::Staff(staff) => Some(staff.staff_id),
                _ => None,
            },
            actor: actor(&context.caller),
            origin: context.origin.clone(),
        }
    }

    /// The session's holder, in a browser that is in the tenant and not in the console.
    pub(super) fn holder(session: &SupportSession, origin: Origin) -> Self {
        Self {
            staff_id: Some(session.staff_id),
            actor: Actor {
                kind: ActorType::Staff,
                id: session.staff_id.to_string(),
                name: session.staff_name.clone(),
            },
            origin,
        }
    }

    fn revocation(&self, at: Timestamp, reason: Option<String>) -> Revocation {
        Revocation {
            at,
            by: self.staff_id,
            by_name: self.actor.name.clone(),
            reason,
            receipts: Vec::new(),
        }
    }

    /// The event of an end, in the tenant's log.
    fn event(&self, core: &Core, session: &SupportSession, action: AuditAction) -> NewAuditEvent {
        let context = Context {
            caller: Caller::System,
            origin: self.origin.clone(),
        };
        NewAuditEvent {
            actor: self.actor.clone(),
            ..event_of(core, &context, session, action)
        }
    }
}

#[async_trait]
impl RevokeSupportSessions for SupportSessionsService {
    async fn revoke(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: String,
    ) -> Result<SupportSession, Problem> {
        let session = self.find(context, id).await?;
        self.core
            .authorise(context, Act::RevokeSupportSession(session.staff_id))?;
        let reason = validate_revocation_reason(&reason)?;
        session
            .lifecycle(self.core.now())
            .into_active()
            .map_err(already_ended)?;
        let ended = self.end_in_name_of(Ender::of(context), session, reason);
        Ok(ended.await?)
    }
}

impl SupportSessionsService {
    /// Ends an active session after authorisation.
    pub(super) async fn end_in_name_of(
        &self,
        ender: Ender,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<SupportSession, ServiceError> {
        // Runs to its end even if the caller hangs up: a gate that was closed must be committed or
        // reopened.
        let this = self.clone();
        let ending =
            tokio::spawn(async move { this.close_and_revoke(ender, session, reason).await });
        ending.await.unwrap_or_else(|_| {
            Err(Problem::new(ProblemCode::Internal, "Something went wrong.").into())
        })
    }

    async fn close_and_revoke(
        &self,
        ender: Ender,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<SupportSession, ServiceError> {
        let id = session.id;
        let closed = self.gates.close(id).await;
        let given = (self.core.clone(), ender, session, reason);
        let revoked = self
            .core
            .store
            .act(given, move |(core, ender, session, reason), tx| {
                Box::pin(async move {
                    let revocation = ender.revocation(core.now(), reason.clone());
                    let Some(receipt) = revoke_in(tx, core, ender, session, &revocation).await?
                    else {
                        return Err(ended_meanwhile().into());
                    };
                    tx.change(ChangeKind::SupportSession, &id.to_string(), revocation.at)
                        .await?;
                    let revoked = SupportSession {
                        revocation: Some(revocation),
                        ..session.clone()
                    };
                    Ok::<_, ServiceError>(Audited::new(revoked, receipt))
                })
            })
            .await?;
        let cut = closed.commit(Ended::Revoked);
        tracing::info!(support_session.id = %id, requests.cut = cut.requests, "support session revoked");
        Ok(revoked)
    }
}

/// Ends a session with its event; `None` if it had ended before. The caller reports the change
/// afterwards: chains are locked before the change log.
async fn revoke_in(
    tx: &mut Tx<'_>,
    core: &Core,
    ender: &Ender,
    session: &SupportSession,
    revocation: &Revocation,
) -> Result<Option<Receipt>, ServiceError> {
    if !tx.revoke_support_session(session.id, revocation).await? {
        return Ok(None);
    }
    let action = AuditAction::SupportSessionRevoked {
        reason: revocation.reason.clone(),
        holder: SessionHolder::from(session),
        revoked_by: revocation.by,
        revoked_by_name: revocation.by_name.clone(),
    };
    let event = ender.event(core, session, action);
    let receipt = tx.append_audit(event).await?;
    tx.ask_for_receipts(session.id, core.now()).await?;
    Ok(Some(receipt))
}

/// Ends every active support session of a staff member who lost access, in the current transaction.
/// Returns which ones. A session that ends automatically at the same instant stays as it is. Chains
/// are taken in ascending order, because the sessions come by tenant.
pub async fn revoke_all_of(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    staff: StaffId,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let active = tx
        .list_active_support_sessions_of(staff, core.now())
        .await?;
    revoke_listed(tx, core, context, active, reason).await
}

/// Ends every active support session in a tenant, or in one of its organizations, that was
/// suspended. Like [`revoke_all_of`].
pub async fn revoke_all_in(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    (tenant, organization): (&TenantId, Option<&OrganizationId>),
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let mut active = tx
        .list_active_support_sessions_in(tenant, core.now())
        .await?;
    active.retain(|session| {
        organization.is_none() || session.organization_id.as_ref() == organization
    });
    revoke_listed(tx, core, context, active, reason).await
}

/// Ends every active support session. Like [`revoke_all_of`].
pub async fn revoke_every(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let active = tx.list_active_support_sessions(core.now()).await?;
    revoke_listed(tx, core, context, active, reason).await
}

/// Chains are taken in ascending order if `active` comes by tenant.
async fn revoke_listed(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    active: Vec<SupportSession>,
    reason: &str,
) -> Result<Vec<SupportSessionId>, ServiceError> {
    let now = core.now();
    let ender = Ender::of(context);
    let revocation = ender.revocation(now, Some(reason.to_owned()));
    let mut ended = Vec::with_capacity(active.len());
    for session in active {
        if revoke_in(tx, core, &ender, &session, &revocation)
            .await?
            .is_some()
        {
            ended.push(session.id);
        }
    }
    for id in &ended {
        tx.change(ChangeKind::SupportSession, &id.to_string(), now)
            .await?;
    }
    Ok(ended)
}

pub(super) fn already_ended(ended: AlreadyEnded) -> Problem {
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
