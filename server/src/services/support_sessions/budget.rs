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

use super::{
    SupportSessionsService, event_of,
    revoke::{already_ended, ended_meanwhile},
};
use crate::services::ServiceError;

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
        session
            .lifecycle(self.core.now())
            .into_active()
            .map_err(already_ended)?;
        let Some(present) = session.limits.requests_total else {
            let detail = "This support session has no request limit.";
            return Err(Problem::new(ProblemCode::Conflict, detail));
        };
        let raised = form.validate(present)?;
        if raised.requests_total == present {
            return Ok(session);
        }
        let given = (self.core.clone(), context.clone(), session, raised);
        let raised = self
            .core
            .store
            .act(given, move |(core, context, session, raised), tx| {
                Box::pin(async move {
                    let (now, total) = (core.now(), raised.requests_total);
                    if !tx.raise_requests_total(id, total, now).await? {
                        return Err(ended_meanwhile().into());
                    }
                    let action = AuditAction::SupportSessionBudgetRaised {
                        requests_total: total,
                        requests_total_before: present,
                        requests_forwarded: session.requests_forwarded,
                        reason: raised.reason.clone(),
                        holder: SessionHolder::from(session),
                    };
                    let event = event_of(core, context, session, action);
                    let receipt = tx.append_audit(event).await?;
                    tx.change(ChangeKind::SupportSession, &id.to_string(), now)
                        .await?;
                    let mut raised = session.clone();
                    raised.limits.requests_total = Some(total);
                    Ok::<_, ServiceError>(Audited::new(raised, receipt))
                })
            })
            .await?;
        Ok(raised)
    }
}
