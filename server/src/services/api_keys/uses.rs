//! When and from where a key was last used: noted once a minute at most, so that not every request writes.

use std::collections::HashMap;

use app::domain::{ApiKeyId, Timestamp, api_keys::ApiKey};
use chrono::TimeDelta;
use parking_lot::Mutex;
use store::{Priority, StoreError};

use super::ApiKeys;

/// A use this soon after one that was noted isn't noted. A kill loses no more than this.
const PRECISION: TimeDelta = TimeDelta::minutes(1);

/// When this node last noted a use of each key, or tried to.
#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<ApiKeyId, Timestamp>>);

impl Uses {
    /// Whether a use is to be noted, by the first of the requests that ask.
    fn is_due(&self, key: &ApiKey, now: Timestamp) -> bool {
        let is_recent = |at: Timestamp| now - at < PRECISION;
        if key.last_used_at.is_some_and(is_recent) {
            return false;
        }
        let mut noted = self.0.lock();
        if noted.get(&key.id).copied().is_some_and(is_recent) {
            return false;
        }
        noted.insert(key.id, now);
        true
    }
}

impl ApiKeys {
    pub(super) async fn note_use(&self, key: &ApiKey, from: &str, now: Timestamp) {
        // A store that is readable but not writable still answers, without delay.
        if !self.uses.is_due(key, now) || self.core.store.outage().is_some() {
            return;
        }
        let given = (key.id, from.to_owned());
        let noted: Result<(), StoreError> = self
            .core
            .store
            .write(Priority::Normal, given, move |(id, from), tx| {
                Box::pin(async move { tx.use_api_key(*id, now, from).await })
            })
            .await;
        if let Err(error) = noted {
            tracing::warn!(api_key.id = %key.id, error = %error, "can't record the use of a key");
        }
    }
}
