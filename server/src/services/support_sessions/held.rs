//! The holder's view of a support session, from a page in its tenant.

use app::domain::{
    SupportSessionId,
    caller::{Caller, Context, Origin, SupportCaller},
    problem::ProblemCode,
    support_sessions::SupportSessionStatus,
};
use async_trait::async_trait;
use gateway::ports::{EndAsked, HeldSessions, SessionCard, StoreUnavailable};

use super::SupportSessionsService;
use crate::services::ServiceError;

const REASON: &str = "Ended by its holder in the browser.";

impl SupportSessionsService {
    /// The owner of the session's cookie is its holder, who may always end it, whatever has changed
    /// in their roles and sign-ins.
    async fn end_if_active(&self, asked: EndAsked) -> Result<(), ServiceError> {
        let id = asked.support_session_id;
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_support_session(id).await?;
        drop(reader);
        let now = self.core.now();
        let active = found.filter(|s| s.status(now) == SupportSessionStatus::Active);
        let Some(session) = active else {
            return Ok(());
        };
        let origin = Origin {
            ip: Some(asked.ip.to_string()),
            user_agent: Some(asked.user_agent),
            request_id: Some(asked.request_id.to_string()),
            zone: None,
        };
        let holder = Caller::Support(SupportCaller {
            support_session_id: id,
            tenant_id: session.tenant_id.clone(),
            organization_id: session.organization_id.clone(),
            staff_id: session.staff_id,
            staff_name: session.staff_name.clone(),
            expires_at: session.expires_at,
        });
        let context = Context {
            caller: holder,
            origin,
        };
        let ended = self.end_in_name_of(context, session, Some(REASON.to_owned()));
        match ended.await {
            // Somebody else ended it, or it expired.
            Err(ServiceError::Refused(problem)) if problem.code == ProblemCode::Conflict => Ok(()),
            ended => ended.map(|_| ()),
        }
    }
}

#[async_trait]
impl HeldSessions for SupportSessionsService {
    async fn card(&self, id: SupportSessionId) -> Result<Option<SessionCard>, StoreUnavailable> {
        let read = async {
            let mut reader = self.core.store.read().await?;
            reader.db().lookup_support_session(id).await
        };
        let found = read.await.map_err(|_| StoreUnavailable)?;
        Ok(found.map(|session| SessionCard {
            tenant_name: session.tenant_name,
            reason: session.reason,
        }))
    }

    async fn end(&self, asked: EndAsked) -> Result<(), StoreUnavailable> {
        let (id, request_id) = (asked.support_session_id, asked.request_id);
        self.end_if_active(asked).await.map_err(|error| {
            tracing::warn!(
                support_session.id = %id,
                request.id = %request_id,
                error = %error,
                "can't end a support session"
            );
            StoreUnavailable
        })
    }
}
