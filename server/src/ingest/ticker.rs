//! The task that evaluates tenants whose health changes without any call.

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::HealthChanges;
use crate::services::TelemetryService;

/// How often it looks for due tenants.
const EVERY: TimeDelta = TimeDelta::seconds(1);

/// Runs until `shutdown`. Overdue work is done immediately.
pub async fn run(service: TelemetryService, shutdown: CancellationToken) {
    loop {
        let now = service.core().now();
        if let Err(error) = service.reevaluate_due().await {
            tracing::warn!(error = %error, "can't evaluate health; trying again");
        }
        let next = service.core().clock.sleep_until(now + EVERY);
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = next => {}
            () = tell(&service) => {}
        }
    }
}

/// Announces health to open pages that quick successive writes have not announced.
async fn tell(service: &TelemetryService) {
    service.health_changes().left_to_ticker().await;
    tokio::time::sleep(HealthChanges::PACE).await;
    if let Err(error) = service.tell_health_changes().await {
        tracing::warn!(error = %error, "can't announce new health to pages; trying again with the next change");
    }
}
