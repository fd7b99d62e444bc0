//! The program as it is run: a process of its own that is spoken to over HTTP, with command lines
//! beside it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails"
)]

mod confinement;
mod crash;
mod guarded_api;
mod httpbin;
mod identity;
mod nodes;
mod outage;
mod restored;
mod revocation;
mod rules;
mod server_functions;
mod support;
