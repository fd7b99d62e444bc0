//! Raising the total of requests that a support session may make.

use app::{
    domain::{
        SupportSessionId,
        audit::{AuditAction, SessionHolder},
        caller::Context,
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::{RaiseBudgetForm, SupportSession},
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
    ) -> Result<SupportSession, Problem> {
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
            return Ok(session);
        }
        let raise = self.core.act(
            context,
            (session, raised),
            move |(session, raised), mut act| {
                Box::pin(async move {
                    let total = raised.requests_total;
                    if !act.tx.raise_requests_total(id, total, act.now()).await? {
                        return Err(ended_meanwhile().into());
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
                    let mut raised = session.clone();
                    raised.limits.requests_total = Some(total);
                    Ok(Audited::new(raised, receipt))
                })
            },
        );
        Ok(raise.await?)
    }
}
