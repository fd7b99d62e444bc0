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
    #[error(transparent)]
    Serve(ServeError),
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
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("can't create the demo's accounts: {0}")]
    Refused(Problem),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "can't listen on {address} for the sample platform: choose another port with \
         --upstream-port"
    )]
    Bind {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the demo's platform can't reach the REST API")]
    Http(#[from] reqwest::Error),
    #[error("the REST API answered {status} to {path}: {answer}")]
    Refusal {
        path: String,
        status: u16,
        /// The beginning of its answer.
        answer: String,
    },
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
