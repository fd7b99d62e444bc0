//! The one way in which the store is written.
//!
//! On SQLite one task owns the one writing connection. It takes what is waiting, ends of sessions and the
//! gateway's intents first, and runs all of it in one transaction, which it commits with one flush. Only then does it
//! answer each caller. An act of people or of the platform that fails is undone by itself. If a record of the
//! gateway fails, nothing is kept, and all run again, each in its own savepoint.
//! On PostgreSQL the gateway's intents share a flush in the same way, over their own connection. Every
//! other act has its own transaction, on a connection of its lane.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use app::domain::SupportSessionId;
use futures::future::BoxFuture;

use super::{
    Lane, Store, StoreError,
    act::{ActError, Acting, Audited, Priority, Run, Writing},
    batch::Order,
    pools::Pools,
    postgres::PostgresPools,
    transaction::{Bookkeeping, Transaction, Tx},
};

/// How often an act is tried when other writers are first.
const ATTEMPTS: u32 = 8;

impl Store {
    /// Writes without an audit event: for what is no act of anyone, such as telemetry, a completed
    /// request's figures, the last use of a sign-in. Acts go through [`Store::act`].
    ///
    /// `run` may run more than once, when other writers are first.
    pub async fn write<D, T, E, F>(&self, priority: Priority, given: D, run: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Bookkeeping<'_>) -> BoxFuture<'t, Result<T, E>>
            + Send
            + Sync
            + 'static,
    {
        let order = Order::of(priority, self.lane());
        self.write_in(order, Writing { given, run }).await
    }

    /// Writes for the gateway while a request waits: what hasn't started at `deadline` is not run.
    /// What has started is finished, and answered then. `locks` is the support session that it changes.
    pub async fn write_by<D, T, E, F>(
        &self,
        deadline: Instant,
        locks: Option<SupportSessionId>,
        given: D,
        run: F,
    ) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Bookkeeping<'_>) -> BoxFuture<'t, Result<T, E>>
            + Send
            + Sync
            + 'static,
    {
        let order = Order {
            deadline: Some(deadline),
            locks,
            ..Order::of(Priority::Gateway, self.lane())
        };
        self.write_in(order, Writing { given, run }).await
    }

    /// Acts. What the act changes is only kept together with its audit event.
    pub async fn act<D, T, E, F>(&self, given: D, run: F) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: ActError + Send + 'static,
        F: for<'t> Fn(&'t D, &'t mut Tx<'_>) -> BoxFuture<'t, Result<Audited<T>, E>>
            + Send
            + Sync
            + 'static,
    {
        // The gateway's acts never wait for acts of people.
        let lane = match self.lane() {
            lane @ (Lane::Gateway | Lane::Ends) => lane,
            _ => Lane::Acts,
        };
        let order = Order::of(Priority::Normal, lane);
        self.write_in(order, Acting { given, run }).await
    }

    pub(super) async fn write_in<T, E>(&self, order: Order, act: impl Run<T, E>) -> Result<T, E>
    where
        T: Send + 'static,
        E: ActError + Send + 'static,
    {
        let act: Arc<dyn Run<T, E>> = Arc::new(act);
        let mut attempt = 1;
        loop {
            if self.condition().is_broken() {
                return Err(StoreError::Broken.into());
            }
            let result = match self.pools() {
                Pools::Postgres { pools }
                    if matches!(order.priority, Priority::Normal | Priority::End) =>
                {
                    let (store, own, act) = (self.clone(), pools.clone(), Arc::clone(&act));
                    let written = async move { store.write_alone(&own, order.lane, &*act).await };
                    let written = pools.at_home(Box::pin(written)).await;
                    written.unwrap_or_else(|error| Err(error.into()))
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
        pools: &PostgresPools,
        lane: Lane,
        act: &dyn Run<T, E>,
    ) -> Result<T, E> {
        let mut transaction = Transaction::Postgres(pools.begin(lane).await?);
        let (result, changed) = {
            let mut tx = Tx::new(transaction.db());
            let result = act.run(&mut tx).await;
            if result.is_ok() {
                tx.settle().await?;
            }
            (result, tx.changed)
        };
        if result.is_ok() {
            let mut db = transaction.db();
            db.still_works().await?;
            // A commit that waits for a standby must not be stopped, because it would then count as
            // replicated.
            db.query("SET LOCAL statement_timeout = 0").done().await?;
            transaction.commit().await?;
            if changed {
                self.written().notify_one();
            }
        }
        result
    }
}
