//! Why the server can't start.

use gateway::config::InvalidConfig;
use store::StoreError;

use crate::{keys::KeyError, services::ServiceError};

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the gateway's configuration is not valid")]
    Gateway(#[source] InvalidConfig),
    /// An address is taken, or is not this machine's.
    #[error("can't listen on {address} ({key}): {}", bind_advice(.source))]
    Bind {
        key: &'static str,
        address: String,
        #[source]
        source: std::io::Error,
    },
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
