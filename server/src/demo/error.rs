//! Errors of the demo.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use app::domain::problem::Problem;
use store::StoreError;

use crate::{config::ConfigError, serve::ServeError, services::ServiceError};

/// Why the demo can't start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Two of its parts can't listen on one port.
    #[error("--console-port, --gateway-port and --upstream-port must be three different ports")]
    SamePorts,
    /// The server in it is at fault.
    #[error(transparent)]
    Serve(ServeError),
    /// An address of the server in it is taken.
    #[error(
        "can't listen on {address}: stop the program that uses it, or choose another port with \
         {flag}"
    )]
    Taken {
        address: String,
        flag: &'static str,
        #[source]
        source: std::io::Error,
    },
    /// Its configuration is at fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An account or the key could not be made.
    #[error("can't create the demo's accounts: {0}")]
    Refused(Problem),
    /// The store is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sample platform's address is taken.
    #[error(
        "can't listen on {address} for the sample platform: choose another port with \
         --upstream-port"
    )]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    /// The REST API did not answer.
    #[error("the demo's platform can't reach the REST API")]
    Http(#[from] reqwest::Error),
    /// The REST API refused.
    #[error("the REST API answered {status} to {path}: {answer}")]
    Refusal {
        path: String,
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// A file of the demo's can't be used.
    #[error("can't use {path}: choose another --data-dir, with a path shorter than 90 characters")]
    File {
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The folder holds something that is not ours.
    #[error("{path} was not written by a demo: remove it, or choose another --data-dir")]
    Unreadable { path: PathBuf },
}

impl From<ServeError> for DemoError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Bind {
                key,
                address,
                source,
            } => Self::Taken {
                address,
                flag: if key == "gateway.listen" {
                    "--gateway-port"
                } else {
                    "--console-port"
                },
                source,
            },
            other => Self::Serve(other),
        }
    }
}

impl From<ServiceError> for DemoError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(problem) => Self::Refused(problem),
            ServiceError::Store(error) => Self::Store(error),
        }
    }
}
