//! The program as it is run: a process of its own that is spoken to over HTTP, with command lines
//! beside it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails"
)]

mod confinement;
mod crash;
mod demo;
mod httpbin;
mod identity;
mod messages;
mod node_rules;
mod nodes;
mod outage;
mod probe;
mod restored;
mod revocation;
mod rules;
mod server_functions;
mod support;
