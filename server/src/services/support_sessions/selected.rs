//! Ending several support sessions early, each with an event of its own.

use app::{
    domain::{
        Timestamp,
        caller::Context,
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::{
            RevokeAnswer, RevokeSelectedForm, RevokedSelected, SelectedSessions, SupportSession,
        },
    },
    ports::RevokeSelected,
};
use async_trait::async_trait;
use store::Lane;

use super::SupportSessionsService;
use crate::services::caller_now::authorise_again;

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
        let (this, context) = (self.clone(), context.clone());
        let revoking = async move { this.revoke_each(&context, sessions, reason).await };
        // Goes on if the browser gives up: what was chosen must not stay active for that.
        let revoked = self.running.spawn(Lane::Ends.run(revoking)).await;
        revoked
            .unwrap_or_else(|_| Err(Problem::new(ProblemCode::Internal, "Something went wrong.")))
    }
}

impl SupportSessionsService {
    /// Ends one after the other. One that fails keeps none of the others active.
    async fn revoke_each(
        &self,
        context: &Context,
        sessions: Vec<SupportSession>,
        reason: Option<String>,
    ) -> Result<RevokedSelected, Problem> {
        // A single one was authorised with the request.
        let begun = (sessions.len() > 1).then(|| self.core.now());
        let (mut revoked, mut ended) = (Vec::new(), Vec::new());
        let mut failed = Vec::new();
        for session in sessions {
            if self.require_active(&session).is_err() {
                ended.push(session);
                continue;
            }
            let asked = session.clone();
            let end = self.revoke_one(context, begun, session, reason.clone());
            match end.await {
                Ok(answer) => revoked.push(answer.session),
                // It has ended in between.
                Err(problem) if problem.code == ProblemCode::Conflict => ended.push(asked),
                Err(problem) => failed.push(problem),
            }
        }
        let count = failed.len();
        let answer = RevokedSelected { revoked, ended };
        match failed.pop() {
            None => Ok(answer),
            Some(mut problem) => {
                // Perhaps nobody waits for the answer any more.
                let why = problem.code.as_str();
                tracing::warn!(
                    count,
                    why,
                    "some selected support sessions were not revoked"
                );
                problem.detail = format!(
                    "{} {count} could not be revoked and may be active still: {}",
                    answer.in_words(),
                    problem.detail
                );
                Err(problem)
            }
        }
    }

    /// Ends one. If it is one of several that were begun at `begun`, the caller must still be
    /// allowed to.
    async fn revoke_one(
        &self,
        context: &Context,
        begun: Option<Timestamp>,
        session: SupportSession,
        reason: Option<String>,
    ) -> Result<RevokeAnswer, Problem> {
        if let Some(begun) = begun {
            let act = Act::RevokeSupportSession(session.staff_id);
            match authorise_again(&self.core, context, act, begun).await {
                // Ending it is the safe side while the store can't say who the caller is.
                Err(problem) if problem.code != ProblemCode::Unavailable => return Err(problem),
                _ => {}
            }
        }
        let ended = self.end_in_name_of(context.clone(), session, reason);
        Ok(ended.await?)
    }
}
