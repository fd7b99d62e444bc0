//! All that the gateway knows of the store.

mod browser;
mod held;

use std::{net::IpAddr, time::Duration};

use app::domain::{
    OrganizationId, RequestId, StaffId, SupportSessionId, TenantId, Timestamp,
    access_log::{ForwardAuthProfile, Refusal, RequestOutcome, UpgradeTally},
    scopes::ScopeName,
};
use async_trait::async_trait;

pub use self::{
    browser::{BrowserSession, BrowserSessions, NewBrowserSession, NotEntered, Waits},
    held::{EndAsked, HeldSessions, SessionCard},
};

/// How a support session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// At its expiry, without an act of anyone.
    Expired,
    /// Ended early, by a person or the system.
    Revoked,
}

impl Ended {
    /// The refusal of a request in such a session.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Expired => Refusal::SessionExpired,
            Self::Revoked => Refusal::SessionRevoked,
        }
    }
}

/// The limits of a support session beside expiry and scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownLimits {
    /// Requests per minute that this node allows; `None` for no limit.
    pub requests_per_minute: Option<u64>,
    /// The only address allowed to use the session, as [`IpAddr`] writes it.
    pub only_from: Option<String>,
    /// When the session ended or will end for being idle. Each record postpones it.
    pub idle_ends_at: Option<Timestamp>,
}

/// A support session as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The support session's ID.
    pub id: SupportSessionId,
    /// The hash of the token by which it was found.
    pub token_hash: [u8; 32],
    /// The tenant to which it is confined.
    pub tenant_id: TenantId,
    /// The organization to which it is confined, if any.
    pub organization_id: Option<OrganizationId>,
    /// The staff member who acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// The scopes granted to the session.
    pub scopes: Vec<ScopeName>,
    /// The rules under which it was created ([`crate::rules::RuleSource::hash`]); empty if none were
    /// noted.
    pub rule_set: String,
    /// When the session expires.
    pub expires_at: Timestamp,
    /// How it ended, if the store knows. Expiry needs no mark: see [`Self::ended_at`].
    pub ended: Option<Ended>,
    /// Request rate, IP address and idle limit.
    pub limits: KnownLimits,
}

impl KnownSession {
    /// An imaginary support session for trying rules: it never ends and has no limits.
    pub fn supposed(
        tenant_id: TenantId,
        organization_id: Option<OrganizationId>,
        scopes: &[ScopeName],
    ) -> Self {
        Self {
            id: SupportSessionId::from_uuid(uuid::Uuid::nil()),
            token_hash: [0; 32],
            tenant_id,
            organization_id,
            staff_id: StaffId::from_uuid(uuid::Uuid::nil()),
            staff_name: String::new(),
            scopes: scopes.to_vec(),
            rule_set: String::new(),
            expires_at: Timestamp::MAX_UTC,
            ended: None,
            limits: KnownLimits::default(),
        }
    }

    /// How the session has ended at `now`, if it has.
    pub fn ended_at(&self, now: Timestamp) -> Option<Ended> {
        self.ended
            .or_else(|| (now >= self.expires_at).then_some(Ended::Expired))
    }

    /// Whether the session was idle for too long when a request arrived at `now`. Not for recorded
    /// requests: their record has postponed that end.
    pub fn is_idle_at(&self, now: Timestamp) -> bool {
        self.limits.idle_ends_at.is_some_and(|at| now >= at)
    }
}

/// The store does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store does not answer")]
pub struct StoreUnavailable;

/// Finds support sessions by their credentials.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session whose token has this SHA-256 hash, even if it has ended.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn lookup(&self, token_hash: [u8; 32]) -> Result<Option<KnownSession>, StoreUnavailable>;

    /// The text of a rule set ([`crate::rules::RuleSource::to_text`]) by its hash.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    async fn rule_set(&self, hash: &str) -> Result<Option<String>, StoreUnavailable>;
}

/// A request that is about to be forwarded, or was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Made by the gateway, returned as `X-Request-Id`.
    pub request_id: RequestId,
    /// The support session it belongs to.
    pub support_session_id: SupportSessionId,
    /// The hash of its token. A replaced token records nothing.
    pub token_hash: [u8; 32],
    /// The tenant of that session.
    pub tenant_id: TenantId,
    /// The staff member who acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// The HTTP method (RFC 9110 §9).
    pub method: String,
    /// The path in canonical form. For a refused request: the client's path, at most 2048
    /// characters, control characters escaped.
    pub path: String,
    /// The query without the question mark, as forwarded; shortened like `path` if refused.
    pub query: Option<String>,
    /// The scope that allowed it; none if it was refused.
    pub scope: Option<ScopeName>,
    /// The proxy that asks whether it may forward the request; none if the gateway forwards it.
    pub profile: Option<ForwardAuthProfile>,
    /// The IP address of the client.
    pub ip: IpAddr,
    /// The names of its left-out header fields that no earlier request of the session has named.
    pub left_out: Vec<String>,
    /// How many earlier requests of the session don't count in its total after all, because they
    /// were answered with static files.
    pub free: u64,
    /// The client's `User-Agent`, at most 512 characters; empty if there is none.
    pub user_agent: String,
    /// When the gateway received it.
    pub at: Timestamp,
}

/// Proof that the record of a request is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The request's number in its session, from 1.
    pub seq: u64,
}

/// Why a request couldn't be recorded and so is not forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The session was no longer active at the instant of the record.
    #[error("the support session has ended")]
    SessionEnded(Ended),
    /// The session's total of requests is used up.
    #[error("the support session's requests are used up")]
    BudgetExhausted,
    /// The record could not be written.
    #[error("the record could not be written")]
    Unavailable,
}

/// A request that was refused in a known session. Nothing was forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    /// The request that was refused.
    pub request: Intent,
    /// The reason for the refusal.
    pub refusal: Refusal,
    /// The status that the client got.
    pub status: u16,
}

/// How a recorded request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The request that ended.
    pub request_id: RequestId,
    /// The session that the request was made in.
    pub support_session_id: SupportSessionId,
    /// The tenant of that session.
    pub tenant_id: TenantId,
    /// When the request ended.
    pub at: Timestamp,
    /// The status that the client got. `None` if it disconnected before.
    pub status: Option<u16>,
    /// `Done`, `Cut`, `Failed`, or `Refused` if the session ended between record and forwarding.
    pub outcome: RequestOutcome,
    /// Why, if the outcome is `Refused`.
    pub refusal: Option<Refusal>,
    /// From the request's arrival to the last byte of the answer.
    pub duration: Duration,
    /// Bytes of the request's body that were passed on.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were passed on.
    pub response_bytes: u64,
    /// The traffic after a protocol upgrade, if there was one.
    pub tally: Option<UpgradeTally>,
}

/// The traffic so far of an upgraded connection that is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelNote {
    /// The request that was upgraded.
    pub request_id: RequestId,
    /// The session that the request was made in.
    pub support_session_id: SupportSessionId,
    /// The traffic since the protocol upgrade.
    pub tally: UpgradeTally,
}

/// A page of the platform, in a browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageShown {
    /// The request that was answered with it.
    pub request_id: RequestId,
    /// The session that the request was made in.
    pub support_session_id: SupportSessionId,
}

/// Writes the access log and its audit events.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Commits the record of a request, only if its session is active at that instant and has
    /// budget left. Concurrent calls share a transaction. Nothing is forwarded before this returns
    /// `Ok`. The caller is a task that runs to its end even if the client disconnects.
    ///
    /// # Errors
    ///
    /// If the session has ended or is used up, or the record could not be written. The
    /// implementation completes a record as refused if it may have been written after all.
    async fn begin(&self, intent: Intent) -> Result<Begun, RecordError>;

    /// Records a refused request in its session, and logs its own failures, because the refusal
    /// holds even without a record. Of refusals that [`Refusal::is_sampled`] the implementation
    /// records some, counts the rest, and returns at once, so that a client that causes them makes
    /// nobody wait.
    async fn refuse(&self, refused: RefusedRequest);

    /// Hands over the traffic so far of an upgraded connection, every minute. It must not block. A
    /// note may be lost, because the next one includes it.
    fn note(&self, note: TunnelNote);

    /// Hands over that a page was shown without the banner. It must not block. By default it is lost: only
    /// the gateway's own listener shows pages.
    fn without_banner(&self, page: PageShown) {
        let _ = page;
    }

    /// Hands over the end of a recorded request. Called exactly once for each `Ok` of
    /// [`Self::begin`], possibly from a destructor: it must neither block nor lose the completion,
    /// so it puts it into an unbounded queue for a task of the recorder.
    fn complete(&self, completion: Completion);
}
