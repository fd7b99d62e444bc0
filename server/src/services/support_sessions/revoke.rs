//! Ending a support session early.

use app::domain::{
    OrganizationId, StaffId, SupportSessionId, TenantId, Timestamp,
    caller::{Caller, Context},
    policy::Act,
    problem::{Problem, ProblemCode},
    support_sessions::{AlreadyEnded, Revocation, SupportSession, validate_revocation_reason},
};
use serde_json::json;

use super::{SupportSessionsService, event_of};
use crate::{
    gateway::ports::Ended,
    services::{Core, ServiceError, core::actor},
    store::{Audited, ChangeKind, Tx, audit::Receipt},
};

impl SupportSessionsService {
    pub(super) async fn revoke_inner(
        &self,
        context: &Context,
        id: SupportSessionId,
        reason: &str,
    ) -> Result<SupportSession, ServiceError> {
        let session = self.find(context, id).await?;
        self.core
            .authorise(context, Act::RevokeSupportSession(session.staff_id))?;
        let reason = validate_revocation_reason(reason)?;
        session
            .lifecycle(self.core.now())
            .into_active()
            .map_err(already_ended)?;
        // Runs to its end even if the caller hangs up: a gate that was closed must be committed or
        // reopened.
        let (this, context) = (self.clone(), context.clone());
        let ending =
            tokio::spawn(async move { this.close_and_revoke(&context, session, reason).await });
        ending.await.unwrap_or_else(|_| {
            Err(Problem::new(ProblemCode::Internal, "Something went wrong on our side.").into())
        })
    }

    async fn close_and_revoke(
        &self,
        context: &Context,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<SupportSession, ServiceError> {
        let id = session.id;
        let closed = self.gates.close(id).await;
        let (core, context) = (self.core.clone(), context.clone());
        let revoked = core
            .store
            .clone()
            .act(move |tx| {
                let (core, context) = (core.clone(), context.clone());
                let (mut session, reason) = (session.clone(), reason.clone());
                Box::pin(async move {
                    let revocation = revocation_by(&context, core.now(), reason);
                    let Some(receipt) =
                        revoke_in(tx, &core, &context, &session, &revocation).await?
                    else {
                        return Err(ended_meanwhile().into());
                    };
                    tx.change(ChangeKind::SupportSession, &id.to_string(), revocation.at)
                        .await?;
                    session.revocation = Some(revocation);
                    Ok::<_, ServiceError>(Audited::new(session, receipt))
                })
            })
            .await?;
        let cut = closed.commit(Ended::Revoked);
        tracing::info!(support_session.id = %id, requests.cut = cut.requests, "support session revoked");
        Ok(revoked)
    }
}

/// Ends a session with its event; `None` if it had ended before. Whoever calls tells of the change
/// afterwards: chains are locked before the log of changes.
async fn revoke_in(
    tx: &mut Tx<'_>,
    core: &Core,
    context: &Context,
    session: &SupportSession,
    revocation: &Revocation,
) -> Result<Option<Receipt>, ServiceError> {
    if !tx.revoke_support_session(session.id, revocation).await? {
        return Ok(None);
    }
    let metadata = json!({
        "reason": revocation.reason,
        "staff_id": session.staff_id,
        "staff_name": session.staff_name,
        "revoked_by": revocation.by,
        "revoked_by_name": revocation.by_name,
    });
    let event = event_of(core, context, session, "support_session.revoked", metadata);
    let receipt = tx.append_audit(event).await?;
    tx.ask_for_receipts(session.id, core.now()).await?;
    Ok(Some(receipt))
}

fn revocation_by(context: &Context, at: Timestamp, reason: Option<String>) -> Revocation {
    Revocation {
        at,
        by: match &context.caller {
            Caller::Staff(staff) => Some(staff.staff_id),
            _ => None,
        },
        by_name: actor(&context.caller).name,
        reason,
        receipts: Vec::new(),
    }
}

/// Ends every active support session of a staff member who may not act any more, in the
/// transaction under way; which ones. One that ends by itself at the same instant is left as it
/// is. Chains are taken in ascending order, since the sessions come by tenant.
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

/// Ends every active support session in a tenant, or in one of its organizations, that may not be
/// looked into any more; as [`revoke_all_of`].
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

/// Ends every active support session there is; as [`revoke_all_of`].
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
    let revocation = revocation_by(context, now, Some(reason.to_owned()));
    let mut ended = Vec::with_capacity(active.len());
    for session in active {
        if revoke_in(tx, core, context, &session, &revocation)
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
        "This support session has ended in the meantime.",
    )
}
