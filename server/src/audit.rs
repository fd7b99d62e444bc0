//! The audit proof: how events are hashed into chains, how chains are verified and exported.

pub mod chain;
