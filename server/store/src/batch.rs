//! The task that owns the writing connection: its queue, which acts share a commit, and how failed
//! commits are handled.

mod queues;
mod run;

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use app::domain::{
    SupportSessionId,
    record::{OutageCause, RecordLevel},
};
use futures::{FutureExt, future::BoxFuture};
use tokio::{
    runtime::Handle,
    sync::{Notify, mpsc, oneshot},
};

use self::{
    queues::{Queues, rest_after},
    run::{run_apart, run_one, run_together},
};
use super::{
    Lane, StoreError,
    act::{ActError, Priority, Run},
    condition::Condition,
    pools::Pools,
    transaction::{Transaction, Tx},
};

/// The most acts of the gateway that may wait. A store that hangs must not fill the memory.
const MAX_WAITING: usize = 4096;

/// An act with an erased result type, so that one queue takes all.
trait Job: Send {
    /// Whether its deadline has passed. Then it is not run.
    fn is_late(&self) -> bool;
    /// The support session that it locks.
    fn locks(&self) -> Option<SupportSessionId>;
    /// Runs the act. Returns whether to commit its effects.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool>;
    /// Replaces its result by an error, because its effects can't be kept.
    fn fail(&mut self, error: StoreError);
    /// Whether it has its own savepoint. Acts of people and of the platform do, because they can be
    /// refused after they have written. The gateway's records report a refusal as a value, and a
    /// savepoint would cost as much as a record.
    fn is_part(&self) -> bool;
    /// The outage, if the act failed because of one.
    fn outage(&self) -> Option<OutageCause>;
    /// Answers the caller with the act's own result, or with the reason why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, E> {
    act: Arc<dyn Run<T, E>>,
    order: Order,
    result: Option<Result<T, E>>,
    waiter: oneshot::Sender<Result<T, E>>,
}

impl<T: Send + 'static, E: ActError + Send + 'static> Job for Waiting<T, E> {
    fn is_late(&self) -> bool {
        let deadline = self.order.deadline;
        deadline.is_some_and(|at| Instant::now() >= at)
    }

    fn locks(&self) -> Option<SupportSessionId> {
        self.order.locks
    }

    fn fail(&mut self, error: StoreError) {
        self.result = Some(Err(error.into()));
    }

    fn is_part(&self) -> bool {
        matches!(self.order.priority, Priority::Normal | Priority::End)
    }

    fn outage(&self) -> Option<OutageCause> {
        match &self.result {
            Some(Err(error)) => error.outage(),
            _ => None,
        }
    }

    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            // One act's bug must not end the writer for everyone.
            let result = AssertUnwindSafe(self.act.run(tx))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    tracing::error!("a store operation panicked");
                    Err(StoreError::Panicked.into())
                });
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            // A refusal too, because it may depend on what another act of the batch has written.
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // The caller may have gone.
        let _ = self.waiter.send(result);
    }
}

/// The batching writer's commit, which tests replace to simulate a failing disk.
pub(super) trait Commit: Send + Sync {
    /// Commits. `Ok` only once the data is as durable as requested.
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// Commits with the engine.
pub(super) struct EngineCommit;

impl Commit for EngineCommit {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(transaction.commit())
    }
}

/// The queues into the batching writer.
#[derive(Clone)]
pub(super) struct Writer {
    ends: mpsc::UnboundedSender<Box<dyn Job>>,
    gateway: mpsc::Sender<Box<dyn Job>>,
    normal: mpsc::UnboundedSender<Box<dyn Job>>,
    resting: mpsc::UnboundedSender<Box<dyn Job>>,
    counts: Arc<Counts>,
}

/// Counters of the batching writer since its start.
#[derive(Default)]
pub(super) struct Counts {
    /// Commits made.
    pub(super) commits: AtomicU64,
    /// Batches that were run a second time, because one of their acts had failed.
    pub(super) reruns: AtomicU64,
}

/// The state of the task that owns the writing connection.
pub(super) struct Batch {
    pub(super) pools: Pools,
    pub(super) record: RecordLevel,
    pub(super) written: Arc<Notify>,
    pub(super) condition: Arc<Condition>,
    pub(super) commit: Arc<dyn Commit>,
}

/// Notices that the writer has panicked. Then nothing is written until a restart.
struct Dies(Arc<Condition>);

impl Drop for Dies {
    fn drop(&mut self) {
        if thread::panicking() {
            tracing::error!("what writes to the data store has died: restart Support Console");
            self.0.failed(OutageCause::Broken);
        }
    }
}

impl Writer {
    /// Starts the task that owns the writing connection.
    ///
    /// # Errors
    ///
    /// If the operating system has no thread for it.
    pub(super) fn start(batch: Batch) -> Result<Self, StoreError> {
        let pools = batch.pools.clone();
        let (ends, ending_jobs) = mpsc::unbounded_channel();
        let (gateway, gateway_jobs) = mpsc::channel(MAX_WAITING);
        let (normal, normal_jobs) = mpsc::unbounded_channel();
        let (resting, resting_jobs) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let queues = Queues::new(ending_jobs, gateway_jobs, normal_jobs, resting_jobs);
        let condition = Arc::clone(&batch.condition);
        let running = batch.run(queues, Arc::clone(&counts));
        let run = async move {
            let _dies = Dies(condition);
            running.await;
        };
        match &pools {
            // Its statements block the thread they run on, so it gets its own.
            Pools::Sqlite { .. } => {
                let runtime = Handle::current();
                let thread = thread::Builder::new().name("store-writer".to_owned());
                thread
                    .spawn(move || runtime.block_on(run))
                    .map_err(|error| StoreError::NoWriter(Arc::new(error)))?;
            }
            Pools::Postgres { .. } => drop(tokio::spawn(run)),
        }
        Ok(Self {
            ends,
            gateway,
            normal,
            resting,
            counts,
        })
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Queues an act, and waits for its commit.
    pub(super) async fn submit<T, E>(&self, order: Order, act: Arc<dyn Run<T, E>>) -> Result<T, E>
    where
        T: Send + 'static,
        E: ActError + Send + 'static,
    {
        let (waiter, answer) = oneshot::channel();
        let job = Box::new(Waiting {
            act,
            order,
            result: None,
            waiter,
        });
        match (order.priority, order.deadline) {
            (Priority::End, _) => self.ends.send(job).map_err(|_| StoreError::Closed)?,
            (Priority::Normal, _) => self.normal.send(job).map_err(|_| StoreError::Closed)?,
            // An act with a deadline doesn't wait for a place in the queue.
            (Priority::Gateway, Some(_)) => {
                self.gateway.try_send(job).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
                    mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
                })?;
            }
            (Priority::Gateway, None) => {
                let sent = self.gateway.send(job).await;
                sent.map_err(|_| StoreError::Closed)?;
            }
            (Priority::Resting, _) => self.resting.send(job).map_err(|_| StoreError::Closed)?,
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// When an act is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) priority: Priority,
    /// The lane of its connection, if it has its own transaction.
    pub(super) lane: Lane,
    /// After this instant it is no longer started.
    pub(super) deadline: Option<Instant>,
    /// The support session that it locks. The acts of one batch run in the order of these, so that
    /// the batches of two nodes never deadlock.
    pub(super) locks: Option<SupportSessionId>,
}

impl Order {
    pub(super) const fn of(priority: Priority, lane: Lane) -> Self {
        Self {
            priority: match (priority, lane) {
                (Priority::Normal, Lane::Ends) => Priority::End,
                (priority, _) => priority,
            },
            lane,
            deadline: None,
            locks: None,
        }
    }
}

impl Batch {
    async fn run(self, mut queues: Queues, counts: Arc<Counts>) {
        while let Some(level) = queues.wait(self.record).await {
            let mut done = Vec::new();
            let committed = self.commit(&mut queues, level, &mut done, &counts).await;
            match &committed {
                Ok(_) => drop(counts.commits.fetch_add(1, Ordering::Relaxed)),
                // Nothing could begin. Everyone still waiting would fail the same way, so all fail now.
                Err(_) if done.is_empty() => {
                    done.extend(std::iter::from_fn(|| queues.next(RecordLevel::Flushed)));
                }
                Err(_) => {}
            }
            self.judge(&committed, &done);
            let acts = u32::try_from(done.len()).unwrap_or(u32::MAX);
            metrics::histogram!("support_console_store_batch_acts").record(acts);
            let committed = committed.map(drop);
            for job in done {
                job.answer(committed.clone());
            }
            if matches!(self.pools, Pools::Sqlite { .. }) {
                thread::sleep(rest_after(acts));
            }
        }
    }

    /// Runs the queue in one transaction and commits it. Returns whether the store is surely writable.
    async fn commit(
        &self,
        queues: &mut Queues,
        level: RecordLevel,
        done: &mut Vec<Box<dyn Job>>,
        counts: &Counts,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin(level).await?;
        let together = run_together(&mut transaction.db(), queues, level, done).await?;
        let kept = if let Some(kept) = together {
            kept
        } else {
            transaction.roll_back().await?;
            if done.len() == 1 {
                return Ok(false);
            }
            counts.reruns.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("support_console_store_reruns_total").increment(1);
            if matches!(self.pools, Pools::Postgres { .. }) {
                return Ok(self.commit_apart(level, done).await);
            }
            transaction = self.begin(level).await?;
            run_apart(&mut transaction.db(), done).await?
        };
        let proves = transaction.proves_anything(kept.undone);
        if kept.undone > 0 && !proves {
            // A commit would flush unchanged data.
            transaction.roll_back().await?;
            return Ok(false);
        }
        self.commit.commit(transaction).await?;
        if kept.changed {
            self.written.notify_one();
        }
        Ok(proves)
    }

    /// Runs each act in its own transaction, because other nodes wait for the locks of one
    /// transaction. Returns whether any of them proves that the store is writable.
    async fn commit_apart(&self, level: RecordLevel, acts: &mut [Box<dyn Job>]) -> bool {
        let mut proves = false;
        for act in acts {
            match self.commit_one(level, &mut **act).await {
                Ok(kept) => proves |= kept,
                Err(error) => act.fail(error),
            }
        }
        proves
    }

    async fn commit_one(&self, level: RecordLevel, act: &mut dyn Job) -> Result<bool, StoreError> {
        let mut transaction = self.begin(level).await?;
        let (keep, changed) = run_one(&mut transaction.db(), act).await;
        if !keep {
            transaction.roll_back().await?;
            return Ok(false);
        }
        transaction.db().still_works().await?;
        self.commit.commit(transaction).await?;
        if changed {
            self.written.notify_one();
        }
        Ok(true)
    }

    async fn begin(&self, level: RecordLevel) -> Result<Transaction, StoreError> {
        if self.condition.is_broken() {
            return Err(StoreError::Broken);
        }
        // If everything is flushed, nothing has ever changed the level.
        let level = (self.record == RecordLevel::Written).then_some(level);
        let begun = self.pools.begin_batch(level).await;
        if matches!(
            (&begun, &self.pools),
            (Err(StoreError::Contended), Pools::Sqlite { .. })
        ) {
            self.condition.failed(OutageCause::Locked);
        }
        begun
    }

    /// The batch's result shows whether the store is writable.
    fn judge(&self, committed: &Result<bool, StoreError>, done: &[Box<dyn Job>]) {
        let own = committed.as_ref().err().and_then(StoreError::outage);
        let outages = done.iter().filter_map(|job| job.outage()).chain(own);
        // The worst outage counts: a broken store stays broken.
        match outages.max() {
            Some(cause) => self.condition.failed(cause),
            None if matches!(committed, Ok(true)) => self.condition.worked(),
            None => {}
        }
    }
}
