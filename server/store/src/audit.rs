//! The audit log: appending to chains, and reading them.

mod append;
mod read;
mod verify;

pub(crate) use append::Heads;
pub use append::{NewAuditEvent, Receipt};
pub use read::{AuditPosition, AuditReach, EXPORT_PAGE, StoredEvent};
pub use verify::verify_store;

pub use audit::chain::name as chain_of;

#[cfg(test)]
pub(crate) use {append::ALL as APPEND_STATEMENTS, read::ALL as READ_STATEMENTS};
