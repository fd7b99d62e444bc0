//! Whether telemetry arrives at all.

use app::domain::{Timestamp, tenants::TelemetryState};
use chrono::TimeDelta;
use store::telemetry::Reception;

use crate::services::Core;

/// Whether telemetry arrives at all, judged by the latest.
pub fn telemetry_state(
    reception: Reception,
    stale_after: TimeDelta,
    now: Timestamp,
) -> TelemetryState {
    TelemetryState {
        last_received_at: reception.last_received_at,
        stale: reception
            .last_received_at
            .is_some_and(|at| now - at >= stale_after),
    }
}

/// Whether verdicts stay as they are: nothing arrives, or has only just begun to arrive again and
/// most tenants have not been heard of yet.
pub(in crate::services) fn is_frozen(
    reception: Reception,
    stale_after: TimeDelta,
    now: Timestamp,
) -> bool {
    telemetry_state(reception, stale_after, now).stale
        || reception
            .resumed_at
            .is_some_and(|at| now - at < stale_after)
}

/// How long nothing may arrive before verdicts are stale.
pub(in crate::services) fn stale_after(core: &Core) -> TimeDelta {
    TimeDelta::minutes(i64::from(core.config.health.stale_after_minutes))
}
