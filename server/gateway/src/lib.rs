#![doc = include_str!("../README.md")]
//!
//! # Where things are
//!
//! Each step of a request is a folder. `listener` takes the connection, `arrival` reads the head as
//! it was written, `authenticate` finds the support session, `judge` ([`rules`]) decides, and
//! `record` commits the record. [`gate`] lets the request pass only while the session is active and
//! this node may serve, and `forward` sends it upstream. `admission` calls the steps from
//! authentication to the gate, for `proxy`, `checks` (forward-auth) and [`layer`]. `browser` adds
//! what browsers need. Nothing here may name the store, pages or services. [`ports`] is all that
//! the gateway asks of the store.

#![warn(missing_docs)]

mod admission;
mod answers;
mod arrival;
mod authenticate;
mod body;
pub mod browser;
mod checks;
pub mod clock;
pub mod config;
pub mod entropy;
mod forward;
pub mod gate;
mod headers;
mod host_cookie;
mod judge;
pub mod layer;
mod listener;
mod node;
pub mod ports;
pub mod problem;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod proxy;
pub mod rates;
mod record;
pub mod telemetry;
mod tls;
pub mod token;

pub use arrival::client_ip;
pub use checks::{CheckListener, ForwardAuth, serve_checks};
pub use config::{ForwardAuthConfig, GatewayConfig, GatewaySettings};
pub use forward::identities;
pub use gate::{
    SessionGates,
    lease::{self, Lease},
};
pub use host_cookie::HostCookie;
pub use judge::{canonical, scopes};
pub use layer::{LayerParts, LiveSupportSession, SupportSessionLayer};
pub use listener::{
    HeadLimits, ReadSoon, UNREAD, accept, notice_reading, open_files, serve, serve_within,
};
pub use node::{NodeState, cut_what_has_no_lease};
pub use proxy::{Gateway, GatewayParts};
pub use tls::trusting;

/// What a support session may do: the rules as written, and the decision.
pub mod rules {
    pub use crate::judge::{
        Authorised, CanonicalRequest, Denied, Judge, Permitted, RuleSet, RuleSource, UncheckedForm,
    };
}
