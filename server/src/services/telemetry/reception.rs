//! Whether telemetry arrives at all.

use app::domain::tenants::TelemetryState;
use chrono::TimeDelta;
use store::telemetry::Reception;

use crate::services::Core;

/// Whether telemetry arrives, judged by the latest record.
pub fn telemetry_state(core: &Core, reception: Reception) -> TelemetryState {
    let last_received_at = reception.last_received_at;
    TelemetryState {
        last_received_at,
        stale: last_received_at.is_some_and(|at| core.now() - at >= stale_after(core)),
    }
}

/// Whether verdicts are frozen, because nothing arrives, or because telemetry has only just resumed
/// and most tenants have not reported yet.
pub(in crate::services) fn is_frozen(core: &Core, reception: Reception) -> bool {
    let resumed_at = reception.resumed_at;
    telemetry_state(core, reception).stale
        || resumed_at.is_some_and(|at| core.now() - at < stale_after(core))
}

/// How long nothing may arrive before verdicts are stale.
pub(in crate::services) fn stale_after(core: &Core) -> TimeDelta {
    TimeDelta::minutes(i64::from(core.config.health.stale_after_minutes))
}
