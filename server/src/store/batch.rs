//! The task that owns the writing connection: what is waiting, what shares a commit, and what a
//! failed commit means.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use app::domain::record::{OutageCause, RecordLevel};
use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    StoreError,
    condition::Condition,
    connection::{Connection, Db, Tx},
    engine::Pools,
    transaction::Transaction,
    writer::{ActError, Priority},
};

/// How many acts one commit covers at most.
const MAX_BATCH: usize = 256;
/// For how long one batch goes on taking acts.
const MAX_BATCH_TIME: Duration = Duration::from_millis(10);
/// How many of the gateway's acts wait at most: a store that hangs must not fill the memory.
const MAX_WAITING: usize = 4096;

/// What is done in a transaction.
pub(super) type Act<T, E> =
    dyn for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync;

/// An act whose result type has been put away, so that one queue takes all.
trait Job: Send {
    /// Whether its time was up before its turn: it is not run then.
    fn is_late(&self) -> bool;
    /// Runs the act; whether its effects are to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool>;
    /// Why nothing can be written, if that is how the act failed.
    fn outage(&self) -> Option<OutageCause>;
    /// Answers whoever waits: with the act's own result, or with why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, E> {
    act: Arc<Act<T, E>>,
    deadline: Option<Instant>,
    result: Option<Result<T, E>>,
    waiter: oneshot::Sender<Result<T, E>>,
}

impl<T: Send + 'static, E: ActError + Send + 'static> Job for Waiting<T, E> {
    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|at| Instant::now() >= at)
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
            let result = AssertUnwindSafe(async { (self.act)(tx).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    tracing::error!("an act on the store panicked");
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
            (Err(_), Some(Err(refused))) => Err(refused),
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(StoreError::Closed.into()),
        };
        // Whoever asked may have gone.
        let _ = self.waiter.send(result);
    }
}

/// How the batching writer ends a transaction: what a test replaces to see a disk fail.
pub(super) trait Commit: Send + Sync {
    /// Commits; `Ok` only once what was written is kept as it was asked for.
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>>;
}

/// As the engine does it.
pub(super) struct EngineCommit;

impl Commit for EngineCommit {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(transaction.commit())
    }
}

/// The queues into the batching writer.
#[derive(Clone)]
pub(super) struct Writer {
    gateway: mpsc::Sender<Box<dyn Job>>,
    normal: mpsc::UnboundedSender<Box<dyn Job>>,
    commits: Arc<AtomicU64>,
}

/// What the task that owns the writing connection has at hand.
pub(super) struct Batch {
    pub(super) pools: Pools,
    pub(super) record: RecordLevel,
    pub(super) written: Arc<Notify>,
    pub(super) condition: Arc<Condition>,
    pub(super) commit: Arc<dyn Commit>,
}

impl Writer {
    /// Starts the task that owns the writing connection.
    pub(super) fn start(batch: Batch) -> Self {
        let (gateway, gateway_jobs) = mpsc::channel(MAX_WAITING);
        let (normal, normal_jobs) = mpsc::unbounded_channel();
        let commits = Arc::new(AtomicU64::new(0));
        let queues = Queues {
            first: None,
            gateway: gateway_jobs,
            normal: normal_jobs,
        };
        tokio::spawn(batch.run(queues, Arc::clone(&commits)));
        Self {
            gateway,
            normal,
            commits,
        }
    }

    /// How many commits have been made.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Has an act done, and waits for the commit that keeps it.
    pub(super) async fn submit<T, E>(&self, order: Order, act: Arc<Act<T, E>>) -> Result<T, E>
    where
        T: Send + 'static,
        E: ActError + Send + 'static,
    {
        let (waiter, answer) = oneshot::channel();
        let job = Box::new(Waiting {
            act,
            deadline: order.deadline,
            result: None,
            waiter,
        });
        match (order.priority, order.deadline) {
            (Priority::Normal, _) => self.normal.send(job).map_err(|_| StoreError::Closed)?,
            // What can come too late does not wait for a place in the queue either.
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
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// When an act is to be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) priority: Priority,
    /// From then on it is not begun any more.
    pub(super) deadline: Option<Instant>,
}

/// What waits to be written.
struct Queues {
    /// The act that woke the writer.
    first: Option<Box<dyn Job>>,
    gateway: mpsc::Receiver<Box<dyn Job>>,
    normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
}

impl Queues {
    /// Waits for something to do; at what level it must be kept. `None` once nobody can ask any more.
    async fn wait(&mut self, record: RecordLevel) -> Option<RecordLevel> {
        let (job, priority) = tokio::select! {
            biased;
            Some(job) = self.gateway.recv() => (job, Priority::Gateway),
            Some(job) = self.normal.recv() => (job, Priority::Normal),
            else => return None,
        };
        self.first = Some(job);
        // Whatever is no record is flushed, and so are the records that it shares a commit with.
        let records_alone = priority == Priority::Gateway && self.normal.is_empty();
        Some(if records_alone {
            record
        } else {
            RecordLevel::Flushed
        })
    }

    /// The next act that may be kept at this level.
    fn next(&mut self, level: RecordLevel) -> Option<Box<dyn Job>> {
        let next = self.first.take().or_else(|| self.gateway.try_recv().ok());
        match level {
            RecordLevel::Flushed => next.or_else(|| self.normal.try_recv().ok()),
            RecordLevel::Written => next,
        }
    }
}

impl Batch {
    async fn run(self, mut queues: Queues, commits: Arc<AtomicU64>) {
        while let Some(level) = queues.wait(self.record).await {
            let mut done = Vec::new();
            let committed = self.commit(&mut queues, level, &mut done).await;
            match &committed {
                Ok(()) => drop(commits.fetch_add(1, Ordering::Relaxed)),
                // Nothing could be begun. Who waits would meet the same: none is kept for its turn.
                Err(_) if done.is_empty() => {
                    done.extend(std::iter::from_fn(|| queues.next(RecordLevel::Flushed)));
                }
                Err(_) => {}
            }
            self.judge(&committed, &done);
            let acts = u32::try_from(done.len()).unwrap_or(u32::MAX);
            metrics::histogram!("support_console_store_batch_acts").record(acts);
            for job in done {
                job.answer(committed.clone());
            }
        }
    }

    /// Runs what is waiting in one transaction and commits it.
    async fn commit(
        &self,
        queues: &mut Queues,
        level: RecordLevel,
        done: &mut Vec<Box<dyn Job>>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.begin(level).await?;
        let started = Instant::now();
        let mut changed = false;
        while done.len() < MAX_BATCH
            && (done.is_empty() || started.elapsed() < MAX_BATCH_TIME)
            && let Some(job) = queues.next(level)
        {
            if job.is_late() {
                job.answer(Err(StoreError::TooLate));
                continue;
            }
            done.push(job);
            let Some(job) = done.last_mut() else { break };
            changed |= run_in_savepoint(&mut transaction.db(), job.as_mut()).await?;
        }
        self.commit.commit(transaction).await?;
        if changed {
            self.written.notify_one();
        }
        Ok(())
    }

    async fn begin(&self, level: RecordLevel) -> Result<Transaction, StoreError> {
        if self.condition.is_broken() {
            return Err(StoreError::Broken);
        }
        // Where everything is flushed, nothing has ever changed the level.
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

    /// Whether the store can be written is what became of this batch.
    fn judge(&self, committed: &Result<(), StoreError>, done: &[Box<dyn Job>]) {
        let own = committed.as_ref().err().and_then(StoreError::outage);
        let outages = done.iter().filter_map(|job| job.outage()).chain(own);
        // The worst of them: what is broken is broken.
        match outages.max() {
            Some(cause) => self.condition.failed(cause),
            None if committed.is_ok() => self.condition.worked(),
            None => {}
        }
    }
}

/// Whether the act was kept and told of a change.
async fn run_in_savepoint(db: &mut Db<'_>, job: &mut dyn Job) -> Result<bool, StoreError> {
    db.query("SAVEPOINT act").execute().await?;
    let (keep, changed) = {
        let mut tx = Tx {
            db: db.reborrow(),
            changed: false,
        };
        let keep = job.run(&mut tx).await;
        (keep, tx.changed)
    };
    if !keep {
        db.query("ROLLBACK TO SAVEPOINT act").execute().await?;
    }
    db.query("RELEASE SAVEPOINT act").execute().await?;
    Ok(keep && changed)
}

impl Db<'_> {
    fn reborrow(&mut self) -> Db<'_> {
        Db(match &mut self.0 {
            Connection::Sqlite(connection) => Connection::Sqlite(connection),
            Connection::Postgres(connection) => Connection::Postgres(connection),
        })
    }
}
