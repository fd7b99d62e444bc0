//! The one way in which the store is written.
//!
//! Acts are functions over a transaction and the values that they are given. On SQLite one task owns the one writing connection: it
//! takes what is waiting, the gateway's intents first, runs the acts in one transaction, commits them
//! together with one flush, and only then answers each. If one of them fails, nothing is kept, and
//! they run once more, each in a savepoint of its own. On PostgreSQL the gateway's
//! intents go the same way over a connection of their own, since the flush is what they share;
//! every other act is a transaction by itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;

use super::{
    Store, StoreError,
    act::{Act, ActError, Priority, Run},
    audit::Receipt,
    batch::Order,
    pools::Pools,
    transaction::Tx,
};

/// How often an act is tried when other writers are first.
const ATTEMPTS: u32 = 8;

/// The result of a state change, made only from the proof that an audit event goes with it.
#[derive(Debug)]
pub struct Audited<T>(T);

impl<T> Audited<T> {
    /// A state change and its event.
    pub fn new(value: T, _proof: Receipt) -> Self {
        Self(value)
    }

    /// Nothing has changed, so there is no event: a repeated act, or one that found its work
    /// already done.
    pub const fn unchanged(value: T) -> Self {
        Self(value)
    }

    /// The act's result.
    pub fn into_value(self) -> T {
        self.0
    }
}

impl Store {
    /// Writes without an audit event: for what is not an act of anyone, such as telemetry, a completed
    /// request's figures, the last use of a sign-in. State changes go through [`Store::act`].
    ///
    /// `act` may run more than once, when other writers are first.
    pub async fn write<D, T, E, F>(&self, priority: Priority, given: D, act: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let order = Order {
            priority,
            deadline: None,
        };
        self.write_in(order, Arc::new(Act { given, run: act }))
            .await
    }

    /// Writes for the gateway while a request waits: an act that hasn't started at `deadline` is
    /// not run. An act that has started is finished, and answered then.
    pub async fn write_by<D, T, E, F>(&self, deadline: Instant, given: D, act: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        let order = Order {
            priority: Priority::Gateway,
            deadline: Some(deadline),
        };
        self.write_in(order, Arc::new(Act { given, run: act }))
            .await
    }

    /// A state change. It only succeeds together with its audit event.
    pub async fn act<D, T, E, F>(&self, given: D, act: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<Audited<T>, E>>
            + Send
            + Sync
            + 'static,
    {
        self.write(Priority::Normal, given, act)
            .await
            .map(Audited::into_value)
    }

    async fn write_in<T, E>(&self, order: Order, act: Arc<dyn Run<T, E>>) -> Result<T, E>
    where
        T: Send + 'static,
        E: ActError + Send + 'static,
    {
        let mut attempt = 1;
        loop {
            if self.condition().is_broken() {
                return Err(StoreError::Broken.into());
            }
            let result = match self.pools() {
                Pools::Postgres { .. } if order.priority == Priority::Normal => {
                    self.write_alone(&*act).await
                }
                _ => self.writer().submit(order, Arc::clone(&act)).await,
            };
            let is_late = order.deadline.is_some_and(|at| Instant::now() >= at);
            match result {
                Err(error) if error.is_contention() && attempt < ATTEMPTS && !is_late => {
                    tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn write_alone<T: 'static, E: ActError + 'static>(
        &self,
        act: &dyn Run<T, E>,
    ) -> Result<T, E> {
        let mut transaction = self.pools().begin().await?;
        let (result, changed) = {
            let mut tx = Tx::new(transaction.db());
            let result = act.run(&mut tx).await;
            if result.is_ok() {
                tx.settle().await?;
            }
            (result, tx.changed)
        };
        if result.is_ok() {
            transaction.db().still_works().await?;
            transaction.commit().await?;
            if changed {
                self.written().notify_one();
            }
        }
        result
    }
}
