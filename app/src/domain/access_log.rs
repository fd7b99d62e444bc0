//! The access log: the record of every HTTP request made in a support session.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RequestId, SupportSessionId, scopes::ScopeName, telemetry::RejectedRecord};

text_enum! {
    /// What became of a request.
    pub enum RequestOutcome {
        /// Recorded and forwarded; not answered in full yet.
        Open = "open",
        /// Answered in full.
        Done = "done",
        /// Cut: the session ended, or one side hung up, before the answer was complete.
        Cut = "cut",
        /// Refused by the gateway; nothing was forwarded.
        Refused = "refused",
        /// The upstream could not be reached or did not answer properly.
        Failed = "failed",
        /// The gateway stopped while the request was open; what the upstream answered is not known.
        Unknown = "unknown",
    }
}

text_enum! {
    /// Why the gateway refused a request.
    pub enum Refusal {
        /// The path can be read in two ways.
        AmbiguousPath = "ambiguous_path",
        /// The request itself is malformed or uses a method or form that is not let through.
        MalformedRequest = "malformed_request",
        /// An upgrade or CONNECT was asked for.
        UpgradeRefused = "upgrade_refused",
        /// No granted scope permits this method on this path.
        OutOfScope = "out_of_scope",
        /// The request names another tenant, or its tenant can't be established.
        WrongTenant = "wrong_tenant",
        /// The request names another organization.
        WrongOrganization = "wrong_organization",
        /// The upstream can't be kept to the session's organization on this route.
        OrganizationNotConfinable = "organization_not_confinable",
        /// No upstream is configured for this host and path.
        NoUpstream = "no_upstream",
        /// The support session has expired.
        SessionExpired = "session_expired",
        /// The support session was revoked.
        SessionRevoked = "session_revoked",
        /// The record could not be written, so nothing was forwarded.
        RecordUnavailable = "record_unavailable",
        /// The token or cookie belongs to another address than the request came to.
        WrongEntry = "wrong_entry",
        /// A browser's request that a page of another origin may have made.
        WrongOrigin = "wrong_origin",
        /// The session is pinned to its creator's address, and the request came from another.
        WrongAddress = "wrong_address",
        /// More requests a minute than the session may make.
        RateLimited = "rate_limited",
        /// The session's total of requests is used up.
        BudgetExhausted = "budget_exhausted",
    }
}

text_enum! {
    /// A proxy of the platform's own that asks the gateway about each request and carries it itself
    /// (forward-auth). Each has its own way of saying what the request is.
    pub enum ForwardAuthProfile {
        /// nginx with `auth_request`.
        Nginx = "nginx",
        /// Caddy with `forward_auth`.
        Caddy = "caddy",
        /// Traefik with `ForwardAuth`.
        Traefik = "traefik",
        /// Envoy with `ext_authz` over HTTP.
        Envoy = "envoy",
    }
}

impl Refusal {
    /// The status that the gateway answers with.
    pub const fn status(self) -> u16 {
        match self {
            Self::AmbiguousPath | Self::MalformedRequest => 400,
            Self::NoUpstream => 404,
            Self::UpgradeRefused
            | Self::OutOfScope
            | Self::WrongTenant
            | Self::WrongOrganization
            | Self::OrganizationNotConfinable
            | Self::WrongEntry
            | Self::WrongOrigin
            | Self::WrongAddress
            | Self::BudgetExhausted => 403,
            Self::RateLimited => 429,
            Self::SessionExpired | Self::SessionRevoked => 401,
            Self::RecordUnavailable => 503,
        }
    }

    /// Whether an outsider, or whoever goes on after being told to stop, can cause as many of these
    /// as he likes: they are counted, and only some of them are recorded.
    pub const fn is_sampled(self) -> bool {
        matches!(
            self,
            Self::SessionExpired
                | Self::SessionRevoked
                | Self::WrongEntry
                | Self::WrongOrigin
                | Self::WrongAddress
                | Self::RateLimited
                | Self::BudgetExhausted
        )
    }

    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::AmbiguousPath => "The path can be read in two ways.",
            Self::MalformedRequest => "The request is malformed.",
            Self::UpgradeRefused => "No granted scope lets this upgrade through.",
            Self::OutOfScope => "No granted scope permits this method on this path.",
            Self::WrongTenant => "The request names another tenant, or none can be established.",
            Self::WrongOrganization => "The request names another organization.",
            Self::OrganizationNotConfinable => {
                "This route can't be confined to the session's organization."
            }
            Self::NoUpstream => "No upstream is configured for this host and path.",
            Self::SessionExpired => "The support session has expired.",
            Self::SessionRevoked => "The support session was revoked.",
            Self::RecordUnavailable => "The record could not be written.",
            Self::WrongEntry => "The token or cookie belongs to another address.",
            Self::WrongOrigin => "A page of another origin may have made this request.",
            Self::WrongAddress => "The session may be used from its creator's address only.",
            Self::RateLimited => "More requests a minute than the session may make.",
            Self::BudgetExhausted => {
                "The session's requests are used up; a super admin can raise their number."
            }
        }
    }
}

/// What passed in one direction after a change of protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DirectionTally {
    /// How many frames began.
    pub frames: u64,
    /// How many bytes, frame heads included.
    pub bytes: u64,
    /// SHA-256 of these bytes, in hexadecimal.
    pub sha256: String,
}

/// What passed over an upgraded connection. It is one request; its messages are no requests and are
/// counted, not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpgradeTally {
    /// From the client to the upstream.
    pub to_upstream: DirectionTally,
    /// From the upstream to the client.
    pub to_client: DirectionTally,
}

/// What is known of a request at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestEnd {
    /// The status that the client got.
    pub status: Option<u16>,
    /// What became of the request.
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Until the last byte of the answer, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Bytes of the request's body that were passed on.
    pub request_bytes: Option<u64>,
    /// Bytes of the answer's body that were passed on.
    pub response_bytes: Option<u64>,
    /// What passed after a change of protocol.
    pub upgrade: Option<UpgradeTally>,
}

/// One request made in a support session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessLogEntry {
    /// The request's unique identifier, for correlation.
    pub request_id: RequestId,
    /// The support session.
    pub support_session_id: SupportSessionId,
    /// The entry's number within its session, from 1 and without gaps.
    pub seq: u64,
    /// HTTP method.
    pub method: String,
    /// Path that was accessed, in canonical form.
    pub path: String,
    /// Query string, without the question mark.
    pub query: Option<String>,
    /// HTTP response status code, once known.
    pub status: Option<u16>,
    /// What became of the request.
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// The IP address the request came from.
    pub ip: String,
    /// The client that made the request.
    pub user_agent: String,
    /// When the request was recorded.
    pub at: DateTime<Utc>,
    /// Until the last byte of the answer, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Bytes of the request's body that were forwarded.
    pub request_bytes: Option<u64>,
    /// Bytes of the answer's body that were sent on.
    pub response_bytes: Option<u64>,
    /// The granted scope that let the request through; none if it was refused.
    #[serde(default)]
    pub scope: Option<ScopeName>,
    /// What has passed since the protocol changed, if it did: counted each minute and at the end.
    #[serde(default)]
    pub upgrade: Option<UpgradeTally>,
    /// The proxy that carried the request after asking the gateway; none if the gateway forwarded it.
    #[serde(default)]
    pub profile: Option<ForwardAuthProfile>,
    /// When that proxy's access log told how the request ended. What it tells is its word: the
    /// gateway has not seen the answer.
    #[serde(default)]
    pub reported_at: Option<DateTime<Utc>>,
}

/// How a request that a proxy carried has ended, as that proxy's access log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportedEnd {
    /// The `X-Request-Id` that the gateway gave the request.
    pub request_id: RequestId,
    /// HTTP response status code that the client got, 100–599; 499 if the client went away.
    pub status: u16,
    /// Bytes of the answer's body that were sent.
    pub bytes: u64,
    /// From taking the request in until the last byte of the answer, in milliseconds.
    pub duration_ms: u64,
}

/// What became of a batch of reported ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompletionReport {
    /// Open rows that are complete now.
    pub completed: u64,
    /// Reports that changed nothing.
    pub rejected: Vec<RejectedRecord>,
}
