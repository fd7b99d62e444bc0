//! The access log: the record of every HTTP request made in a support session.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{RequestId, SupportSessionId, scopes::ScopeName, telemetry::RejectedRecord};

text_enum! {
    /// The outcome of a request.
    pub enum RequestOutcome {
        /// Recorded and forwarded, but the response is not complete yet.
        Open = "open",
        /// The upstream responded in full.
        Done = "done",
        /// Cut: the session ended, or one side hung up, before the answer was complete.
        Cut = "cut",
        /// Refused by the gateway. Nothing was forwarded.
        Refused = "refused",
        /// The upstream could not be reached or did not answer properly.
        Failed = "failed",
        /// The gateway stopped while the request was open, so the upstream's response is unknown.
        Unknown = "unknown",
    }
}

text_enum! {
    /// Why the gateway refused a request.
    pub enum Refusal {
        /// The path can be read in two ways.
        AmbiguousPath = "ambiguous_path",
        /// The path has another spelling than the canonical one, to which the browser is redirected.
        NotCanonical = "not_canonical",
        /// The request is malformed, or uses a method or form that is not allowed.
        MalformedRequest = "malformed_request",
        /// An upgrade or CONNECT was asked for.
        UpgradeRefused = "upgrade_refused",
        /// No granted scope permits this method on this path.
        OutOfScope = "out_of_scope",
        /// The request names another tenant, or its tenant can't be established.
        WrongTenant = "wrong_tenant",
        /// The request is for a host that is not served here.
        WrongHost = "wrong_host",
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
        /// The token or cookie is for another address than the request's.
        WrongEntry = "wrong_entry",
        /// A browser's request that a page of another origin may have made.
        WrongOrigin = "wrong_origin",
        /// The session is restricted to its creator's IP address, and the request came from
        /// another.
        WrongAddress = "wrong_address",
        /// More requests a minute than the session may make.
        RateLimited = "rate_limited",
        /// More requests open at once than the session may have.
        TooManyAtOnce = "too_many_at_once",
        /// More requests open at once than the node can serve.
        Overloaded = "overloaded",
        /// The session's total of requests is used up.
        BudgetExhausted = "budget_exhausted",
    }
}

text_enum! {
    /// A proxy of the platform that asks the gateway about each request and forwards the request
    /// itself (forward-auth). Each describes the request in its own way.
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
            Self::NotCanonical => 308,
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
            Self::RateLimited | Self::TooManyAtOnce => 429,
            Self::SessionExpired | Self::SessionRevoked => 401,
            Self::WrongHost => 421,
            Self::RecordUnavailable | Self::Overloaded => 503,
        }
    }

    /// Whether a client without access can cause any number of these refusals. All are counted, but
    /// only some are recorded.
    pub const fn is_sampled(self) -> bool {
        matches!(
            self,
            Self::SessionExpired
                | Self::SessionRevoked
                | Self::WrongEntry
                | Self::WrongOrigin
                | Self::WrongAddress
                | Self::RateLimited
                | Self::TooManyAtOnce
                | Self::Overloaded
                | Self::BudgetExhausted
        )
    }

    /// A sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::AmbiguousPath => "The path is ambiguous.",
            Self::NotCanonical => "The path is written differently from its canonical form.",
            Self::MalformedRequest => "The request is malformed.",
            Self::UpgradeRefused => "This session's scopes don't allow this upgrade.",
            Self::OutOfScope => "This session's scopes don't allow this method on this path.",
            Self::WrongTenant => {
                "The request names another tenant, or its tenant can't be determined."
            }
            Self::WrongHost => "The request is for a host that is not served here.",
            Self::WrongOrganization => "The request names another organization.",
            Self::OrganizationNotConfinable => {
                "This route can't be restricted to the session's organization."
            }
            Self::NoUpstream => "No upstream is configured for this host and path.",
            Self::SessionExpired => "The support session has expired.",
            Self::SessionRevoked => "The support session was revoked.",
            Self::RecordUnavailable => "The request couldn't be recorded.",
            Self::WrongEntry => "The token or cookie is for another address.",
            Self::WrongOrigin => "This request came from another site and was blocked.",
            Self::WrongAddress => "This session can only be used from its creator's IP address.",
            Self::RateLimited => "This session has reached its limit of requests per minute.",
            Self::TooManyAtOnce => {
                "This session has too many requests open at once. Wait until one has ended."
            }
            Self::Overloaded => "The gateway has too many requests open at once. Try again later.",
            Self::BudgetExhausted => {
                "This session has used its request budget. Ask a super admin to raise it."
            }
        }
    }
}

/// The traffic in one direction after a protocol upgrade.
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

/// The traffic of an upgraded connection. It counts as one request. Its messages are counted, not
/// read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpgradeTally {
    /// From the client to the upstream.
    pub to_upstream: DirectionTally,
    /// From the upstream to the client.
    pub to_client: DirectionTally,
}

/// The facts about a request at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestEnd {
    /// The status that the client got.
    pub status: Option<u16>,
    /// The outcome of the request.
    pub outcome: RequestOutcome,
    /// Why it was refused, if it was.
    pub refusal: Option<Refusal>,
    /// Until the last byte of the answer, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Bytes of the request's body that were passed on.
    pub request_bytes: Option<u64>,
    /// Bytes of the answer's body that were passed on.
    pub response_bytes: Option<u64>,
    /// The traffic after a protocol upgrade.
    pub upgrade: Option<UpgradeTally>,
}

/// Pages of the platform that a browser showed without the banner, as far as is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesWithoutBanner {
    /// How many there were, counted up to `COUNTED_MAX` and one more.
    pub count: u64,
    /// The last few with different paths, newest first.
    pub last: Vec<PageWithoutBanner>,
}

/// One such page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageWithoutBanner {
    /// The number of its request in the support session.
    pub seq: u64,
    /// The path as the access log has it.
    pub path: String,
    /// When it was asked for.
    pub at: DateTime<Utc>,
}

/// One request made in a support session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessLogEntry {
    /// The request's unique identifier, for correlation.
    pub request_id: RequestId,
    /// The support session that the request was made in.
    pub support_session_id: SupportSessionId,
    /// The entry's number within its session, from 1 and without gaps.
    pub seq: u64,
    /// The HTTP method (RFC 9110 §9), as the client sent it.
    pub method: String,
    /// Path that was accessed, in canonical form.
    pub path: String,
    /// Query string, without the question mark.
    pub query: Option<String>,
    /// HTTP response status code, once known.
    pub status: Option<u16>,
    /// The outcome, updated when the request ends.
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
    /// The scope that allowed the request; none if it was refused.
    #[serde(default)]
    pub scope: Option<ScopeName>,
    /// The traffic since a protocol upgrade, updated every minute and at the end.
    #[serde(default)]
    pub upgrade: Option<UpgradeTally>,
    /// The proxy that forwarded the request after asking the gateway; none if the gateway forwarded
    /// it.
    #[serde(default)]
    pub profile: Option<ForwardAuthProfile>,
    /// When the proxy's access log reported the end of the request. The report is the proxy's word:
    /// the gateway did not see the response.
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
    /// The HTTP status code that the client got, 100–599. 499 means that the client disconnected.
    pub status: u16,
    /// Bytes of the answer's body that were sent.
    pub bytes: u64,
    /// From taking the request in until the last byte of the answer, in milliseconds.
    pub duration_ms: u64,
}

/// The result of a batch of reported ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompletionReport {
    /// Open rows that are complete now.
    pub completed: u64,
    /// Reports that changed nothing.
    pub rejected: Vec<RejectedRecord>,
}
