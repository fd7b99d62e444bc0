//! Lets a browser open the tenant of a support session: the console's part.
//!
//! For the gateway's part see `gateway::browser`.

use app::domain::{
    SupportSessionId, Timestamp,
    caller::Context,
    policy::Act,
    problem::{Problem, ProblemCode},
    support_sessions::{SupportSession, SupportSessionStatus},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use gateway::{
    browser::EntryLabel,
    token::{Token, TokenKind},
};
use store::{Priority, StoreError};

use super::SupportSessionsService;
use crate::services::ServiceError;

/// How long a code can be used: long enough for one redirect.
const CODE_LASTS: TimeDelta = TimeDelta::seconds(60);

impl SupportSessionsService {
    /// The support session whose host has this label.
    ///
    /// # Errors
    ///
    /// If there is none, or the caller may see none.
    pub async fn find_by_entry_label(
        &self,
        context: &Context,
        label: &str,
    ) -> Result<SupportSession, Problem> {
        self.core.authorise(context, Act::ReadSupportSessions)?;
        let not_found = || Problem::not_found("support session");
        let label: EntryLabel = label.parse().map_err(|_| not_found())?;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let found = db.find_support_session_by_label(label.as_str()).await?;
        found.ok_or_else(not_found)
    }

    /// Where a browser begins to open the tenant of a support session. Changes nothing.
    ///
    /// # Errors
    ///
    /// If the session is not the caller's own, has ended, or tenants are not opened in browsers.
    pub async fn entry(&self, context: &Context, id: SupportSessionId) -> Result<String, Problem> {
        let session = self.find(context, id).await?;
        self.may_open(context, &session)?;
        let url = self.open_url(context, &session, self.core.now()).await?;
        url.ok_or_else(cannot_be_entered)
    }

    /// Whether the caller may open the tenant of a support session in a browser now.
    ///
    /// # Errors
    ///
    /// If the session is not the caller's own, or has ended.
    pub fn may_open(&self, context: &Context, session: &SupportSession) -> Result<(), Problem> {
        self.core
            .authorise(context, Act::OpenTenant(session.staff_id))?;
        self.require_active(session)
    }

    /// Continues opening a tenant in a browser. `state` is the SHA-256 of the state that the
    /// gateway gave the browser, in base64url. Returns the URL for the browser, with a code that
    /// can be used once, within 60 seconds, together with the state.
    ///
    /// # Errors
    ///
    /// If the session is not the caller's own, has ended, or tenants are not opened in browsers.
    pub async fn open_in_browser(
        &self,
        context: &Context,
        session: &SupportSession,
        state: &str,
    ) -> Result<String, Problem> {
        self.may_open(context, session)?;
        let state = URL_SAFE_NO_PAD.decode(state).ok();
        let state: Option<[u8; 32]> = state.and_then(|bytes| bytes.try_into().ok());
        let state = state.ok_or_else(|| {
            Problem::invalid_field("state", "must be the one that the gateway has sent")
        })?;
        let label = self.entry_label(session).await?;
        let hosts = self.entry_hosts.as_ref().zip(label);
        let Some((hosts, label)) = hosts else {
            return Err(cannot_be_entered());
        };
        let code = Token::generate(TokenKind::EntryCode, &*self.core.entropy);
        let (id, code_hash) = (session.id, *code.hash().as_bytes());
        let kept: Result<bool, StoreError> = self
            .core
            .store
            .write(Priority::Normal, self.core.clone(), move |core, tx| {
                Box::pin(async move {
                    let now = core.now();
                    let until = now + CODE_LASTS;
                    tx.keep_entry_code(id, code_hash, state, until, now).await
                })
            })
            .await;
        if !kept? {
            return Err(super::revoke::ended_meanwhile());
        }
        Ok(hosts.enter_url(&label, code.expose()))
    }

    /// The address that opens the tenant in a browser, if the session is the caller's own, active,
    /// and has a host.
    pub(super) async fn open_url(
        &self,
        context: &Context,
        session: &SupportSession,
        now: Timestamp,
    ) -> Result<Option<String>, ServiceError> {
        let may = self
            .core
            .authorise(context, Act::OpenTenant(session.staff_id));
        let is_active = session.status(now) == SupportSessionStatus::Active;
        let Some(hosts) = self
            .entry_hosts
            .as_ref()
            .filter(|_| may.is_ok() && is_active)
        else {
            return Ok(None);
        };
        let label = self.entry_label(session).await?;
        Ok(label.map(|label| hosts.open_url(&label)))
    }

    async fn entry_label(
        &self,
        session: &SupportSession,
    ) -> Result<Option<EntryLabel>, ServiceError> {
        let mut reader = self.core.store.read().await?;
        let label = reader.db().lookup_entry_label(session.id).await?;
        Ok(label.and_then(|label| label.parse().ok()))
    }
}

fn cannot_be_entered() -> Problem {
    let detail = "This tenant can't be entered in a browser.";
    Problem::new(ProblemCode::NotFound, detail)
}
