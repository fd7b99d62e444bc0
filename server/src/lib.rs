//! Support Console's server: use cases, pages, REST, command line and demo.
//!
//! `main.rs` reads top to bottom; `services` holds the use cases. The impersonation middleware is the
//! crate `gateway`, the only SQL is in `store`, and the audit chain is in `audit`.

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
pub mod out;

pub mod app_state;
pub mod cli;
pub mod config;
pub mod cursor;
pub mod demo;
pub mod export;
pub mod extract;
pub mod forms;
pub mod host_name;
pub mod identities;
pub mod ingest;
pub mod keys;
pub mod limits;
pub mod live;
pub mod middleware;
pub mod os_user;
pub mod pages;
pub(crate) mod patient;
pub mod probe;
mod problem;
pub mod rest;
pub mod router;
pub mod serve;
pub mod services;
pub mod telemetry;
