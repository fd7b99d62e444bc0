//! The audit log: appending to chains, and reading them.

mod append;
mod deeds;
mod filter;
mod heads;
mod metadata;
mod new_event;
mod packed;
mod prune;
mod read;
mod requests;
mod stored;
mod unused;
mod verify;

pub(crate) use append::Pending;
pub use append::Receipt;
pub(crate) use deeds::{Deeds, Digest, Named};
pub use filter::AuditReach;
pub use heads::AuditPosition;
pub use new_event::{NewAuditEvent, Stamp};
pub use read::EXPORT_PAGE;
pub use stored::{StoredEvent, tenant_of_chain};
pub use unused::UnusedDeeds;
pub use verify::verify_store;

pub use audit::chain::name as chain_of;

#[cfg(test)]
pub(crate) use {
    deeds::{ALL as DEED_STATEMENTS, NEXT_DEED},
    filter::list_keys,
    prune::ALL as PRUNE_STATEMENTS,
    read::ALL as READ_STATEMENTS,
    requests::ALL as REQUEST_STATEMENTS,
    unused::ALL as UNUSED_STATEMENTS,
};
