//! Following the log of changes.

use std::sync::{Arc, atomic::Ordering};

use tokio::sync::broadcast;

use super::Store;
use crate::{
    Change, StoreError,
    changes::{self, Follower},
};

impl Store {
    /// Follows the log of changes until the store is closed. Every change of any process reaches the
    /// subscribers.
    pub async fn follow_changes(&self) -> Result<(), StoreError> {
        let follower = Follower::start(self.0.pools.clone()).await?;
        self.0.told.following.store(true, Ordering::Release);
        // Not the store itself: a follower must not keep it open.
        tokio::spawn(changes::follow(
            follower,
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

    /// Waits until every change that is committed by now was published to the subscribers.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        if !self.follows_changes() {
            return Err(StoreError::Closed);
        }
        let told = &self.0.told;
        let asked = told.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut looked = told.looked.subscribe();
        self.0.written.notify_one();
        let caught_up = looked.wait_for(|looked| *looked >= asked).await;
        caught_up.map(drop).map_err(|_| StoreError::Closed)
    }

    /// Whether subscribers get changes: from [`Self::follow_changes`] until [`Self::close`].
    pub fn follows_changes(&self) -> bool {
        self.0.told.following.load(Ordering::Acquire)
    }
}
