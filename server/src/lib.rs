//! Support Console's server.
//!
//! It owns the data store and the impersonation middleware. `main.rs` reads top to bottom;
//! `services` holds the use cases, `store` the only SQL, `gateway` what stands before the
//! platform's API.

pub mod clock;
pub mod entropy;
pub mod gateway;
pub mod token;
