//! The holder's view of a support session, from a page in its tenant.

use std::net::IpAddr;

use app::domain::{RequestId, SupportSessionId};
use async_trait::async_trait;

use super::StoreUnavailable;

/// The store's data of a support session that the gateway doesn't know itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCard {
    /// The name of the session's tenant.
    pub tenant_name: String,
    /// Why the session was created.
    pub reason: String,
}

/// A holder's request to end a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndAsked {
    /// The session whose cookie came with the request.
    pub support_session_id: SupportSessionId,
    /// Made by the gateway.
    pub request_id: RequestId,
    /// The IP address of the client.
    pub ip: IpAddr,
    /// The browser, at most 512 characters.
    pub user_agent: String,
}

/// The holders' access to their support sessions.
#[async_trait]
pub trait HeldSessions: Send + Sync {
    /// The session's data; `None` if it doesn't exist.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn card(
        &self,
        session: SupportSessionId,
    ) -> Result<Option<SessionCard>, StoreUnavailable>;

    /// Ends a session in its holder's name, with the audit event. Once this has returned, the
    /// session has ended, by this call or before. Runs to its end even if the browser disconnects.
    ///
    /// # Errors
    ///
    /// If the store doesn't respond. As far as known, nothing has changed then.
    async fn end(&self, asked: EndAsked) -> Result<(), StoreUnavailable>;
}
