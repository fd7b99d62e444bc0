//! What the gateway asks of the store. It knows no more of it than this.

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
    browser::{BrowserSession, BrowserSessions, NewBrowserSession, NotEntered},
    held::{EndAsked, HeldSessions, SessionCard},
};

/// How a support session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// By itself, at its expiry.
    Expired,
    /// Early, by someone.
    Revoked,
}

impl Ended {
    /// The refusal that a request in such a session meets.
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::Expired => Refusal::SessionExpired,
            Self::Revoked => Refusal::SessionRevoked,
        }
    }
}

/// What bounds a support session beside its expiry and its scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownLimits {
    /// How many requests a minute are let through here; `None` for any number.
    pub requests_per_minute: Option<u64>,
    /// The one address that requests are let through from, as [`IpAddr`] writes it.
    pub only_from: Option<String>,
    /// When it ended, or will end, for want of requests. Each record puts it off.
    pub idle_ends_at: Option<Timestamp>,
}

/// A support session as the gateway knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    /// The session.
    pub id: SupportSessionId,
    /// The hash of the token that it was found by.
    pub token_hash: [u8; 32],
    /// The tenant it is confined to.
    pub tenant_id: TenantId,
    /// The organization it is confined to, if it is.
    pub organization_id: Option<OrganizationId>,
    /// Who really acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// The permissions granted.
    pub scopes: Vec<ScopeName>,
    /// The rules under which it was created ([`crate::rules::RuleSource::hash`]); empty if none were
    /// noted.
    pub rule_set: String,
    /// When it expires by itself.
    pub expires_at: Timestamp,
    /// How it ended, if the store says so. Expiry needs no mark: see [`Self::ended_at`].
    pub ended: Option<Ended>,
    /// What else bounds it.
    pub limits: KnownLimits,
}

impl KnownSession {
    /// A support session that nobody holds, to try rules with: it never ends and nothing bounds it.
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

    /// Whether it had ended for want of requests when one arrived at `now`. Not to be asked of a
    /// request that is recorded: its record has put that end off.
    pub fn is_idle_at(&self, now: Timestamp) -> bool {
        self.limits.idle_ends_at.is_some_and(|at| now >= at)
    }
}

/// The store does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store does not answer")]
pub struct StoreUnavailable;

/// Finds support sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The session whose token has this SHA-256 hash, ended ones included.
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
    /// The hash of the token it came with: a token that has been replaced records nothing.
    pub token_hash: [u8; 32],
    /// That session's tenant.
    pub tenant_id: TenantId,
    /// Who really acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// HTTP method.
    pub method: String,
    /// The path in canonical form; of a refused request what the client sent, at most 2048
    /// characters, control characters escaped.
    pub path: String,
    /// The query without the question mark, as forwarded; cut like `path` if refused.
    pub query: Option<String>,
    /// The granted scope that let it through; none if it was refused.
    pub scope: Option<ScopeName>,
    /// The proxy that asks whether it may carry the request; none if the gateway forwards it.
    pub profile: Option<ForwardAuthProfile>,
    /// Where it came from.
    pub ip: IpAddr,
    /// The client that made it, at most 512 characters; empty if it did not say.
    pub user_agent: String,
    /// When the gateway took it in.
    pub at: Timestamp,
}

/// Proof that the record of a request is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The request's number in its session, from 1.
    pub seq: u64,
}

/// Why a request could not be recorded, and so is not forwarded.
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

/// A request that was refused in a known session; nothing of it was forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRequest {
    /// What was asked.
    pub request: Intent,
    /// Why it was refused.
    pub refusal: Refusal,
    /// The status that the client got.
    pub status: u16,
}

/// How a recorded request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// The request.
    pub request_id: RequestId,
    /// Its support session.
    pub support_session_id: SupportSessionId,
    /// That session's tenant.
    pub tenant_id: TenantId,
    /// When it ended.
    pub at: Timestamp,
    /// The status that the client got, unless it was gone before there was one.
    pub status: Option<u16>,
    /// `Done`, `Cut`, `Failed`, or `Refused` where the session ended between record and forwarding.
    pub outcome: RequestOutcome,
    /// Why, where the outcome is `Refused`.
    pub refusal: Option<Refusal>,
    /// From taking the request in until the last byte of the answer.
    pub duration: Duration,
    /// Bytes of the request's body that were passed on.
    pub request_bytes: u64,
    /// Bytes of the answer's body that were passed on.
    pub response_bytes: u64,
    /// What passed after a change of protocol, if there was one.
    pub tally: Option<UpgradeTally>,
}

/// What has passed so far over an upgraded connection that is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelNote {
    /// The request that was upgraded.
    pub request_id: RequestId,
    /// Its support session.
    pub support_session_id: SupportSessionId,
    /// What has passed since the protocol changed.
    pub tally: UpgradeTally,
}

/// Writes the access log and its audit events.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Commits the record of a request, only if its session is active at that very instant and its
    /// total of requests is not used up.
    /// Concurrent calls share a transaction. Nothing is forwarded before this has returned `Ok`.
    /// Called from a task that runs to its end even if the client hangs up.
    ///
    /// # Errors
    ///
    /// If the session has ended or is used up, or the record could not be written. A record that
    /// may have been written all the same is completed as refused by the implementation.
    async fn begin(&self, intent: Intent) -> Result<Begun, RecordError>;

    /// Records a refused request in its session, and logs its own failures: the refusal stands
    /// without a record. Of refusals that [`Refusal::is_sampled`] the implementation keeps some,
    /// counts the rest, and returns at once: a client that causes them must make nobody wait.
    async fn refuse(&self, refused: RefusedRequest);

    /// Hands over what has passed so far over an upgraded connection, each minute. It must not block;
    /// a note that can't be written may be lost, since the next one says more.
    fn note(&self, note: TunnelNote);

    /// Hands over how a recorded request ended. Called exactly once for each `Ok` of
    /// [`Self::begin`], possibly from a destructor: it must neither block nor lose the completion,
    /// so it puts it into an unbounded queue that a task of the recorder works off.
    fn complete(&self, completion: Completion);
}
