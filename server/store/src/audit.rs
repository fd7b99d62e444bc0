//! The audit log: appending to chains, and reading them.

mod append;
mod heads;
mod prune;
mod read;
mod verify;

pub(crate) use append::Pending;
pub use append::{NewAuditEvent, Receipt, Stamp};
pub use heads::AuditPosition;
pub use prune::tenant_of_chain;
pub use read::{AuditReach, EXPORT_PAGE, StoredEvent};
pub use verify::verify_store;

pub use audit::chain::name as chain_of;

#[cfg(test)]
pub(crate) use {
    prune::ALL as PRUNE_STATEMENTS,
    read::{ALL as READ_STATEMENTS, list_keys, listing},
};
