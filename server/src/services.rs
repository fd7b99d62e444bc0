//! Use cases: authorise → act → audit.
//!
//! One file per concept. Services implement `app::ports`, and also serve REST, plain forms, the
//! command line and the gateway, so that every rule is decided only here.

pub mod audit;

mod acting;
pub(crate) mod caller_now;
mod core;
mod error;
mod gates;

#[cfg(test)]
mod refusals;
#[cfg(test)]
pub(crate) mod testing;

pub mod access_log;
pub mod api_keys;
pub mod browser_sessions;
pub mod find;
pub mod flash;
pub mod identity_keys;
pub mod introspection;
pub mod nodes;
pub mod passwords;
pub mod retention;
pub mod rules;
pub mod saved_views;
pub mod settings;
pub mod staff;
pub mod staff_sessions;
pub mod support_sessions;
pub mod telemetry;
pub mod tenants;
pub mod user_sessions;

pub use self::{
    acting::Acting, core::Core, error::ServiceError, passwords::Passwords,
    telemetry::TelemetryService, tenants::TenantsService,
};
