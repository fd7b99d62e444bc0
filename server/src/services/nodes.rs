//! This node among those on the store: its lease, and how it applies changes committed elsewhere.
//!
//! One task receives changes and sends heartbeats, so that a lease is only renewed after every
//! change that the heartbeat names was applied. It reads over its own connection, so that other
//! work can't cost this node its lease.

mod epoch;
mod receipts;
mod rules;

use std::{sync::Arc, time::Duration};

use app::domain::{SupportSessionId, support_sessions::SupportSessionStatus};
use chrono::TimeDelta;
use gateway::{
    Lease, NodeState, SessionGates,
    clock::{Clock, SteadyClock},
    lease::{CUT_AFTER, LEASE},
    ports::Ended,
    telemetry,
};
use store::{
    Change, ChangeKind, Lane, Priority, Reader, StoreError,
    nodes::{Beat, Heartbeat, NewNode},
};
use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

use super::{Core, ServiceError, gates::cut_replaced};

pub use self::epoch::{EpochError, EpochKeeper};

/// How often a heartbeat is sent: three may be lost.
const BEAT_EVERY: Duration = Duration::from_millis(250);
/// How long a heartbeat may take. A slower connection hangs, and is dropped.
const BEAT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often all open requests are reviewed without cause, and SQLite's row is written.
const REVIEW_EVERY: Duration = Duration::from_secs(10);

/// How often different rules are reported while they last.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Why a lease was not renewed.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the data store takes too long to respond")]
    Slow,
    /// The store has fewer changes than this node has seen.
    #[error(
        "the data store is older than this node remembers, as after a restore: restart the server"
    )]
    WentBack,
    /// The store's row of this node no longer exists.
    #[error("the data store no longer knows this node, as after a restore: restart the server")]
    Forgotten,
}

pub struct Node {
    core: Core,
    lease: Arc<Lease>,
    gates: Arc<SessionGates>,
    clock: SteadyClock,
    boot: Arc<str>,
    changes: Receiver<Change>,
    reader: Option<Reader>,
    applied: i64,
    /// Whether something may have been missed, so that everything must be reviewed.
    review: bool,
    reviewed: Instant,
    /// Until when the other nodes assume that this one may be serving, in time since boot.
    seen_until: Duration,
    /// When the different rules were last reported.
    told_of_rules: Option<Instant>,
}

impl Node {
    /// Registers the node, revokes what a restored store must not revive, and takes the first
    /// lease. The change log must already be followed.
    ///
    /// # Errors
    ///
    /// If the store does not answer, or the file with the epoch can't be used.
    pub async fn join(
        core: Core,
        clock: SteadyClock,
        state: &NodeState,
        boot: &str,
    ) -> Result<(Self, EpochKeeper), ServiceError> {
        let core = core.within(Lane::Gateway);
        let changes = core.store.changes();
        let applied = core.store.read().await?.db().newest_change().await?;
        let seen_until = clock.since_boot() + LEASE;
        add(&core, &clock, boot, applied).await?;
        telemetry::rules_agree(true);
        let epoch = EpochKeeper::check(&core).await?;
        let mut node = Self {
            core,
            lease: Arc::clone(&state.lease),
            gates: Arc::clone(&state.gates),
            clock,
            boot: boot.into(),
            changes,
            reader: None,
            applied,
            review: true,
            reviewed: Instant::now(),
            seen_until,
            told_of_rules: None,
        };
        let sent = node.clock.since_boot();
        let beat = tokio::time::timeout(BEAT_TIMEOUT, node.beat(sent)).await;
        if let Err(error) = beat.unwrap_or(Err(NodeError::Slow)) {
            // It keeps trying, because a store that is slow for a moment must not prevent a server
            // from starting.
            node.failed(&error);
        }
        Ok((node, epoch))
    }

    /// Keeps the lease until `end`.
    pub async fn run(mut self, end: CancellationToken) {
        let mut every = tokio::time::interval(BEAT_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                change = self.changes.recv() => match change {
                    // Applied before anyone waits for it, because a revocation counts from its
                    // commit.
                    Ok(change) => self.notice(change).await,
                    Err(RecvError::Lagged(_)) => self.review = true,
                    Err(RecvError::Closed) => return,
                },
                _ = every.tick() => {
                    let sent = self.clock.since_boot();
                    let beat = tokio::time::timeout(BEAT_TIMEOUT, self.beat(sent)).await;
                    if let Err(error) = beat.unwrap_or(Err(NodeError::Slow)) {
                        self.failed(&error);
                    }
                }
            }
        }
    }

    async fn notice(&mut self, change: Change) {
        let applied = tokio::time::timeout(BEAT_TIMEOUT, self.apply(&change)).await;
        if let Err(error) = applied.unwrap_or(Err(NodeError::Slow)) {
            self.failed(&error);
        }
    }

    /// One heartbeat. `sent` is the time since boot before it, from which the lease counts.
    async fn beat(&mut self, sent: Duration) -> Result<(), NodeError> {
        let (sent, beat) = self.send_seen(sent).await?;
        if beat.newest < self.applied {
            return Err(NodeError::WentBack);
        }
        self.catch_up(beat.newest).await?;
        if self.lease.lost_for() >= CUT_AFTER {
            self.gates.cut_all();
        }
        let lost = !self.lease.is_held();
        if self.review || lost || self.reviewed.elapsed() >= REVIEW_EVERY {
            self.look_at_everything().await?;
        }
        if let Some(at) = beat.store_at {
            self.clock.confirm(at);
        }
        if beat.rules_differ {
            return self.stand_still().await;
        }
        self.agree();
        self.lease.renew(sent);
        Ok(())
    }

    /// Sends a heartbeat of a node that is visible to the others. A node that was invisible becomes
    /// visible with a first heartbeat, and checks the others with a second. So if two nodes with
    /// different rules come back at the same time, at least one sees the other.
    async fn send_seen(&mut self, mut sent: Duration) -> Result<(Duration, Beat), NodeError> {
        if sent >= self.seen_until {
            self.send().await?;
            sent = self.clock.since_boot();
        }
        let beat = self.send().await?;
        self.seen_until = sent + LEASE;
        Ok((sent, beat))
    }

    async fn send(&mut self) -> Result<Beat, NodeError> {
        let (boot, applied) = (Arc::clone(&self.boot), self.applied);
        let heartbeat = Heartbeat {
            boot: &boot,
            lease: lease(),
            applied,
            confirmed_at: self.clock.confirmed(),
        };
        let beat = self.reader().await?.db().heartbeat(heartbeat).await?;
        beat.ok_or(NodeError::Forgotten)
    }

    /// Applies every change that was committed before the heartbeat that returned `newest`.
    async fn catch_up(&mut self, newest: i64) -> Result<(), NodeError> {
        self.core.store.catch_up().await?;
        loop {
            match self.changes.try_recv() {
                Ok(change) => self.apply(&change).await?,
                Err(TryRecvError::Lagged(_)) => self.review = true,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => return Err(StoreError::Closed.into()),
            }
        }
        self.applied = newest;
        Ok(())
    }

    async fn apply(&mut self, change: &Change) -> Result<(), NodeError> {
        match (change.kind, change.subject.parse()) {
            (ChangeKind::SupportSession, Ok(id)) => self.look_at(id).await,
            _ => Ok(()),
        }
    }

    /// Applies a revocation here, and cuts off requests of replaced tokens.
    async fn look_at(&mut self, id: SupportSessionId) -> Result<(), NodeError> {
        let (boot, gates) = (Arc::clone(&self.boot), Arc::clone(&self.gates));
        let (core, now) = (self.core.clone(), self.core.now());
        let mut db = self.reader().await?.db();
        if let Some(asked_at) = db.pending_receipt(id, &boot).await? {
            let cut = gates.end(id, Ended::Revoked);
            tracing::info!(support_session.id = %id, requests.cut = cut.requests, "revocation applied");
            // Not awaited, because a lease must not depend on writes.
            tokio::spawn(receipts::confirm(core, gates, boot, id, asked_at));
            return Ok(());
        }
        if !gates.is_used(id) {
            return Ok(());
        }
        let found = db.lookup_support_session(id).await?;
        let ended = match found.map(|session| session.status(now)) {
            Some(SupportSessionStatus::Revoked) => Some(Ended::Revoked),
            Some(SupportSessionStatus::Expired) => Some(Ended::Expired),
            // A recorded expiry is final, even if this node's clock is behind the one of the node
            // that recorded it.
            Some(SupportSessionStatus::Active) if db.is_expiry_recorded(id).await? => {
                Some(Ended::Expired)
            }
            Some(SupportSessionStatus::Active) | None => None,
        };
        if let Some(ended) = ended {
            gates.end(id, ended);
            return Ok(());
        }
        cut_replaced(&mut db, &gates, id).await?;
        Ok(())
    }

    /// Looks at every session with requests in flight, and at every receipt that is due.
    async fn look_at_everything(&mut self) -> Result<(), NodeError> {
        let boot = Arc::clone(&self.boot);
        let mut sessions = self
            .reader()
            .await?
            .db()
            .list_pending_receipts(&boot)
            .await?;
        sessions.extend(self.gates.sessions());
        for id in sessions {
            self.look_at(id).await?;
        }
        self.review = false;
        self.reviewed = Instant::now();
        tokio::spawn(touch(
            self.core.clone(),
            boot,
            self.applied,
            self.clock.clone(),
        ));
        Ok(())
    }

    fn failed(&mut self, error: &NodeError) {
        if let Some(reader) = self.reader.take() {
            reader.discard();
        }
        // A change may have been taken from the queue and not been applied.
        self.review = true;
        if matches!(error, NodeError::WentBack | NodeError::Forgotten) {
            self.lease.give_up();
        }
        tracing::warn!(error = %error, "can't renew the lease");
    }

    async fn reader(&mut self) -> Result<&mut Reader, StoreError> {
        Ok(match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(self.core.store.read().await?),
        })
    }
}

fn lease() -> TimeDelta {
    TimeDelta::from_std(LEASE).unwrap_or_default()
}

/// No actor: a server was started.
async fn add(core: &Core, clock: &SteadyClock, boot: &str, applied: i64) -> Result<(), StoreError> {
    let node = NewNode {
        boot: boot.to_owned(),
        node: core.config.node_name(),
        lease: lease(),
        applied,
        confirmed_at: clock.confirmed(),
        rule_hash: core
            .config
            .rule_source()
            .map_or_else(String::new, |rules| rules.hash()),
        version: env!("CARGO_PKG_VERSION"),
    };
    let now = core.now();
    core.store
        .write(Priority::Normal, node, move |node, tx| {
            Box::pin(async move { tx.add_node(node, now).await })
        })
        .await
}

/// Saves this node's state regularly, if heartbeats write nothing.
async fn touch(core: Core, boot: Arc<str>, applied: i64, clock: SteadyClock) {
    if core.store.engine() == store::Engine::Postgres {
        return;
    }
    let (now, confirmed_at) = (core.now(), clock.confirmed());
    let written = core.store.write(Priority::Normal, boot, move |boot, tx| {
        Box::pin(async move {
            let heartbeat = Heartbeat {
                boot,
                lease: lease(),
                applied,
                confirmed_at,
            };
            tx.touch_node(heartbeat, now).await
        })
    });
    if let Err(error) = written.await {
        tracing::warn!(error = %error, "can't write this node's row");
    }
}

/// The node no longer serves. Everything that it began is complete.
pub async fn leave(core: &Core, boot: &str) -> Result<(), StoreError> {
    let (now, confirmed_at, boot) = (core.now(), core.clock.confirmed(), boot.to_owned());
    core.store
        .write(Priority::Normal, boot, move |boot, tx| {
            Box::pin(async move { tx.end_node(boot, now, confirmed_at).await })
        })
        .await
}

#[cfg(test)]
mod tests;
