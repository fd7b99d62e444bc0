//! Runs the acts of one batch in its transaction.

use std::time::{Duration, Instant};

use app::domain::record::RecordLevel;

use super::{Job, queues::Queues};
use crate::{Db, StoreError, Tx};

/// How many acts one commit covers at most.
const MAX_BATCH: usize = 256;
/// How long one batch keeps taking acts.
const MAX_BATCH_TIME: Duration = Duration::from_millis(10);

/// The result of a batch's acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ran {
    /// No committed act reported a change.
    Unchanged,
    /// A committed act reported a change.
    Changed,
    /// One of the acts must not be committed, so none is.
    OneFailed,
}

impl Ran {
    const fn told(changed: bool) -> Self {
        match changed {
            true => Self::Changed,
            false => Self::Unchanged,
        }
    }
}

/// Runs the queue without savepoints between the acts: nearly always all are committed, and
/// savepoints cost as much as the acts themselves.
pub(super) async fn run_together(
    db: &mut Db<'_>,
    queues: &mut Queues,
    level: RecordLevel,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<Ran, StoreError> {
    let started = Instant::now();
    // Where other nodes write too, a batch takes what waits at its start, in the order of locks.
    let at_once = if db.is_postgres() { MAX_BATCH } else { 1 };
    let mut tx = Tx::new(db.reborrow());
    while done.is_empty()
        || at_once == 1 && done.len() < MAX_BATCH && started.elapsed() < MAX_BATCH_TIME
    {
        let ran = done.len();
        queues.take(level, at_once, done);
        let taken = done.get_mut(ran..).unwrap_or_default();
        if taken.is_empty() {
            break;
        }
        for job in taken {
            if !job.run(&mut tx).await {
                return Ok(Ran::OneFailed);
            }
        }
        if !tx.is_in_transaction() {
            // The engine has ended it: the commit will say so, to all.
            return Ok(Ran::Unchanged);
        }
    }
    match tx.settle().await {
        Ok(()) => {}
        // One event that can't be kept must not fail the others.
        Err(error)
            if done.len() > 1
                && error.outage().is_none()
                && !matches!(error, StoreError::Contended) =>
        {
            return Ok(Ran::OneFailed);
        }
        Err(error) => return Err(error),
    }
    tx.still_works().await?;
    Ok(Ran::told(tx.changed))
}

/// Runs acts again, each in its own savepoint, so that a failed one doesn't affect the others.
pub(super) async fn run_apart(
    db: &mut Db<'_>,
    acts: &mut [Box<dyn Job>],
) -> Result<Ran, StoreError> {
    let mut any_changed = false;
    for act in acts {
        db.query("SAVEPOINT act").execute().await?;
        let mut tx = Tx::new(db.reborrow());
        let mut keep = act.run(&mut tx).await;
        if keep && let Err(error) = tx.settle().await {
            act.fail(error);
            keep = false;
        }
        any_changed |= keep && tx.changed;
        if !keep {
            db.query("ROLLBACK TO SAVEPOINT act").execute().await?;
        }
        db.query("RELEASE SAVEPOINT act").execute().await?;
    }
    Ok(Ran::told(any_changed))
}
