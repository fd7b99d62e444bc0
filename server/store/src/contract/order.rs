//! The order of acts at the writer, and their shares.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use app::domain::SupportSessionId;
use futures::{FutureExt as _, future::BoxFuture};
use uuid::Uuid;

use super::{noon, note, writing::hold};
use crate::{Audited, ChangeKind, Lane, Priority, Store, StoreError, testing::fill};

#[tokio::test]
async fn the_gateways_intents_go_before_other_writes() {
    let test = crate::testing::sqlite().await;
    let held = hold(&test.store).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let write = |priority, name: &'static str| {
        let order = Arc::clone(&order);
        Box::pin(test.store.write(priority, (), move |(), _tx| {
            order.lock().unwrap().push(name);
            Box::pin(async move { Ok::<(), StoreError>(()) })
        }))
    };
    let writes = vec![
        write(Priority::Normal, "report"),
        write(Priority::Normal, "report"),
        write(Priority::Gateway, "intent"),
        write(Priority::Gateway, "intent"),
    ];
    for written in held.release(writes).await {
        written.unwrap();
    }
    assert_eq!(
        *order.lock().unwrap(),
        ["intent", "intent", "report", "report"]
    );
}

/// What ran at the writer of SQLite, in order.
#[derive(Clone, Default)]
struct Ran(Arc<Mutex<Vec<&'static str>>>);

impl Ran {
    /// An act that takes so long.
    async fn act(&self, store: &Store, lane: Lane, name: &'static str, takes: Duration) {
        let order = Arc::clone(&self.0);
        let act = store.act((), move |(), tx| {
            order.lock().unwrap().push(name);
            let until = Instant::now() + takes;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            Box::pin(async move {
                tx.change(ChangeKind::Tenant, name, noon()).await?;
                Ok::<_, StoreError>(Audited::unchanged(()))
            })
        });
        lane.run(act).await.unwrap();
    }

    async fn intent(&self, store: &Store, takes: Duration) {
        let order = Arc::clone(&self.0);
        let intent = store.write(Priority::Gateway, (), move |(), tx| {
            order.lock().unwrap().push("intent");
            let until = Instant::now() + takes;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            note(tx, "intent".into())
        });
        intent.await.unwrap();
    }

    fn places_of(&self, name: &str) -> Vec<usize> {
        let order = self.0.lock().unwrap();
        let places = order.iter().enumerate();
        places
            .filter(|(_, ran)| **ran == name)
            .map(|(at, _)| at)
            .collect()
    }
}

#[tokio::test]
async fn an_end_goes_before_the_records_that_wait_and_any_other_act_has_a_share() {
    let test = crate::testing::sqlite().await;
    let (held, ran) = (hold(&test.store).await, Ran::default());
    let mut acts: Vec<BoxFuture<'_, ()>> = Vec::new();
    for _ in 0..600 {
        acts.push(ran.intent(&test.store, Duration::ZERO).boxed());
    }
    for (lane, name) in [(Lane::Pages, "other"), (Lane::Ends, "end")] {
        acts.push(ran.act(&test.store, lane, name, Duration::ZERO).boxed());
    }
    held.release(acts).await;
    let (end, other) = (ran.places_of("end"), ran.places_of("other"));
    assert!(end[0] <= 3, "{end:?}");
    assert!(other[0] <= 65, "{other:?}");
}

#[tokio::test]
async fn a_flood_of_ends_leaves_records_their_share() {
    let test = crate::testing::sqlite().await;
    let (held, ran) = (hold(&test.store).await, Ran::default());
    let mut acts: Vec<BoxFuture<'_, ()>> = Vec::new();
    for _ in 0..300 {
        let end = ran.act(&test.store, Lane::Ends, "end", Duration::ZERO);
        acts.push(end.boxed());
    }
    for _ in 0..90 {
        acts.push(ran.intent(&test.store, Duration::ZERO).boxed());
    }
    held.release(acts).await;
    let last = ran.places_of("intent").pop().unwrap();
    assert!(last <= 125, "the last record ran at {last}");
}

/// Each is all that a batch has time for.
#[tokio::test]
async fn ends_that_take_long_and_records_take_turns() {
    let test = crate::testing::sqlite().await;
    let (held, ran) = (hold(&test.store).await, Ran::default());
    let mut acts: Vec<BoxFuture<'_, ()>> = Vec::new();
    let long = Duration::from_millis(15);
    for _ in 0..5 {
        acts.push(ran.act(&test.store, Lane::Ends, "end", long).boxed());
        acts.push(ran.intent(&test.store, long).boxed());
    }
    held.release(acts).await;
    assert!(ran.places_of("end")[0] <= 1);
    assert!(ran.places_of("intent")[0] <= 1);
    assert!(ran.places_of("end")[1] <= 5, "{:?}", ran.0);
}

#[tokio::test]
async fn on_postgresql_an_end_waits_neither_for_the_writer_nor_for_acts_of_people() {
    let test = crate::testing::postgres().await;
    let (held, ran) = (hold(&test.store).await, Ran::default());
    let people = fill(&test.store, Lane::Acts).await;
    ran.act(&test.store, Lane::Ends, "end", Duration::ZERO)
        .await;
    drop(people);
    held.release(Vec::<BoxFuture<'_, ()>>::new()).await;
}

/// Acts of one batch run in the order of their sessions, and a batch has no time for all of them.
#[tokio::test]
async fn a_session_that_stands_last_in_the_order_of_locks_is_not_passed_by_later_ones() {
    let test = crate::testing::postgres().await;
    let (held, order) = (hold(&test.store).await, Arc::new(Mutex::new(Vec::new())));
    let act = |session: u128| {
        let (order, later) = (Arc::clone(&order), test.store.clone());
        let session = SupportSessionId::from_uuid(Uuid::from_u128(session));
        let deadline = Instant::now() + Duration::from_mins(1);
        let act = test
            .store
            .write_by(deadline, Some(session), (), move |(), tx| {
                order.lock().unwrap().push(session);
                // More come for the first session while one runs.
                let later = later.clone();
                tokio::spawn(async move {
                    let deadline = Instant::now() + Duration::from_mins(1);
                    let first = SupportSessionId::from_uuid(Uuid::nil());
                    later
                        .write_by(deadline, Some(first), (), |(), tx| note(tx, "later".into()))
                        .await
                });
                Box::pin(async move {
                    tx.query("SELECT pg_sleep(0.011)").execute().await?;
                    note(tx, session.to_string()).await
                })
            });
        Box::pin(act)
    };
    let acts = (1..=8).rev().map(act).collect();
    for written in held.release(acts).await {
        written.unwrap();
    }
    let ran: Vec<_> = order.lock().unwrap().clone();
    assert!(ran.is_sorted(), "{ran:?}");
    let last = Uuid::from_u128(8).to_string();
    let mut reader = test.store.read().await.unwrap();
    let mut db = reader.db();
    let later = db
        .query("SELECT COUNT(*) FROM changes WHERE subject = 'later' AND number < (SELECT number FROM changes WHERE subject = $1)")
        .bind(last);
    assert_eq!(later.fetch_one::<u64>().await.unwrap(), 0);
}
