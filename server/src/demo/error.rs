//! What can stand in the way of the demo.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use app::domain::problem::Problem;
use store::StoreError;

use crate::{config::ConfigError, serve::ServeError, services::ServiceError};

/// Why the demo can't start or go on.
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
        "{address} can't be listened on: stop what listens there, or choose another with {flag}"
    )]
    Taken {
        /// The address.
        address: String,
        /// What chooses another.
        flag: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its configuration is at fault.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An account or the key could not be made.
    #[error("the demo's accounts can't be made: {0}")]
    Refused(Problem),
    /// The store is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The sample platform's address is taken.
    #[error(
        "{address}, the sample platform's, can't be listened on: choose another with --upstream-port"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The REST API did not answer.
    #[error("the demo's platform does not reach the REST API")]
    Http(#[from] reqwest::Error),
    /// The REST API refused.
    #[error("the REST API answered {status} to {path}: {answer}")]
    Refusal {
        /// The path.
        path: String,
        /// The status.
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
    /// A file of the demo's can't be used.
    #[error(
        "{path} can't be used: choose another --data-dir, with a path of less than 90 characters"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The folder holds something that is not ours.
    #[error("{path} is not what a demo has left: remove it, or choose another --data-dir")]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
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
