//! What keeps a probe from being made, and what to do about it.

use std::{io, path::PathBuf, sync::Arc};

use app::domain::{SupportSessionId, TenantId, problem::Problem};
use store::StoreError;

use crate::services::ServiceError;

/// Why a probe could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// What is to be asked makes no sense. Every fault at once.
    #[error("the probe can't be made:\n  {}", .0.join("\n  "))]
    Plan(Vec<String>),
    /// Nobody serves.
    #[error(
        "no server serves this store, so there is no gateway to try: start `support-console serve` \
         with the same configuration"
    )]
    NotServed,
    /// A gateway with other rules would say nothing of these.
    #[error(
        "the gateway that runs has other rules than this configuration ({own}): {nodes}. Restart it \
         with this configuration, or probe with the one that it was started with"
    )]
    OtherRules {
        /// The nodes that have.
        nodes: String,
        /// The hash of this configuration's rules.
        own: String,
    },
    /// The gateway's address can't be used.
    #[error("{url} can't be the gateway's address: {problem}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A file with a CA can't be used.
    #[error("--ca {path}: {problem}")]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The gateway can't be reached.
    #[error("the gateway does not answer at {url}: {}", .unanswered.advice())]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// Why.
        #[source]
        unanswered: Unanswered,
    },
    /// Someone else answers.
    #[error(
        "what answers at {url} is not this gateway (its /.support-console/health is {status}): \
         correct gateway.public_url, or say with --at where the gateway listens"
    )]
    Stranger {
        /// Where it was looked for.
        url: String,
        /// What came.
        status: u16,
    },
    /// One of the support sessions may not be opened.
    #[error("no support session can be opened in {tenant}: {}", problem.detail)]
    Refused {
        /// In which tenant.
        tenant: TenantId,
        /// Why.
        problem: Problem,
    },
    /// It was broken off; the support sessions have ended.
    #[error("the probe was interrupted; its support sessions are revoked")]
    Interrupted,
    /// A support session goes on until it expires.
    #[error(
        "the support session {session} of the probe could not be revoked, and lasts 5 minutes at \
         most: {}", problem.detail
    )]
    NotEnded {
        /// Which.
        session: SupportSessionId,
        /// Why.
        problem: Problem,
    },
    /// A service refused, or the store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ProbeError {
    /// Whether what was asked for has to be changed.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Plan(_) | Self::Address { .. } | Self::Ca { .. })
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unanswered {
    /// Nobody listens, or the name is unknown.
    #[error("no connection")]
    Connect(#[source] Arc<io::Error>),
    /// Nobody whom it should trust.
    #[error("no TLS connection")]
    Tls(#[source] Arc<io::Error>),
    /// It broke off.
    #[error("the connection broke before the answer's end")]
    Broken(#[source] Arc<hyper::Error>),
    /// It did not come in time.
    #[error("there was no answer in time")]
    Late,
    /// It is larger than what is read.
    #[error("the answer is larger than 4 MiB")]
    TooLarge,
}

impl Unanswered {
    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Connect(_) => {
                "start `support-console serve`, correct gateway.public_url, or say with --at where \
                 the gateway listens"
            }
            Self::Tls(_) => {
                "say with --ca who has signed its certificate, or correct the scheme and the name \
                 in gateway.public_url or --at"
            }
            Self::Broken(_) => "look at the log of the gateway and of what stands before it",
            Self::Late => "look at firewalls, at the gateway's log and at the upstream",
            Self::TooLarge => "choose a resource whose answer is smaller",
        }
    }
}
