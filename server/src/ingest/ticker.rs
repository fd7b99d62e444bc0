//! The task that evaluates tenants whose health changes without any call, and deletes data that no
//! window needs any more.

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::HealthChanges;
use crate::services::TelemetryService;

/// How often due tenants are looked for.
const EVERY: TimeDelta = TimeDelta::seconds(1);
/// How often old spans and batches are forgotten.
const PRUNE_EVERY: TimeDelta = TimeDelta::minutes(10);

/// Runs until `shutdown`. Overdue work is done immediately.
pub async fn run(service: TelemetryService, shutdown: CancellationToken) {
    let mut prune_at = service.core().now();
    loop {
        let now = service.core().now();
        if let Err(error) = service.reevaluate_due().await {
            tracing::warn!(error = %error, "can't evaluate health; trying again");
        }
        if now >= prune_at {
            prune_at = now + PRUNE_EVERY;
            if let Err(error) = service.prune().await {
                tracing::warn!(error = %error, "can't delete old telemetry; trying again later");
            }
        }
        let next = service.core().clock.sleep_until(now + EVERY);
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = next => {}
            () = tell(&service) => {}
        }
    }
}

/// Tells open pages of the health that writes in quick succession have left untold.
async fn tell(service: &TelemetryService) {
    service.health_changes().left_to_ticker().await;
    tokio::time::sleep(HealthChanges::PACE).await;
    if let Err(error) = service.tell_health_changes().await {
        tracing::warn!(error = %error, "can't announce new health to pages; trying again with the next change");
    }
}
