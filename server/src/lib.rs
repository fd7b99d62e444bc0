//! Support Console's server.
//!
//! It owns the data store and the impersonation middleware. `main.rs` reads top to bottom;
//! `services` holds the use cases, `store` the only SQL, `gateway` what stands before the
//! platform's API.

pub mod audit;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod entropy;
pub mod gateway;
pub mod ingest;
pub mod live;
pub mod rest;
pub mod services;
pub mod store;
pub mod token;
