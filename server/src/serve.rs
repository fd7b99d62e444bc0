//! Starts store → services → listeners → background tasks, and stops them in reverse order.

mod error;
mod gateways;
pub(crate) mod health;
mod listener;
mod tasks;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use app::domain::{Timestamp, record::RecordLevel};
use chrono::TimeDelta;
use gateway::{
    self, CheckListener, SupportSessionLayer,
    clock::{Clock, SteadyClock},
    entropy::{SystemEntropy, new_uuid},
    identities::IdentityKeys,
    open_files,
};
use store::{Priority, Store, StoreError, StoreOptions, access_log::WrittenBy};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    app_state::AppState,
    config::Config,
    keys::Keys,
    router,
    services::{
        Core,
        access_log::StoreRecorder,
        nodes::{self, Node},
        support_sessions::at_start::end_barred,
    },
    telemetry::Figures,
};

pub(crate) use self::gateways::Record;

pub use self::error::ServeError;

/// How long open requests may take once the server is asked to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// A little more than the interval in which a node saves its confirmed time.
const CONFIRMED_EVERY: TimeDelta = TimeDelta::seconds(15);

/// The parts of a server. The configuration has been checked.
pub struct Parts {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    /// The metrics to serve, if any.
    pub figures: Option<Figures>,
}

pub struct Server {
    /// The services, for other code in the same process.
    pub state: AppState,
    pub console: SocketAddr,
    boot: String,
    live_ends: CancellationToken,
    listeners_end: CancellationToken,
    tasks_end: CancellationToken,
    lease_ends: CancellationToken,
    listeners: JoinSet<()>,
    tasks: JoinSet<()>,
    /// Keeps the lease.
    lease: JoinSet<()>,
    record: Record,
}

/// Starts to serve. Once this has returned, every listener accepts connections.
///
/// # Errors
///
/// If the store, a key or an address can't be used.
pub async fn start(parts: Parts) -> Result<Server, ServeError> {
    open_files::raise_limit();
    let Parts {
        config,
        clock,
        figures,
    } = parts;
    let (core, keys, clock) = Box::pin(open(config, clock)).await?;
    let boot = new_uuid(&*core.clock, &*core.entropy).to_string();
    let by = WrittenBy {
        node: core.config.node_name(),
        boot: boot.clone(),
    };
    let state = AppState::new(core.clone(), keys).map_err(ServeError::Gateway)?;
    note_rules(&core).await?;
    let console = bind("console.listen", core.config.console.listen).await?;
    let metrics = match (&figures, core.config.metrics.enabled) {
        (Some(_), true) => Some(bind("metrics.listen", core.config.metrics.listen).await?),
        _ => None,
    };
    let gateway_at = match &core.config.gateway {
        Some(gateway) => Some(bind("gateway.listen", gateway.listen).await?),
        None => None,
    };
    let checks_at = bind_checks(&core.config).await?;
    let (recorder, completions) = StoreRecorder::start(core.clone(), by.clone());
    let record = Record {
        recorder,
        completions,
    };
    let mut server = Server {
        console: console.local_addr().map_err(ServeError::Io)?,
        boot: boot.clone(),
        live_ends: CancellationToken::new(),
        listeners_end: CancellationToken::new(),
        tasks_end: CancellationToken::new(),
        lease_ends: CancellationToken::new(),
        listeners: JoinSet::new(),
        tasks: JoinSet::new(),
        lease: JoinSet::new(),
        state,
        record,
    };
    core.store.follow_changes().await?;
    // Before any request is accepted: none passes in a session that the configuration bars.
    end_barred(&core).await?;
    let (node, epoch) = Node::join(core.clone(), clock, &server.state.node, &boot).await?;
    server.lease.spawn(node.run(server.lease_ends.clone()));
    server.tasks = tasks::start(&server.state, &by, epoch, &server.tasks_end);
    server.listen(console, metrics.zip(figures), gateway_at, checks_at)?;
    Ok(server)
}

/// Opens the store and its services, the keys that sign identities, and the clock.
async fn open(
    config: Config,
    clock: Arc<dyn Clock>,
) -> Result<(Core, IdentityKeys, SteadyClock), ServeError> {
    let store = Store::open(&StoreOptions {
        url: config.database_url.clone(),
        migrate: config.migrate_on_start,
        serves: true,
        record: config
            .gateway
            .as_ref()
            .map_or(RecordLevel::Flushed, |gateway| gateway.record),
    })
    .await?;
    let keys = Keys::open(&config.data_dir, store.engine(), &SystemEntropy)?;
    // A clock that was set back revives nothing beyond the latest instant that was recorded.
    let floor = latest_certain_instant(&store).await?;
    let clock = SteadyClock::new(clock, floor);
    let core = Core {
        store,
        clock: Arc::new(clock.clone()),
        entropy: Arc::new(SystemEntropy),
        config: Arc::new(config),
        cursors: keys.cursor,
    };
    Ok((core, keys.identity, clock))
}

/// The latest of: the last confirmed time of a node, the records shortly after it, and the ends of
/// recorded expiries, so that nothing becomes active again. Not simply the latest record, which may
/// be from a clock that had jumped ahead.
async fn latest_certain_instant(store: &Store) -> Result<Timestamp, ServeError> {
    let mut reader = store.read().await?;
    let mut db = reader.db();
    let confirmed = db.highest_confirmed_instant().await?;
    let limit = confirmed.map_or(Timestamp::MAX_UTC, |at| at + CONFIRMED_EVERY);
    let recorded = db.latest_recorded_instant(limit).await?;
    let expired = db.latest_expiry().await?;
    let latest = [confirmed, expired].into_iter().flatten();
    Ok(latest.fold(recorded, Timestamp::max))
}

/// Stores the gateway's rules, by which new sessions are judged as long as they last.
async fn note_rules(core: &Core) -> Result<(), ServeError> {
    let Some(rules) = core.config.rule_source() else {
        return Ok(());
    };
    let (rules, now) = (Arc::new(rules), core.now());
    let noted: Result<(), StoreError> = core
        .store
        .write(Priority::Normal, rules, move |rules, tx| {
            Box::pin(async move { tx.note_rule_set(&rules.hash(), &rules.to_text(), now).await })
        })
        .await;
    Ok(noted?)
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Bind {
            key,
            address: address.to_string(),
            source,
        })
}

/// The listener of `[forward_auth]`, if there is that table.
async fn bind_checks(config: &Config) -> Result<Option<CheckListener>, ServeError> {
    let Some(forward_auth) = &config.forward_auth else {
        return Ok(None);
    };
    let settings = forward_auth.validate(config.gateway.as_ref(), &config.trusted_proxies);
    let settings = settings.map_err(ServeError::Gateway)?;
    let bound = CheckListener::bind(settings.listen()).await;
    bound.map(Some).map_err(|source| ServeError::Bind {
        key: "forward_auth.listen",
        address: settings.listen().to_string(),
        source,
    })
}

impl Server {
    fn listen(
        &mut self,
        console: TcpListener,
        metrics: Option<(TcpListener, Figures)>,
        gateway_at: Option<TcpListener>,
        checks_at: Option<CheckListener>,
    ) -> Result<(), ServeError> {
        let touched = self.record.recorder.touched();
        let support = self.state.own_support_layer(&self.record);
        let support = support.map_err(ServeError::Gateway)?;
        let live = self.state.live(touched, self.live_ends.clone());
        let router = router::console(&self.state, live, support);
        let end = &self.listeners_end;
        let proxies = self.state.core.config.trusted_proxies.clone();
        self.listeners.spawn(listener::serve(
            console,
            router,
            proxies.clone(),
            end.clone(),
        ));
        if let Some((metrics, figures)) = metrics {
            let tending = figures.clone().tend(self.tasks_end.clone());
            self.tasks.spawn(tending);
            let router = router::metrics(figures);
            let serving = listener::serve(metrics, router, proxies, end.clone());
            self.listeners.spawn(serving);
        }
        let gateway = self.state.gateway(&self.record);
        if let (Some(listener), Some(gateway)) = (gateway_at, gateway.map_err(ServeError::Gateway)?)
        {
            let forward_auth = self.state.forward_auth(&gateway);
            let forward_auth = forward_auth.map_err(ServeError::Gateway)?;
            if let Some((checks, forward_auth)) = checks_at.zip(forward_auth) {
                let serving = gateway::serve_checks(checks, forward_auth, end.clone());
                self.listeners.spawn(serving);
            }
            let serving = gateway::serve(listener, gateway, end.clone());
            self.listeners.spawn(serving);
        }
        Ok(())
    }

    /// A layer that lets support sessions reach handlers of a platform in this process: see
    /// [`AppState::support_layer`]. Drop the guarded service before [`Self::stop`].
    ///
    /// # Errors
    ///
    /// If the configuration of the gateway can't be used.
    pub fn support_layer(&self) -> Result<Option<SupportSessionLayer>, ServeError> {
        let layer = self.state.support_layer(&self.record);
        layer.map_err(ServeError::Gateway)
    }

    /// Logs the addresses, and what is missing at a first start.
    ///
    /// # Errors
    ///
    /// If the store does not answer.
    pub async fn tell(&self) -> Result<(), ServeError> {
        let config = &self.state.core.config;
        tracing::info!(console = %config.console.public_url, listen = %self.console, "the console is listening");
        match &config.gateway {
            Some(gateway) => {
                tracing::info!(gateway = %gateway.public_url, listen = %gateway.listen, upstream = gateway.upstream_urls().join(" "), "the gateway is listening");
            }
            None => {
                tracing::warn!("no [gateway] table: support sessions can be created but not used");
            }
        }
        if let Some(forward_auth) = &config.forward_auth {
            tracing::info!(profile = %forward_auth.profile, listen = %forward_auth.listen, "the forward-auth listener is listening");
        }
        let mut reader = self.state.core.store.read().await?;
        if reader.db().count_staff().await? == 0 {
            tracing::warn!(
                "no staff members yet: run `support-console staff add --email YOU@EXAMPLE.COM \
                 --name \"YOUR NAME\" --role super_admin` with the same configuration"
            );
        }
        Ok(())
    }

    /// Stops in order: live streams, because they would never end by themselves; the listeners,
    /// once open requests have ended; the tasks, changes of several tenants, revocations and the
    /// record; the lease, without which other nodes would close what is still to be recorded; the
    /// store. Anything that hangs is aborted after a while, and delays the others only for that time.
    pub async fn stop(self) {
        self.stop_within(DRAIN).await;
    }

    async fn stop_within(mut self, patience: Duration) {
        tracing::info!("stopping");
        self.live_ends.cancel();
        self.listeners_end.cancel();
        if !ended(&mut self.listeners, patience).await {
            tracing::warn!("open requests were aborted");
        }
        self.tasks_end.cancel();
        // Everything queued is written, because the gateway, which held the recorder, has stopped.
        drop(self.record.recorder);
        let recorded = tokio::time::timeout(patience, self.record.completions);
        let state = &self.state;
        let begun = futures::future::join(state.tenants.finish(), state.support_sessions.finish());
        let changed = tokio::time::timeout(patience, begun);
        let (recorded, tasks_ended, changed) =
            tokio::join!(recorded, ended(&mut self.tasks, patience), changed);
        if changed.is_err() {
            tracing::warn!(
                "a change of tenants' status or a revocation had not finished: the audit log shows what was done"
            );
        }
        if !tasks_ended {
            tracing::warn!("some background tasks were aborted");
        }
        self.lease_ends.cancel();
        ended(&mut self.lease, patience).await;
        if recorded.is_err() {
            tracing::warn!(
                "some support requests are still open and will be closed at the next start"
            );
        } else if let Ok(Err(error)) =
            tokio::time::timeout(patience, nodes::leave(&self.state.core, &self.boot)).await
        {
            tracing::warn!(error = %error, "can't announce that this node is stopping");
        }
        self.state.core.store.close();
        tracing::info!("stopped");
    }
}

/// Waits for tasks to end, and aborts the rest. Returns whether all have ended in time.
async fn ended(tasks: &mut JoinSet<()>, patience: Duration) -> bool {
    let all = async { while tasks.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(patience, all).await.is_ok();
    tasks.shutdown().await;
    in_time
}

/// Waits until the process is asked to stop: Ctrl-C, or SIGTERM as service managers send it.
///
/// # Errors
///
/// If the signals can't be waited for.
pub async fn asked_to_stop() -> Result<(), ServeError> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Io)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(ServeError::Io),
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests;
