//! The gateway, which is the impersonation middleware: authenticate → authorise → record → forward.
//!
//! It knows the store only through [`ports`]; nothing here may name the store, pages or services.
//! The way of one request is in `admission` (decide and record), and then in `proxy` (forward) or in
//! [`layer`] (hand to a handler in this process); they read top to bottom. What may pass is decided by
//! pure functions: [`canonical`] (one spelling), [`rules`] (host, tenant, organization), [`scopes`]
//! (methods and paths), `headers` (which fields). When it ends is [`gate`]'s: nothing is sent upstream
//! once a revocation is answered, and nothing that was cut looks complete. [`lease`] says whether this
//! node may serve at all.

pub mod accept;
mod admission;
mod answers;
mod arrival;
mod authenticate;
mod body;
pub mod browser;
pub mod canonical;
mod client;
pub mod client_ip;
pub mod clock;
mod completer;
pub mod config;
pub mod entropy;
mod forward;
mod forward_auth;
pub mod gate;
mod headers;
mod hidden;
mod host;
pub mod identities;
mod identity;
mod kill;
pub mod layer;
pub mod lease;
mod listener;
pub mod open_files;
pub mod patterns;
pub mod ports;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod proxy;
mod rates;
mod raw_head;
mod record;
mod rule_book;
pub mod rules;
pub mod scopes;
mod selectors;
pub mod telemetry;
mod tls;
pub mod token;
mod tunnel;
mod upstream;
mod upstreams;
mod websocket;

pub use config::{ForwardAuthConfig, GatewayConfig, GatewaySettings};
pub use forward_auth::{CheckListener, ForwardAuth, serve_checks};
pub use gate::SessionGates;
pub use layer::{LayerParts, LiveSupportSession, SupportSessionLayer};
pub use lease::Lease;
pub use listener::serve;
pub use proxy::{Gateway, GatewayParts};
pub use tls::trusting;
