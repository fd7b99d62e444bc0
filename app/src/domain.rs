//! Pure types and rules: no input or output, no clock, no randomness, no user interface.
//!
//! Everything here is plain data with `serde`, and every rule is a function of its arguments, so
//! that browser and server decide alike.

#![warn(missing_docs)]

#[macro_use]
pub mod text_enum;

pub mod access_log;
pub mod api_keys;
pub mod at_fault;
pub mod audit;
pub mod caller;
pub mod device;
pub mod find;
pub mod flash;
pub mod form;
pub mod health;
pub mod ids;
pub mod invisible;
pub mod live;
pub mod matches;
pub mod named;
pub mod nodes;
pub mod page;
pub mod policy;
pub mod problem;
pub mod record;
pub mod rules;
pub mod saved_text;
pub mod saved_views;
pub mod scopes;
pub mod settings;
pub mod shown;
pub mod signed_in;
pub mod staff;
pub mod support_sessions;
pub mod telemetry;
pub mod tenants;
pub mod text;
pub mod time_range;
pub mod token_hash;
pub mod user_sessions;

pub use ids::*;

/// An instant in UTC. Stored and compared with microsecond precision.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// Truncates an instant to the microsecond.
pub fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}
