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
    // Where other nodes write too, acts are run in the order in which they lock.
    let is_shared = db.is_postgres();
    if is_shared {
        queues.sort(level, MAX_BATCH);
    }
    let mut tx = Tx::new(db.reborrow());
    while done.len() < MAX_BATCH
        && (done.is_empty() || started.elapsed() < MAX_BATCH_TIME)
        && let Some(job) = match is_shared {
            true => queues.next_sorted(),
            false => queues.next(level),
        }
    {
        if job.is_late() {
            job.answer(Err(StoreError::TooLate));
            continue;
        }
        done.push(job);
        let Some(job) = done.last_mut() else { break };
        let before = tx.traces();
        let keep = job.run(&mut tx).await;
        // A refusal that has written nothing leaves nothing to undo.
        let is_harmless = job.is_refused() && before.is_some() && tx.traces() == before;
        if !keep && !is_harmless {
            return Ok(Ran::OneFailed);
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
        let (kept, changed) = run_one(db, &mut **act).await;
        any_changed |= kept && changed;
        if !kept {
            db.query("ROLLBACK TO SAVEPOINT act").execute().await?;
        }
        db.query("RELEASE SAVEPOINT act").execute().await?;
    }
    Ok(Ran::told(any_changed))
}

/// Runs an act with its events. Returns whether to keep it, and whether it reported a change.
pub(super) async fn run_one(db: &mut Db<'_>, act: &mut dyn Job) -> (bool, bool) {
    let mut tx = Tx::new(db.reborrow());
    let mut keep = act.run(&mut tx).await;
    if keep && let Err(error) = tx.settle().await {
        act.fail(error);
        keep = false;
    }
    (keep, tx.changed)
}
