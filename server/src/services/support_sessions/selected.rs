//! Ending several support sessions early, each with an event of its own.

use app::{
    domain::{
        caller::Context,
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::{RevokeSelectedForm, RevokedSelected, SelectedSessions},
    },
    ports::RevokeSelected,
};
use async_trait::async_trait;

use super::SupportSessionsService;

#[async_trait]
impl RevokeSelected for SupportSessionsService {
    async fn selected(
        &self,
        context: &Context,
        form: RevokeSelectedForm,
    ) -> Result<SelectedSessions, Problem> {
        self.core.authorise(context, Act::RevokeSelectedSessions)?;
        let (ids, _) = form.validate()?;
        let mut sessions = Vec::with_capacity(ids.len());
        for id in ids {
            sessions.push(self.find(context, id).await?);
        }
        Ok(SelectedSessions {
            sessions,
            at: self.core.now(),
            idempotency_key: self.core.new_uuid().to_string(),
        })
    }

    async fn revoke_selected(
        &self,
        context: &Context,
        form: RevokeSelectedForm,
    ) -> Result<RevokedSelected, Problem> {
        self.core.authorise(context, Act::RevokeSelectedSessions)?;
        let (ids, reason) = form.validate()?;
        let mut sessions = Vec::with_capacity(ids.len());
        // All are found before any is ended: a wrong selection does nothing.
        for id in ids {
            let session = self.find(context, id).await?;
            self.core
                .authorise(context, Act::RevokeSupportSession(session.staff_id))?;
            sessions.push(session);
        }
        let (mut revoked, mut ended) = (Vec::new(), Vec::new());
        for session in sessions {
            if self.require_active(&session).is_err() {
                ended.push(session);
                continue;
            }
            let id = session.id;
            let end = self.end_in_name_of(context.clone(), session, reason.clone());
            match end.await.map_err(Problem::from) {
                Ok(answer) => revoked.push(answer.session),
                // It has ended in between.
                Err(problem) if problem.code == ProblemCode::Conflict => {
                    ended.push(self.find(context, id).await?);
                }
                Err(mut problem) => {
                    let done = revoked.len();
                    problem.detail = format!(
                        "{} {done} of the sessions were revoked before.",
                        problem.detail
                    );
                    return Err(problem);
                }
            }
        }
        Ok(RevokedSelected { revoked, ended })
    }
}
