//! The audit log: appending to chains, and reading them.

mod append;
mod read;

pub use append::{NewAuditEvent, Receipt, chain_of};
pub use read::{AuditPosition, AuditReach};

#[cfg(test)]
pub(crate) use {append::ALL as APPEND_STATEMENTS, read::ALL as READ_STATEMENTS};
