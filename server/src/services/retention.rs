//! Retention: how long each kind of data is kept, and its deletion in pieces that delay nobody.
//!
//! `docs/operations.md` lists the rules.

mod archive;
mod holds;
mod old_events;
mod record;

use std::time::Instant;

use app::domain::{Timestamp, caller::Context, policy::Act};
use audit::chain::HashError;
use chrono::{Datelike, NaiveTime, TimeDelta};
use futures::future::BoxFuture;
use store::{Bookkeeping, Priority, StoreError};

use super::{
    Core, ServiceError,
    staff_sessions::throttle::{FORGOTTEN_AFTER, KNOWN_ADDRESS_FOR},
    telemetry::{BATCHES_KEPT, SPANS_KEPT},
    tenants::HISTORY_KEPT,
};
use crate::keys::KeyError;

pub use self::{
    archive::{Archived, Unsound},
    record::PrunedRecord,
};

/// Deletes up to some hundred rows, and returns how many.
type Piece<D> =
    for<'t> fn(&'t mut Bookkeeping<'_>, &'t D) -> BoxFuture<'t, Result<u64, StoreError>>;

/// Data that is kept for a time, and then deleted without a trace, because no record depends on it.
const RULES: [(TimeDelta, Piece<Timestamp>); 10] = [
    (TimeDelta::hours(1), |tx, before| {
        Box::pin(tx.prune_changes(*before))
    }),
    (SPANS_KEPT, |tx, before| Box::pin(tx.prune_calls(*before))),
    (HISTORY_KEPT, |tx, before| {
        Box::pin(tx.prune_health_history(*before))
    }),
    (BATCHES_KEPT, |tx, before| {
        Box::pin(tx.prune_telemetry_batches(*before))
    }),
    (BATCHES_KEPT, |tx, before| {
        Box::pin(tx.prune_reported_requests(*before))
    }),
    (KNOWN_ADDRESS_FOR, |tx, before| {
        Box::pin(tx.prune_staff_sessions(*before))
    }),
    (FORGOTTEN_AFTER, |tx, before| {
        Box::pin(tx.prune_sign_in_failures(*before))
    }),
    (USER_SESSIONS_KEPT, |tx, before| {
        Box::pin(tx.prune_user_sessions(*before))
    }),
    (ENDED_USER_SESSIONS_KEPT, |tx, before| {
        Box::pin(tx.prune_ended_user_sessions(*before))
    }),
    (USER_SESSIONS_KEPT, |tx, before| {
        Box::pin(tx.prune_force_logouts(*before))
    }),
];

/// How long user sessions that were ended early are kept, so that a late report does not revive
/// one.
const ENDED_USER_SESSIONS_KEPT: TimeDelta = TimeDelta::days(400);
/// How long user sessions are kept after their end, and results of force logouts for a second submit.
const USER_SESSIONS_KEPT: TimeDelta = TimeDelta::days(30);

/// Why something can't be deleted or archived.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The key that signs checkpoints can't be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("a checkpoint can't be signed")]
    Unsignable(#[from] HashError),
    /// The archive can't be written.
    #[error("{path} can't be written")]
    Archive {
        path: std::path::PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The events to archive or delete don't verify.
    #[error("nothing of this chain was archived or deleted, since it does not verify: {0}")]
    Unsound(String),
    #[error("{0}")]
    Unusable(String),
}

impl RetentionError {
    /// Whether the cause is what is stored of one chain, so that others can be dealt with.
    const fn is_about_chain(&self) -> bool {
        matches!(
            self,
            Self::Unsound(_) | Self::Service(ServiceError::Store(StoreError::Unreadable { .. }))
        )
    }
}

impl From<StoreError> for RetentionError {
    fn from(error: StoreError) -> Self {
        Self::Service(error.into())
    }
}

/// Deletes data that is older than the rules of retention allow.
#[derive(Clone)]
pub struct Retention {
    core: Core,
}

impl Retention {
    pub const fn new(core: Core) -> Self {
        Self { core }
    }

    /// Deletes old data, except the record of support sessions. For a timer.
    ///
    /// # Errors
    ///
    /// If the store can't be written.
    pub async fn prune(&self) -> Result<(), StoreError> {
        let (now, mut failed) = (self.core.clock.confirmed(), None);
        for (kept, piece) in RULES {
            // What can't be deleted keeps nothing else.
            failed = self.in_pieces(now - kept, piece).await.err().or(failed);
        }
        failed.map_or(Ok(()), Err)
    }

    /// Repeats `piece` until it finds nothing more. Returns how many rows it deleted in all.
    async fn in_pieces<D: Clone + Send + Sync + 'static>(
        &self,
        given: D,
        piece: Piece<D>,
    ) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let (given, begin) = (given.clone(), Instant::now());
            let write = self
                .core
                .store
                .write(Priority::Normal, given, move |given, tx| piece(tx, given));
            match write.await? {
                0 => return Ok(pruned),
                some => pruned += some,
            }
            // All other writers, in this process or another, get most of the time.
            tokio::time::sleep(begin.elapsed() * 4).await;
        }
    }

    /// The instant before which data is deleted that is kept for some days.
    async fn cutoff(&self, days: u32) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.core.store.read().await?;
        let now = reader.db().certain_now(self.core.clock.confirmed()).await?;
        Ok(cutoff(now, days))
    }

    fn authorise(&self, context: &Context) -> Result<(), ServiceError> {
        Ok(self.core.authorise(context, Act::ManageRetention)?)
    }
}

/// The beginning of the month in which something `days` old was recorded, so that a chain has at
/// most one checkpoint a month. `None` for data that is kept for ever.
fn cutoff(now: Timestamp, days: u32) -> Option<Timestamp> {
    if days == 0 {
        return None;
    }
    let then = now.checked_sub_signed(TimeDelta::days(days.into()))?;
    let first = then.date_naive().with_day(1)?;
    Some(first.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests;
