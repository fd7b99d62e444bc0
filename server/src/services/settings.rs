//! How the console is configured, on what it runs, and what other thresholds of health would change.

use std::collections::BTreeMap;

use app::{
    domain::{
        Timestamp,
        caller::Context,
        health::{Activity, Health, Thresholds, decide},
        policy::Act,
        problem::Problem,
        settings::{HealthMove, HealthPreview, SettingsDetail, StoreDetail, ThresholdsForm},
    },
    ports::SettingsPort,
};
use async_trait::async_trait;
use chrono::{DurationRound as _, TimeDelta};
use store::{
    Db, Engine, Priority, StoreError, calls::Windows, listing::Key, tenants::StoredTenant,
};

use super::{Core, tenants::choose::tenant_ref};

/// How many tenants a preview judges at most.
const JUDGED_MAX: u64 = 20_000;
/// How many are read at a time, so that other readers get their turn.
const CHUNK: u32 = 500;
/// How many tenants of a change are named.
const EXAMPLES: usize = 10;
/// For how long sizes are kept.
const SIZES_KEPT: TimeDelta = TimeDelta::days(400);

/// How the console is configured, and on what it runs.
#[derive(Clone)]
pub struct SettingsService {
    core: Core,
}

impl SettingsService {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    async fn store_detail(&self, now: Timestamp) -> Result<StoreDetail, StoreError> {
        let schema = self.core.store.schema_version().await?.found;
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        let engine = match self.core.store.engine() {
            Engine::Sqlite => "SQLite",
            Engine::Postgres => "PostgreSQL",
        };
        Ok(StoreDetail {
            engine: engine.to_owned(),
            schema,
            bytes: db.store_size().await?,
            day_ago: db.find_store_size_after(now - TimeDelta::days(1)).await?,
            month_ago: db.find_store_size_after(now - TimeDelta::days(30)).await?,
        })
    }
}

/// Keeps the size that the store has now.
///
/// # Errors
///
/// If the store can't be read or written.
pub async fn keep_size(core: &Core) -> Result<(), StoreError> {
    let now = core.now();
    let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
    let bytes = core.store.read().await?.db().store_size().await?;
    let keep = core.store.write(Priority::Normal, bytes, move |bytes, tx| {
        Box::pin(async move {
            tx.prune_store_sizes(hour - SIZES_KEPT).await?;
            tx.keep_store_size(hour, *bytes).await
        })
    });
    keep.await
}

#[async_trait]
impl SettingsPort for SettingsService {
    async fn detail(&self, context: &Context) -> Result<SettingsDetail, Problem> {
        self.core.authorise(context, Act::ReadSettings)?;
        let now = self.core.now();
        let config = &self.core.config;
        let nodes = self.core.store.read().await?.db().list_nodes().await?;
        Ok(SettingsDetail {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            licence: env!("CARGO_PKG_LICENSE").to_owned(),
            file: config
                .file
                .as_ref()
                .map(|file| file.path().display().to_string()),
            values: config.shown(),
            nodes,
            store: self.store_detail(now).await?,
            thresholds: config.health.clone(),
            at: now,
        })
    }

    async fn preview_health(
        &self,
        context: &Context,
        form: ThresholdsForm,
    ) -> Result<HealthPreview, Problem> {
        self.core.authorise(context, Act::ReadSettings)?;
        let present = &self.core.config.health;
        let tried = form.validate(present)?;
        let now = self.core.now();
        let mut moves: BTreeMap<(u8, u8), HealthMove> = BTreeMap::new();
        let (mut after, mut judged, mut is_partial) = (None, 0, false);
        loop {
            let mut reader = self.core.store.read().await?;
            let mut db = reader.db();
            let tenants = db.tenants_after(after.take(), CHUNK).await?;
            let Some(last) = tenants.last() else { break };
            after = Some(vec![Key::from(&last.tenant.id)]);
            for tenant in tenants {
                judged += 1;
                let (from, to) = judge(&mut db, &tenant, [present, &tried], now).await?;
                if from != to {
                    note(&mut moves, from, to, tenant);
                }
            }
            if judged >= JUDGED_MAX {
                is_partial = true;
                break;
            }
        }
        let mut moves: Vec<HealthMove> = moves.into_values().collect();
        moves.sort_by_key(|of| std::cmp::Reverse(of.tenants));
        Ok(HealthPreview {
            tenants: judged,
            is_partial,
            moves,
            at: now,
        })
    }
}

/// The health of a tenant by either configured thresholds, from its calls as they are now. The
/// tenant's own thresholds take precedence over both.
async fn judge(
    db: &mut Db<'_>,
    stored: &StoredTenant,
    thresholds: [&Thresholds; 2],
    now: Timestamp,
) -> Result<(Health, Health), StoreError> {
    let windows = Windows::at(now, stored.first_seen);
    let sums = db.sum_calls(&stored.tenant.id, windows).await?;
    let activity = Activity {
        status: stored.tenant.status,
        last_seen: stored.signals.last_seen,
        quarter_hour: sums.quarter_hour,
        day: sums.day,
        baseline: sums.baseline,
    };
    let [from, to] = thresholds.map(|configured| {
        let thresholds = stored.settings.thresholds(configured);
        decide(&activity, &thresholds, now).health
    });
    Ok((from, to))
}

fn note(
    moves: &mut BTreeMap<(u8, u8), HealthMove>,
    from: Health,
    to: Health,
    tenant: StoredTenant,
) {
    let of = moves
        .entry((from.severity(), to.severity()))
        .or_insert_with(|| HealthMove {
            from,
            to,
            tenants: 0,
            examples: Vec::new(),
        });
    of.tenants += 1;
    if of.examples.len() < EXAMPLES {
        of.examples.push(tenant_ref(tenant));
    }
}

#[cfg(test)]
mod tests;
