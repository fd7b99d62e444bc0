//! Runs the acts of one batch in its transaction.

use std::time::{Duration, Instant};

use app::domain::record::RecordLevel;

use super::{Job, queues::Queues};
use crate::{Db, StoreError, Tx};

/// The most acts in one commit.
const MAX_BATCH: usize = 256;
/// How long one batch keeps taking acts.
const MAX_BATCH_TIME: Duration = Duration::from_millis(10);

/// The result of a batch's acts, for the commit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Kept {
    /// Whether an act that is kept has reported a change.
    pub(super) changed: bool,
    /// How many changed rows were undone.
    pub(super) undone: u64,
}

/// Runs the queue in one transaction. If an act of a person or of the platform fails, only it is
/// undone. The gateway's records have no savepoints: nearly always all are committed, and
/// savepoints cost as much as the records themselves. `None` if one of these must not be committed.
/// Then nothing is.
pub(super) async fn run_together(
    db: &mut Db<'_>,
    queues: &mut Queues,
    level: RecordLevel,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<Option<Kept>, StoreError> {
    let started = Instant::now();
    // If other nodes write too, acts run in the order in which they lock.
    let is_shared = db.is_postgres();
    if is_shared {
        queues.sort(level, MAX_BATCH);
    }
    let mut tx = Tx::new(db.reborrow());
    let mut undone = 0;
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
        let part = match job.is_part() && !is_shared {
            true => Some(tx.begin_part().await?),
            false => None,
        };
        let keep = job.run(&mut tx).await;
        if !tx.is_in_transaction() {
            // The engine has ended it. The commit will report that to all.
            return Ok(keep.then(Kept::default));
        }
        match part {
            Some(_) if keep => tx.keep_part().await?,
            None if keep => {}
            Some(part) => undone += tx.undo_part(part).await?,
            None => return Ok(None),
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
            return Ok(None);
        }
        Err(error) => return Err(error),
    }
    tx.still_works().await?;
    let changed = tx.changed;
    Ok(Some(Kept { changed, undone }))
}

/// Runs acts again, each in its own savepoint, so that a failed one doesn't affect the others.
pub(super) async fn run_apart(
    db: &mut Db<'_>,
    acts: &mut [Box<dyn Job>],
) -> Result<Kept, StoreError> {
    let mut left = Kept::default();
    for act in acts {
        db.query("SAVEPOINT act").execute().await?;
        let before = db.rows_changed();
        let (kept, changed) = run_one(db, &mut **act).await;
        left.changed |= kept && changed;
        if !kept {
            db.query("ROLLBACK TO SAVEPOINT act").execute().await?;
            left.undone += db.rows_changed() - before;
        }
        db.query("RELEASE SAVEPOINT act").execute().await?;
    }
    Ok(left)
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
