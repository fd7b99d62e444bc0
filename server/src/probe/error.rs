//! Why a probe can't run, and what to do.

use std::{io, path::PathBuf, sync::Arc};

use app::domain::{SupportSessionId, TenantId, problem::Problem};
use store::StoreError;

use crate::services::ServiceError;

/// Why a probe couldn't run.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The requested probe isn't valid. Lists all faults.
    #[error("the probe can't run:\n  {}", .0.join("\n  "))]
    Plan(Vec<String>),
    #[error(
        "no server is running on this data store: start `support-console serve` with the same \
         configuration"
    )]
    NotServed,
    /// A gateway with other rules would say nothing of these.
    #[error(
        "the running gateway has other rules than this configuration ({own}): {nodes}. Restart \
         it with this configuration, or probe with the configuration it was started with"
    )]
    OtherRules {
        nodes: String,
        /// The hash of this configuration's rules.
        own: String,
    },
    #[error("{url} is not a valid gateway address: {problem}")]
    Address { url: String, problem: String },
    #[error("--ca {path}: {problem}")]
    Ca { path: PathBuf, problem: String },
    #[error("the gateway doesn't respond at {url}: {}", .unanswered.advice())]
    Unreachable {
        url: String,
        #[source]
        unanswered: Unanswered,
    },
    #[error(
        "the server at {url} is not this gateway (its /.support-console/health is {status}): \
         correct gateway.public_url, or set the gateway's address with --at"
    )]
    Stranger { url: String, status: u16 },
    #[error("can't create a support session in {tenant}: {}", problem.detail)]
    Refused { tenant: TenantId, problem: Problem },
    /// It was interrupted. The support sessions have ended.
    #[error("the probe was interrupted and its support sessions were revoked")]
    Interrupted,
    /// A support session stays active until it expires.
    #[error(
        "couldn't revoke the probe's support session {session}, which lasts at most 5 minutes: {}", problem.detail
    )]
    NotEnded {
        session: SupportSessionId,
        problem: Problem,
    },
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProbeError {
    /// Whether the request or the configuration must be changed.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Plan(_) | Self::Address { .. } | Self::Ca { .. })
    }
}

/// Why there is no response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unanswered {
    /// Nothing listens there, or the name is unknown.
    #[error("no connection")]
    Connect(#[source] Arc<io::Error>),
    /// No trusted certificate.
    #[error("no TLS connection")]
    Tls(#[source] Arc<io::Error>),
    #[error("the connection broke before the response was complete")]
    Broken(#[source] Arc<hyper::Error>),
    #[error("no response in time")]
    Late,
    #[error("the response is larger than 4 MiB")]
    TooLarge,
}

impl Unanswered {
    /// What to do.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Connect(_) => {
                "start `support-console serve`, correct gateway.public_url, or set the gateway's \
                 address with --at"
            }
            Self::Tls(_) => {
                "name the CA of its certificate with --ca, or correct the scheme and the name \
                 in gateway.public_url or --at"
            }
            Self::Broken(_) => "check the log of the gateway and of any proxy in front of it",
            Self::Late => "check firewalls, the gateway's log and the upstream",
            Self::TooLarge => "choose a resource with a smaller response",
        }
    }
}
