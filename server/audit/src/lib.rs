//! The audit proof: how events are hashed into chains, how chains are verified and exported.
//!
//! `docs/audit-format.md` is the contract. Its version 1 never changes.

#![warn(missing_docs)]

pub mod chain;
pub mod checkpoint;
pub mod verify;

mod json;

#[cfg(any(test, feature = "testing"))]
pub mod testing;
