//! The server's background tasks.

use std::time::{Duration, Instant};

use app::domain::caller::{Caller, Context, Origin};
use gateway::cut_what_has_no_lease;
use store::{Lane, access_log::WrittenBy};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    app_state::AppState,
    identities,
    ingest::ticker,
    services::{
        access_log::{close_orphans, close_unreported, probe_record},
        nodes::EpochKeeper,
        retention::{PrunedRecord, Retention},
        settings::keep_size,
        support_sessions::record_expiries,
    },
};

/// How often tenants are counted by health.
const COUNT_HEALTH_EVERY: Duration = Duration::from_mins(2);
/// How often old data is deleted.
const PRUNE_EVERY: Duration = Duration::from_mins(10);
/// How long after its start a server first looks for records that are too old. If it was started
/// with a clock that is years ahead, people have this time to notice.
const PRUNE_RECORD_AFTER: Duration = Duration::from_hours(1);
/// How often it looks for records that are too old.
const PRUNE_RECORD_EVERY: Duration = Duration::from_hours(24);
/// How often it looks for requests of nodes that have stopped.
const ORPHANS_EVERY: Duration = Duration::from_secs(2);

/// Starts every task except the one that keeps the lease. Each ends with `end`.
pub(super) fn start(
    state: &AppState,
    by: &WrittenBy,
    epoch: EpochKeeper,
    end: &CancellationToken,
) -> JoinSet<()> {
    // Tasks that end sessions and keep the lease have their own lane. The others can wait.
    let core = state.core.within(Lane::Gateway);
    let mut tasks = JoinSet::new();
    tasks.spawn(identities::follow(
        state.identities.clone(),
        core.config.data_dir.clone(),
        end.clone(),
    ));
    tasks.spawn(Lane::Tasks.run(ticker::run(state.telemetry.clone(), end.clone())));
    tasks.spawn(epoch.run(core.clone(), end.clone()));
    tasks.spawn(cut_what_has_no_lease(state.node.clone(), end.clone()));
    let gates = state.node.gates.clone();
    let boot = by.boot.clone();
    tasks.spawn(record_expiries(core.clone(), gates, boot, end.clone()));
    tasks.spawn(Lane::Tasks.run(orphans(state.clone(), by.boot.clone(), end.clone())));
    tasks.spawn(Lane::Tasks.run(count_health(state.clone(), end.clone())));
    tasks.spawn(Lane::Tasks.run(prune(state.clone(), by.boot.clone(), end.clone())));
    let staff_sessions = state.staff_sessions.clone();
    tasks.spawn(Lane::Tasks.run(staff_sessions.record_counted_failures(end.clone())));
    if let Some(gateway) = &state.core.config.gateway {
        let patience = Duration::from_millis(gateway.record_timeout_ms);
        tasks.spawn(probe_record(core, by.clone(), patience, end.clone()));
    }
    tasks
}

/// Closes requests that a stopped server left open, as unknown.
async fn orphans(state: AppState, boot: String, end: CancellationToken) {
    let mut every = tokio::time::interval(ORPHANS_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = end.cancelled() => return,
        }
        match close_orphans(&state.core, &boot).await {
            Ok(0) => {}
            Ok(closed) => {
                tracing::warn!(
                    closed,
                    "closed the open requests of a stopped server as unknown"
                );
            }
            Err(error) => tracing::error!(%error, "can't close open requests"),
        }
        match close_unreported(&state.core).await {
            Ok(0) => {}
            Ok(closed) => {
                tracing::warn!(
                    closed,
                    "closed requests that their proxy never reported as unknown"
                );
            }
            Err(error) => tracing::error!(%error, "can't close unreported requests"),
        }
    }
}

/// Keeps how many tenants there are by health.
async fn count_health(state: AppState, end: CancellationToken) {
    let mut every = tokio::time::interval(COUNT_HEALTH_EVERY);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = end.cancelled() => return,
        }
        if let Err(error) = state.tenants.count_health().await {
            tracing::warn!(%error, "can't keep how many tenants there are by health; trying again");
        }
        if let Err(error) = keep_size(&state.core).await {
            tracing::warn!(%error, "can't keep how large the store is; trying again");
        }
    }
}

async fn prune(state: AppState, boot: String, end: CancellationToken) {
    let retention = Retention::new(state.core.clone());
    let context = Context {
        caller: Caller::System,
        origin: Origin::default(),
    };
    let mut every = tokio::time::interval(PRUNE_EVERY);
    let mut record_due = Instant::now() + PRUNE_RECORD_AFTER;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = end.cancelled() => return,
        }
        if let Err(error) = retention.prune().await {
            tracing::warn!(%error, "can't delete old data");
        }
        if let Err(error) = state.core.store.prune_nodes(&boot, state.core.now()).await {
            tracing::warn!(%error, "can't delete old nodes");
        }
        if Instant::now() < record_due {
            continue;
        }
        tokio::select! {
            () = end.cancelled() => return,
            pruned = retention.prune_record(&context) => match pruned {
                Ok(pruned) if pruned == PrunedRecord::default() => {}
                Ok(pruned) => tracing::info!(?pruned, "deleted what was too old to be kept"),
                Err(error) => tracing::error!(%error, "can't delete what is too old to be kept"),
            },
        }
        record_due = Instant::now() + PRUNE_RECORD_EVERY;
    }
}
