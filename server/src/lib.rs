//! Support Console's server.
//!
//! It owns the data store and the impersonation middleware. `main.rs` reads top to bottom;
//! `services` holds the use cases, `store` the only SQL, `gateway` what stands before the
//! platform's API.

pub mod app_state;
pub mod audit;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod demo;
pub mod entropy;
pub mod extract;
pub mod forms;
pub mod gateway;
pub mod host_name;
pub mod identities;
pub mod ingest;
pub mod keys;
pub mod live;
pub mod middleware;
pub mod open_files;
pub mod os_user;
pub mod pages;
pub mod probe;
pub mod rest;
pub mod serve;
pub mod services;
pub mod store;
pub mod telemetry;
pub mod token;
