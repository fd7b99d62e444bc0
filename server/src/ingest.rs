//! Telemetry in → spans of 5 minutes → windows → verdict.
//!
//! Nothing here knows of HTTP, and nothing authorises: `services::telemetry` does. A verdict is
//! worked out in the same transaction that counts the calls, and again by the ticker when a span
//! leaves a window without any call.

mod evaluate;
mod health_changes;
mod plan;
mod support_traffic;
pub mod ticker;
mod validate;

pub use evaluate::{evaluate, next_change};
pub use health_changes::HealthChanges;
pub use plan::{Cell, Chunk, Plan};
pub use support_traffic::{Reports, reports};
pub use validate::{Batch, MAX_AGE, MAX_AHEAD, validate};
