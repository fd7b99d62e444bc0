//! The gateway, which is the impersonation middleware: authenticate → authorise → record → forward.
//!
//! It knows the store only through [`ports`]; nothing here may name the store, pages or services.
//!
//! The way of one request, each step a folder: `listener` takes the connection, `arrival` reads the
//! request's head as it was written, `authenticate` finds its support session, [`judge`] decides
//! (pure), `record` commits its record, [`gate`] lets it pass only while the session goes on and
//! this node may serve, `forward` sends it upstream. `admission` puts the steps from authentication
//! to the gate in their order, for every way in: `proxy` (the listener's), `checks` (forward-auth)
//! and [`layer`] (handlers in this process).

mod admission;
mod answers;
mod arrival;
mod authenticate;
pub mod browser;
mod checks;
pub mod clock;
pub mod config;
pub mod entropy;
mod forward;
pub mod gate;
mod headers;
pub mod judge;
pub mod layer;
mod listener;
pub mod ports;
#[cfg(any(test, fuzzing))]
pub mod properties;
mod proxy;
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
pub use judge::{self as rules, canonical, patterns, scopes};
pub use layer::{LayerParts, LiveSupportSession, SupportSessionLayer};
pub use listener::{accept, open_files, serve};
pub use proxy::{Gateway, GatewayParts};
pub use tls::trusting;
