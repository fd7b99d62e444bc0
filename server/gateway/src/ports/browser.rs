//! Browsers that tenants are opened in.

use std::net::IpAddr;

use app::domain::{RequestId, Timestamp};
use async_trait::async_trait;

use super::{Ended, KnownSession, StoreUnavailable};
use crate::browser::EntryLabel;

/// A support session as a browser's cookie finds it.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// The session; its `token_hash` is that of the cookie.
    pub session: KnownSession,
    /// The label of its own host.
    pub label: EntryLabel,
}

/// A browser that comes with a code for a cookie.
#[derive(Debug, Clone)]
pub struct NewBrowserSession {
    /// The label of the host that it came to.
    pub label: EntryLabel,
    /// SHA-256 of the code that the console gave it.
    pub code_hash: [u8; 32],
    /// SHA-256 of the state that this very browser was given before.
    pub state_hash: [u8; 32],
    /// SHA-256 of the token that its cookie will hold.
    pub token_hash: [u8; 32],
    /// Made by the gateway.
    pub request_id: RequestId,
    /// Where it came from.
    pub ip: IpAddr,
    /// What it says it is, at most 512 characters.
    pub user_agent: String,
    /// When it came.
    pub at: Timestamp,
}

/// Why a browser gets no cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEntered {
    /// The code is unknown, used, older than 60 seconds, another session's, or was asked for by
    /// another browser.
    #[error("the code is not good, or not this browser's")]
    Code,
    /// The support session has ended.
    #[error("the support session has ended")]
    Ended(Ended),
    /// The support session may be used from its creator's address only.
    #[error("the support session may not be used from there")]
    WrongAddress,
    /// The store does not answer.
    #[error("the store does not answer")]
    Unavailable,
}

/// Browsers' cookies, of which a support session has one at a time.
#[async_trait]
pub trait BrowserSessions: Send + Sync {
    /// The session whose cookie's token has this SHA-256 hash, ended ones included.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn lookup(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<BrowserSession>, StoreUnavailable>;

    /// Takes a code, once, and lets the browser's cookie in from then on, in the place of the cookie
    /// before it; with the audit event. Runs to its end even if the browser hangs up.
    ///
    /// # Errors
    ///
    /// Why not: nothing has changed then.
    async fn enter(&self, new: NewBrowserSession) -> Result<(), NotEntered>;
}
