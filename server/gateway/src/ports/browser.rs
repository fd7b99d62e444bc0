//! Browsers in which tenants are opened.

use std::{fmt, net::IpAddr, sync::Arc};

use app::domain::{RequestId, Timestamp};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::{Ended, KnownSession, StoreUnavailable};
use crate::{Lease, browser::EntryLabel};

/// A support session, found by a browser's cookie.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// The session. Its `token_hash` is the cookie's.
    pub session: KnownSession,
    /// The label of the session's own host.
    pub label: EntryLabel,
}

/// A browser that comes with a code for a cookie.
#[derive(Debug, Clone)]
pub struct NewBrowserSession {
    /// The label of the request's host.
    pub label: EntryLabel,
    /// SHA-256 of the code that the console gave it.
    pub code_hash: [u8; 32],
    /// SHA-256 of the state that this browser got before.
    pub state_hash: [u8; 32],
    /// SHA-256 of the token that its cookie will hold.
    pub token_hash: [u8; 32],
    /// Made by the gateway.
    pub request_id: RequestId,
    /// The IP address of the client.
    pub ip: IpAddr,
    /// The browser's `User-Agent`, at most 512 characters.
    pub user_agent: String,
    /// When the request arrived.
    pub at: Timestamp,
    /// Whether the browser still waits for its cookie.
    pub waits: Waits,
}

/// Whether a browser still waits, at a node that may serve. Ask within the transaction. Otherwise a
/// store that hangs may use up the code later, for a cookie that nobody gets.
#[derive(Clone)]
pub struct Waits {
    lease: Arc<Lease>,
    given_up: CancellationToken,
}

impl Waits {
    /// Until `given_up` is cancelled, and while `lease` is held.
    pub const fn new(lease: Arc<Lease>, given_up: CancellationToken) -> Self {
        Self { lease, given_up }
    }

    /// Whether that is so now.
    pub fn still(&self) -> bool {
        !self.given_up.is_cancelled() && self.lease.is_held()
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waits").field(&self.still()).finish()
    }
}

/// Why a browser gets no cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotEntered {
    /// The code is unknown, used, older than 60 seconds, for another session, or for another
    /// browser.
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
    /// The session whose cookie's token has this SHA-256 hash, even if it has ended.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn lookup(
        &self,
        token_hash: [u8; 32],
    ) -> Result<Option<BrowserSession>, StoreUnavailable>;

    /// Redeems a code, once, and accepts the browser's cookie from then on instead of the previous
    /// one. Adds the audit event. Nothing changes if the browser no longer waits, if the session is
    /// pinned to another address, or if it has ended.
    ///
    /// # Errors
    ///
    /// The reason, if nothing has changed.
    async fn enter(&self, new: NewBrowserSession) -> Result<(), NotEntered>;
}
