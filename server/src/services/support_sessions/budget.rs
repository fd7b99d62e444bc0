//! Raises the total of requests that a support session may make.

use app::{
    domain::{
        SupportSessionId,
        audit::{AuditAction, SessionHolder},
        caller::Context,
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::{BudgetAnswer, RaiseBudgetForm},
    },
    ports::RaiseBudgets,
};
use async_trait::async_trait;
use store::{Audited, ChangeKind};

use super::{SupportSessionsService, revoke::ended_meanwhile};

#[async_trait]
impl RaiseBudgets for SupportSessionsService {
    async fn raise_budget(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: RaiseBudgetForm,
    ) -> Result<BudgetAnswer, Problem> {
        let raised = self.try_to_raise(context, id, &form).await?;
        if let Some(raised) = raised {
            return Ok(raised);
        }
        // Another form was faster, possibly the same form sent twice.
        let raised = self.try_to_raise(context, id, &form).await?;
        raised.ok_or_else(ended_meanwhile)
    }
}

impl SupportSessionsService {
    /// `None` if the session has changed in the meantime.
    async fn try_to_raise(
        &self,
        context: &Context,
        id: SupportSessionId,
        form: &RaiseBudgetForm,
    ) -> Result<Option<BudgetAnswer>, Problem> {
        let session = self.find(context, id).await?;
        self.core
            .authorise(context, Act::RaiseBudget(session.staff_id))?;
        self.require_active(&session)?;
        let Some(present) = session.limits.requests_total else {
            let detail = "This support session has no request limit.";
            return Err(Problem::new(ProblemCode::Conflict, detail));
        };
        let raised = form.validate(present)?;
        if raised.requests_total == present {
            return Ok(Some(BudgetAnswer {
                session,
                audit_event_id: None,
            }));
        }
        let raise = self.core.act(
            context,
            (session, raised),
            move |(session, raised), mut act| {
                Box::pin(async move {
                    let total = raised.requests_total;
                    if !act.tx.raise_requests_total(id, total, act.now()).await? {
                        return Ok(Audited::unchanged(None));
                    }
                    let action = AuditAction::SupportSessionBudgetRaised {
                        requests_total: total,
                        requests_total_before: present,
                        requests_forwarded: session.requests_forwarded,
                        reason: raised.reason.clone(),
                        holder: SessionHolder::from(session),
                    };
                    let receipt = act.record(Some(&session.tenant_id), id, action);
                    act.change(ChangeKind::SupportSession, id).await?;
                    let mut session = session.clone();
                    session.limits.requests_total = Some(total);
                    let raised = BudgetAnswer {
                        session,
                        audit_event_id: Some(receipt.event_id()),
                    };
                    Ok(Audited::new(Some(raised), receipt))
                })
            },
        );
        Ok(raise.await?)
    }
}
