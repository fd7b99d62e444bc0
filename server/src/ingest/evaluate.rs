//! Evaluates a tenant's health from its calls.

use app::domain::{
    Timestamp,
    health::{Activity, Thresholds, decide},
};
use chrono::TimeDelta;
use store::{
    Bookkeeping, StoreError,
    calls::{BASELINE_DAYS, DAY, WindowSums, Windows},
    tenants::{NewHealth, StoredTenant},
};

/// Evaluates and stores the health of a tenant. The transaction must have locked the tenant's row.
/// `since` stays if the health stays. The tenant's own thresholds come before these.
pub async fn evaluate(
    tx: &mut Bookkeeping<'_>,
    stored: &StoredTenant,
    thresholds: &Thresholds,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = &stored.tenant.id;
    let thresholds = &stored.settings.thresholds(thresholds);
    let windows = Windows::at(now, stored.first_seen);
    let sums = tx.sum_calls(id, windows).await?;
    let activity = Activity {
        status: stored.tenant.status,
        last_seen: stored.signals.last_seen,
        quarter_hour: sums.quarter_hour,
        day: sums.day,
        baseline: sums.baseline,
    };
    let verdict = decide(&activity, thresholds, now);
    let since = if verdict.health == stored.signals.health {
        stored.signals.since
    } else {
        now
    };
    let health = NewHealth {
        verdict,
        since,
        calls_24h: sums.day.calls,
        errors_24h: sums.day.errors,
        at: now,
        next_change_at: next_change(stored, &windows, &sums, thresholds),
    };
    tx.set_tenant_health(id, &health).await
}

/// The next instant at which the verdict's input changes without any call: a span leaves a window,
/// another full day has passed since the first call, or the tenant was silent for too long.
pub fn next_change(
    stored: &StoredTenant,
    windows: &Windows,
    sums: &WindowSums,
    thresholds: &Thresholds,
) -> Option<Timestamp> {
    let another_day = stored
        .first_seen
        .filter(|_| windows.full_days < BASELINE_DAYS)
        .map(|first| first + DAY * i32::try_from(windows.full_days + 2).unwrap_or(i32::MAX));
    let silent = stored
        .signals
        .last_seen
        .map(|last| last + TimeDelta::hours(i64::from(thresholds.silent_after_hours)));
    [sums.next_leaves_at, another_day, silent]
        .into_iter()
        .flatten()
        .filter(|at| *at > windows.now)
        .min()
}
