//! Telemetry in → spans of 5 minutes → windows → verdict.
//!
//! Nothing here knows HTTP, and nothing authorises. That is done in `services::telemetry`. The
//! transaction that counts the calls also evaluates the verdict. When a span leaves a window
//! without any call, the ticker evaluates it again.

mod evaluate;
mod health_changes;
pub mod otlp;
mod plan;
mod support_traffic;
pub mod ticker;
mod validate;

pub use evaluate::{evaluate, next_change};
pub use health_changes::HealthChanges;
pub use plan::{Cell, Chunk, Plan};
pub use support_traffic::{Reports, reports};
pub use validate::{Batch, MAX_AGE, MAX_AHEAD, validate};
