//! The program as a separate process, used over HTTP and by command lines.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a test tells one story, or lists all its cases"
)]

mod api_keys;
mod backup;
mod browser;
mod clock;
mod confinement;
mod crash;
mod crossed_nodes;
mod demo;
mod disk;
mod flood;
mod forms_and_exports;
mod forward_auth;
mod guarded_api;
mod httpbin;
mod identity;
mod init;
mod messages;
mod node_rules;
mod nodes;
mod outage;
mod pipe;
mod postgres;
mod probe;
mod restored;
mod revocation;
mod rules;
mod server_functions;
mod slow;
mod staff_links;
mod support;
