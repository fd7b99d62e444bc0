//! Why the server can't start.

use gateway::config::InvalidConfig;
use store::StoreError;

use crate::{keys::KeyError, services::ServiceError};

/// Why the server can't start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store is at fault.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A step before serving failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A key file is at fault.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The gateway's part of the configuration is at fault.
    #[error("the gateway's configuration is not valid")]
    Gateway(#[source] InvalidConfig),
    /// An address is taken, or is not this machine's.
    #[error("can't listen on {address} ({key}): {}", bind_advice(.source))]
    Bind {
        /// The key of the configuration.
        key: &'static str,
        address: String,
        #[source]
        source: std::io::Error,
    },
    /// The operating system says no.
    #[error("the operating system refuses a resource that the server needs")]
    Io(#[source] std::io::Error),
}

/// What to do about an address that can't be used.
pub(crate) fn bind_advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::AddrNotAvailable => {
            "it is not an address of this machine; use one that is, or 0.0.0.0 for all of them"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 are reserved; choose another, or give the program \
             CAP_NET_BIND_SERVICE"
        }
        _ => "stop the program that uses it, or choose another address",
    }
}

impl ServeError {
    /// Whether the configuration must be changed.
    pub const fn is_configuration(&self) -> bool {
        matches!(self, Self::Gateway(_) | Self::Bind { .. })
    }
}
