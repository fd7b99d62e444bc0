//! Following the log of changes.

use std::sync::{Arc, atomic::Ordering};

use app::domain::Timestamp;
use tokio::sync::{broadcast, watch};

use super::Store;
use crate::{Change, Priority, StoreError, changes};

impl Store {
    /// Follows the log of changes until the store is closed. Every change of any process reaches the
    /// subscribers.
    pub async fn follow_changes(&self) -> Result<(), StoreError> {
        let last = changes::newest(&mut self.read().await?).await?;
        // Before anyone follows, so that nobody reads 0.
        self.0.told.position.send_replace(last);
        self.0.told.following.store(true, Ordering::Release);
        // Not the store itself: a follower must not keep it open.
        tokio::spawn(changes::follow(
            self.0.pools.clone(),
            last,
            Arc::clone(&self.0.written),
            self.0.told.clone(),
            self.0.shutdown.clone(),
        ));
        Ok(())
    }

    /// Changes from now on.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.told.changes.subscribe()
    }

    /// The number up to which all subscribers have every change.
    pub fn position(&self) -> watch::Receiver<i64> {
        self.0.told.position.subscribe()
    }

    /// Whether subscribers get changes: from [`Self::follow_changes`] until [`Self::close`].
    pub fn follows_changes(&self) -> bool {
        self.0.told.following.load(Ordering::Acquire)
    }

    /// Reads the log of changes now.
    pub fn look_for_changes(&self) {
        self.0.written.notify_one();
    }

    /// Deletes changes that every process has read long ago.
    pub async fn prune_changes(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(Priority::Normal, now, |now, tx| {
            Box::pin(async move { tx.prune_changes(*now).await })
        })
        .await
    }
}
