//! The gateway between raw clients and an upstream that counts every byte that it receives.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that can't go on fails"
)]
#![expect(
    clippy::too_many_lines,
    reason = "a test tells one story, or lists all its cases"
)]

mod attacks;
mod browser;
mod browser_answers;
mod browser_banner;
mod early;
mod ends;
mod faults;
mod forward_auth;
mod http2;
mod identity;
mod layer;
mod leases;
mod limits;
mod ordinary;
mod passing;
mod rules;
mod static_files;
mod support;
mod tls;
mod unread;
mod upstreams;
mod websocket;
