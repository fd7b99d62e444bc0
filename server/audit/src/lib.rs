//! The audit proof: how events are hashed into chains, how chains are verified and exported.
//!
//! `docs/audit-format.md` is the contract; what it says of version 1 is never changed.

pub mod chain;
pub mod verify;

mod json;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
