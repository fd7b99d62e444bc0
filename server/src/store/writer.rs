//! The one way in which the store is written.
//!
//! Acts are closures over a transaction. On SQLite one task owns the one writing connection: it
//! takes what is waiting, the gateway's intents first, runs each act in a savepoint of its own,
//! commits them together with one flush, and only then answers each. On PostgreSQL the gateway's
//! intents go the same way over a connection of their own, since the flush is what they share;
//! every other act is a transaction by itself.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    Store, StoreError,
    audit::Receipt,
    connection::{Connection, Db, Tx},
    engine::Pools,
};

/// How many acts one commit covers at most.
const MAX_BATCH: usize = 256;
/// For how long one batch goes on taking acts.
const MAX_BATCH_TIME: Duration = Duration::from_millis(10);
/// How often an act is tried when other writers are first.
const ATTEMPTS: u32 = 8;

/// Which acts go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// The gateway's: a request waits for it.
    Gateway,
    /// Everything else.
    Normal,
}

/// The result of a state change, made only from the proof that an audit event goes with it.
#[derive(Debug)]
pub struct Audited<T>(T);

impl<T> Audited<T> {
    /// A state change and the event that tells of it.
    pub fn new(value: T, _proof: Receipt) -> Self {
        Self(value)
    }

    /// Nothing has changed, so there is nothing to tell: a repeated act, or one that found its
    /// work already done.
    pub const fn unchanged(value: T) -> Self {
        Self(value)
    }

    /// What the act was done for.
    pub fn into_value(self) -> T {
        self.0
    }
}

type Act<T, E> = dyn for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync;

/// An act whose result type has been put away, so that one queue takes all.
trait Job: Send {
    /// Runs the act; whether its effects are to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx<'_>) -> BoxFuture<'t, bool>;
    /// Answers whoever waits: with the act's own result, or with why nothing was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, E> {
    act: Arc<Act<T, E>>,
    result: Option<Result<T, E>>,
    waiter: oneshot::Sender<Result<T, E>>,
}

impl<T: Send + 'static, E: From<StoreError> + Send + 'static> Job for Waiting<T, E> {
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

/// The queues into the batching writer.
#[derive(Clone)]
pub(super) struct Writer {
    gateway: mpsc::UnboundedSender<Box<dyn Job>>,
    normal: mpsc::UnboundedSender<Box<dyn Job>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the task that owns the writing connection.
    pub(super) fn start(pools: Pools, written: Arc<Notify>) -> Self {
        let (gateway, gateway_jobs) = mpsc::unbounded_channel();
        let (normal, normal_jobs) = mpsc::unbounded_channel();
        let commits = Arc::new(AtomicU64::new(0));
        let batch = Batch {
            pools,
            written,
            commits: Arc::clone(&commits),
        };
        tokio::spawn(batch.run(gateway_jobs, normal_jobs));
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

    async fn submit<T, E>(&self, priority: Priority, act: Arc<Act<T, E>>) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (waiter, answer) = oneshot::channel();
        let job = Box::new(Waiting {
            act,
            result: None,
            waiter,
        });
        let queue = match priority {
            Priority::Gateway => &self.gateway,
            Priority::Normal => &self.normal,
        };
        queue.send(job).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

/// What the task that owns the writing connection has at hand.
struct Batch {
    pools: Pools,
    written: Arc<Notify>,
    commits: Arc<AtomicU64>,
}

impl Batch {
    async fn run(
        self,
        mut gateway: mpsc::UnboundedReceiver<Box<dyn Job>>,
        mut normal: mpsc::UnboundedReceiver<Box<dyn Job>>,
    ) {
        let mut first = VecDeque::with_capacity(1);
        loop {
            let job = tokio::select! {
                biased;
                Some(job) = gateway.recv() => job,
                Some(job) = normal.recv() => job,
                else => return,
            };
            first.push_back(job);
            let next = |first: &mut VecDeque<Box<dyn Job>>| {
                first
                    .pop_front()
                    .or_else(|| gateway.try_recv().ok())
                    .or_else(|| normal.try_recv().ok())
            };
            self.commit(&mut first, next).await;
        }
    }

    /// Runs what is waiting in one transaction, commits it, and answers.
    async fn commit(
        &self,
        first: &mut VecDeque<Box<dyn Job>>,
        mut next: impl FnMut(&mut VecDeque<Box<dyn Job>>) -> Option<Box<dyn Job>>,
    ) {
        let mut done = Vec::new();
        let committed = async {
            let mut transaction = self.pools.begin_batch().await?;
            let started = Instant::now();
            let mut changed = false;
            while done.len() < MAX_BATCH
                && (done.is_empty() || started.elapsed() < MAX_BATCH_TIME)
                && let Some(job) = next(first)
            {
                done.push(job);
                let Some(job) = done.last_mut() else { break };
                changed |= run_in_savepoint(&mut transaction.db(), job.as_mut()).await?;
            }
            transaction.commit().await?;
            self.commits.fetch_add(1, Ordering::Relaxed);
            if changed {
                self.written.notify_one();
            }
            Ok::<(), StoreError>(())
        }
        .await;
        let acts = u32::try_from(done.len()).unwrap_or(u32::MAX);
        metrics::histogram!("support_console_store_batch_acts").record(acts);
        done.extend(first.drain(..));
        for job in done {
            job.answer(committed.clone());
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

impl Store {
    /// Writes without an audit event: for what is not an act of anyone, as telemetry, a completed
    /// request's figures, the last use of a sign-in. State changes go through [`Store::act`].
    ///
    /// The closure may run more than once, when other writers are first.
    pub async fn write<T, E, F>(&self, priority: Priority, act: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + IsContention + Send + 'static,
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let act: Arc<Act<T, E>> = Arc::new(act);
        let mut attempt = 1;
        loop {
            let result = match self.pools() {
                Pools::Postgres { .. } if priority == Priority::Normal => {
                    self.write_alone(act.as_ref()).await
                }
                _ => self.writer().submit(priority, Arc::clone(&act)).await,
            };
            match result {
                Err(error) if error.is_contention() && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    /// A state change. It can only succeed together with the audit event that tells of it.
    pub async fn act<T, E, F>(&self, act: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + IsContention + Send + 'static,
        F: for<'t> Fn(&'t mut Tx<'_>) -> BoxFuture<'t, Result<Audited<T>, E>>
            + Send
            + Sync
            + 'static,
    {
        self.write(Priority::Normal, act)
            .await
            .map(Audited::into_value)
    }

    async fn write_alone<T, E: From<StoreError>>(&self, act: &Act<T, E>) -> Result<T, E> {
        let mut transaction = self.pools().begin().await?;
        let (result, changed) = {
            let mut tx = Tx {
                db: transaction.db(),
                changed: false,
            };
            (act(&mut tx).await, tx.changed)
        };
        if result.is_ok() {
            // PostgreSQL answers the commit of a transaction in which a statement has failed with
            // success, and rolls it back. Asked anything else first, it says so.
            transaction.db().query("SELECT 1").execute().await?;
            transaction.commit().await?;
            if changed {
                self.written().notify_one();
            }
        }
        result
    }
}

/// Errors that may mean "another writer was first".
pub trait IsContention {
    /// Whether the same act may succeed when tried again at once.
    fn is_contention(&self) -> bool;
}

impl IsContention for StoreError {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Contended)
    }
}
