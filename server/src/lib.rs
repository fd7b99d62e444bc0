//! Support Console's server.
//!
//! It owns the data store and the impersonation middleware. `main.rs` reads top to bottom;
//! `services` holds the use cases, `store` the only SQL, `gateway` what stands before the
//! platform's API. Without the feature `console` (a default) there is the gateway alone, with its layer
//! for platforms in Rust, and nothing of the user interface is built.

mod accept;
#[cfg(feature = "console")]
pub mod app_state;
pub mod audit;
#[cfg(feature = "console")]
pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
#[cfg(feature = "console")]
pub mod demo;
pub mod entropy;
#[cfg(feature = "console")]
pub mod extract;
#[cfg(feature = "console")]
pub mod forms;
pub mod gateway;
pub mod host_name;
pub mod identities;
#[cfg(feature = "console")]
pub mod ingest;
pub mod keys;
#[cfg(feature = "console")]
pub mod live;
#[cfg(feature = "console")]
pub mod middleware;
pub mod open_files;
#[cfg(feature = "console")]
pub mod os_user;
#[cfg(feature = "console")]
pub mod pages;
#[cfg(feature = "console")]
pub mod probe;
#[cfg(feature = "console")]
pub mod rest;
#[cfg(feature = "console")]
pub mod serve;
#[cfg(feature = "console")]
pub mod services;
pub mod store;
#[cfg(feature = "console")]
pub mod telemetry;
pub mod token;
