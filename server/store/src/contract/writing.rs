//! The writer: which acts fail alone, which go first, which share a commit.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::domain::{ApiKeyId, api_keys::ApiKey, record::OutageCause, token_hash::TokenHash};
use futures::{
    future::{BoxFuture, join_all},
    poll,
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{another, noon, note, noted};
use crate::{
    Audited, Lane, Priority, Store, StoreError, StoreOptions, batch::Commit, testing::both,
    transaction::Transaction,
};

/// A commit that brings the writer down.
struct Panics;

impl Commit for Panics {
    fn commit(&self, _: Transaction) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async { panic!("as a bug would") })
    }
}

#[tokio::test]
async fn a_writer_that_has_died_is_an_outage_until_a_restart() {
    for (engine, test) in both().await {
        let options = StoreOptions {
            serves: false,
            migrate: false,
            ..test.options.clone()
        };
        let store = Store::open_committing(&options, Arc::new(Panics)).await;
        let store = store.unwrap();
        let mut outage = store.watch_outage();
        assert!(outage.borrow().is_none(), "{engine}");
        let write = || {
            store.write(Priority::Gateway, "a".to_owned(), |name, tx| {
                note(tx, name.clone())
            })
        };
        assert!(write().await.is_err(), "{engine}");
        let died = outage.wait_for(Option::is_some).await.unwrap().unwrap();
        assert_eq!(died.cause, OutageCause::Broken, "{engine}");
        assert!(matches!(write().await, Err(StoreError::Broken)), "{engine}");
        assert_eq!(noted(&store).await, [""; 0], "{engine}");
    }
}

/// A held writer.
pub(super) struct Held {
    gate: Arc<Notify>,
    holder: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Held {
    /// Has the acts wait at the writer together, then lets it go on. Returns their answers.
    pub(super) async fn release<A: Future + Unpin>(self, mut acts: Vec<A>) -> Vec<A::Output> {
        for act in &mut acts {
            assert!(poll!(act).is_pending());
        }
        self.gate.notify_one();
        self.holder.await.unwrap().unwrap();
        join_all(acts).await
    }
}

/// Holds the batching writer until the gate is opened. Resolves once the writer is held. If it runs
/// again, with others of its transaction, it holds nothing.
pub(super) async fn hold(store: &Store) -> Held {
    let (reached, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (holding, opened) = (Arc::clone(&reached), Arc::clone(&gate));
    let (store, has_held) = (store.clone(), Arc::new(AtomicBool::new(false)));
    let holder = tokio::spawn(async move {
        store
            .write(Priority::Gateway, (), move |(), _tx| {
                let (holding, opened) = (Arc::clone(&holding), Arc::clone(&opened));
                let holds = !has_held.swap(true, Ordering::Relaxed);
                Box::pin(async move {
                    if holds {
                        holding.notify_one();
                        opened.notified().await;
                    }
                    Ok(())
                })
            })
            .await
    });
    reached.notified().await;
    Held { gate, holder }
}

#[tokio::test]
async fn refused_and_broken_acts_do_not_touch_those_they_share_a_commit_with() {
    for (engine, test) in both().await {
        let held = hold(&test.store).await;
        let acts: Vec<_> = (0..9)
            .map(|number| {
                Box::pin(test.store.write(Priority::Gateway, (), move |(), tx| {
                    Box::pin(async move {
                        note(tx, number.to_string()).await?;
                        match number % 3 {
                            0 => Ok(number),
                            1 => Err(StoreError::OlderSchema),
                            _ => {
                                tx.query("SELECT nothing FROM nowhere").execute().await?;
                                Ok(number)
                            }
                        }
                    })
                }))
            })
            .collect();
        let answers = held.release(acts).await;
        let kept: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(kept, [0, 3, 6], "{engine}");
        assert_eq!(noted(&test.store).await, ["0", "3", "6"], "{engine}");
    }
}

#[tokio::test]
async fn intents_that_wait_together_share_a_commit() {
    for (engine, test) in both().await {
        let held = hold(&test.store).await;
        let before = test.store.batch_commits();
        let intents: Vec<_> = (0..40)
            .map(|number: u32| {
                Box::pin(test.store.write(Priority::Gateway, (), move |(), tx| {
                    note(tx, format!("{number:02}"))
                }))
            })
            .collect();
        for written in held.release(intents).await {
            written.unwrap();
        }
        let commits = test.store.batch_commits() - before;
        assert!((1..40).contains(&commits), "{engine}: {commits} commits");
        assert_eq!(noted(&test.store).await.len(), 40, "{engine}");
    }
}

#[tokio::test]
async fn acts_that_nobody_waits_for_share_a_commit_in_turn_with_intents_and_are_done_without_any() {
    for (engine, test) in both().await {
        let alone = test
            .store
            .write(Priority::Resting, (), |(), tx| note(tx, "alone".into()));
        alone.await.unwrap();
        let held = hold(&test.store).await;
        let before = test.store.batch_commits();
        let order = Arc::new(Mutex::new(Vec::new()));
        let write = |priority, number: u32| {
            let order = Arc::clone(&order);
            Box::pin(test.store.write(priority, (), move |(), tx| {
                order.lock().unwrap().push(priority);
                note(tx, format!("{number:02}"))
            }))
        };
        let intents = (0..20).map(|number| write(Priority::Gateway, number));
        let resting = (20..40).map(|number| write(Priority::Resting, number));
        let writes: Vec<_> = intents.chain(resting).collect();
        for written in held.release(writes).await {
            written.unwrap();
        }
        let commits = test.store.batch_commits() - before;
        assert!((1..40).contains(&commits), "{engine}: {commits} commits");
        assert_eq!(noted(&test.store).await.len(), 41, "{engine}");
        let order = order.lock().unwrap();
        let rested = order[..20].iter().filter(|p| **p == Priority::Resting);
        assert!(rested.count() >= 5, "{engine}: {order:?}");
    }
}

#[tokio::test]
async fn an_act_that_changes_something_without_a_receipt_fails_and_nothing_of_it_is_kept() {
    let id = ApiKeyId::from_uuid(Uuid::nil());
    for (engine, test) in both().await {
        let changes = test.store.act((), move |(), tx| {
            Box::pin(async move {
                let key = ApiKey {
                    id,
                    name: "a key".into(),
                    tenant_id: None,
                    rights: Vec::new(),
                    created_at: noon(),
                    created_by: String::new(),
                    expires_at: None,
                    allowed_addresses: Vec::new(),
                    requests_per_minute: None,
                    last_used_at: None,
                    last_used_from: String::new(),
                    uses_noted_since: noon(),
                    rotated_at: None,
                    previous_until: None,
                    revoked_at: None,
                };
                let token = TokenHash::from_bytes([0; 32]);
                tx.add_api_key(&key, token, None).await?;
                Ok::<_, StoreError>(Audited::unchanged(()))
            })
        });
        let refused = changes.await;
        assert!(
            matches!(refused, Err(StoreError::Unaudited)),
            "{engine}: {refused:?}"
        );
        let finds_nothing = test.store.act((), move |(), tx| {
            Box::pin(async move {
                let revoked = tx.revoke_api_key(id, noon()).await?;
                Ok::<_, StoreError>(Audited::unchanged(revoked))
            })
        });
        assert!(!finds_nothing.await.unwrap(), "{engine}: it was kept");
    }
}

#[tokio::test]
async fn a_panic_in_an_act_fails_that_act_and_nothing_else() {
    for (engine, test) in both().await {
        let failed: Result<(), StoreError> = test
            .store
            .write(Priority::Gateway, (), |(), tx| {
                Box::pin(async move {
                    note(tx, "lost".into()).await?;
                    panic!("a bug")
                })
            })
            .await;
        assert!(
            matches!(failed, Err(StoreError::Panicked)),
            "{engine}: {failed:?}"
        );
        let next = test
            .store
            .write(Priority::Gateway, (), |(), tx| note(tx, "kept".into()));
        next.await.unwrap();
        assert_eq!(noted(&test.store).await, ["kept"], "{engine}");
    }
}

#[tokio::test]
async fn the_writer_goes_on_after_the_engine_has_ended_a_transaction_by_itself() {
    for (engine, test) in both().await {
        // What SQLite does when the disk is full, and PostgreSQL when a session is ended.
        let failed = test.store.write(Priority::Gateway, (), |(), tx| {
            Box::pin(async move {
                note(tx, "lost".into()).await?;
                tx.query("ROLLBACK").execute().await?;
                Ok::<(), StoreError>(())
            })
        });
        assert!(failed.await.is_err(), "{engine}");
        for _ in 0..2 {
            let next = test
                .store
                .write(Priority::Gateway, (), |(), tx| note(tx, "kept".into()));
            next.await.unwrap_or_else(|e| panic!("{engine}: {e:?}"));
        }
        assert_eq!(noted(&test.store).await, ["kept", "kept"], "{engine}");
    }
}

#[tokio::test]
async fn an_act_that_goes_on_after_a_failed_statement_is_kept_or_refused_but_never_lost() {
    for (engine, test) in both().await {
        for priority in [Priority::Normal, Priority::Gateway] {
            let before = noted(&test.store).await.len();
            let answer = test.store.write(priority, (), |(), tx| {
                Box::pin(async move {
                    note(tx, "a".into()).await?;
                    let failed = tx.query("SELECT nothing FROM nowhere").execute().await;
                    assert!(failed.is_err());
                    Ok::<(), StoreError>(())
                })
            });
            let answer = answer.await;
            let kept = noted(&test.store).await.len() > before;
            assert_eq!(answer.is_ok(), kept, "{engine}: {priority:?}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_node_frozen_in_the_middle_of_a_transaction_keeps_nobody_waiting_for_good() {
    let test = crate::testing::postgres().await;
    let other = another(&test.options).await;
    let (begun, frozen) = tokio::sync::mpsc::channel(1);
    let (store, mut frozen) = (test.store.clone(), frozen);
    let freezing = tokio::spawn(async move {
        let act = store.write(Priority::Normal, begun, move |begun, tx| {
            Box::pin(async move {
                note(tx, "never".into()).await?;
                begun.send(()).await.expect("the test waits");
                std::future::pending::<Result<(), StoreError>>().await
            })
        });
        act.await
    });
    frozen.recv().await.expect("it holds the lock");
    // Changes are numbered under one lock, which the other holds.
    let write = other.write(Priority::Normal, (), |(), tx| note(tx, "told".into()));
    let written = tokio::time::timeout(Duration::from_secs(30), write).await;
    written.expect("the lock is free in the end").unwrap();
    assert_eq!(noted(&other).await, ["told"]);
    freezing.abort();
}

#[tokio::test]
async fn an_act_that_is_refused_after_it_has_written_makes_no_batch_run_again() {
    for (engine, test) in both().await {
        let held = hold(&test.store).await;
        let runs = Arc::new(AtomicUsize::new(0));
        let acts: Vec<_> = (0..40)
            .map(|number| {
                let store = match number % 8 {
                    7 => test.store.within(Lane::Ends),
                    _ => test.store.clone(),
                };
                let priority = match number % 2 {
                    0 => Priority::Gateway,
                    _ => Priority::Normal,
                };
                let runs = Arc::clone(&runs);
                Box::pin(async move {
                    let act = store.write(priority, runs, move |runs, tx| {
                        Box::pin(async move {
                            runs.fetch_add(1, Ordering::Relaxed);
                            note(tx, format!("{number:02}")).await?;
                            match priority {
                                Priority::Gateway => Ok(()),
                                _ => Err(StoreError::OlderSchema),
                            }
                        })
                    });
                    act.await
                })
            })
            .collect();
        let kept = held.release(acts).await.into_iter().flatten().count();
        assert_eq!(kept, 20, "{engine}");
        assert_eq!(noted(&test.store).await.len(), 20, "{engine}");
        assert_eq!(runs.load(Ordering::Relaxed), 40, "{engine}");
        assert_eq!(test.store.batch_reruns(), 0, "{engine}");
    }
}

#[tokio::test]
async fn what_was_undone_is_not_committed_and_proves_nothing() {
    let test = crate::testing::sqlite().await;
    let commits = Arc::new(AtomicUsize::new(0));
    let options = StoreOptions {
        serves: false,
        migrate: false,
        ..test.options.clone()
    };
    let counting = Arc::new(Counts(Arc::clone(&commits)));
    let store = Store::open_committing(&options, counting).await.unwrap();
    store.note_slow();
    let refused = store.write(Priority::Normal, (), |(), tx| {
        Box::pin(async move {
            note(tx, "refused".into()).await?;
            Err::<(), _>(StoreError::OlderSchema)
        })
    });
    assert!(refused.await.is_err());
    assert_eq!(commits.load(Ordering::Relaxed), 0);
    assert!(
        store.outage().is_some(),
        "nothing shows that it can be written"
    );
    let kept = store.write(Priority::Normal, (), |(), tx| note(tx, "kept".into()));
    kept.await.unwrap();
    assert_eq!(commits.load(Ordering::Relaxed), 1);
    assert!(store.outage().is_none());
}

/// Commits, and counts how often.
struct Counts(Arc<AtomicUsize>);

impl Commit for Counts {
    fn commit(&self, transaction: Transaction) -> BoxFuture<'static, Result<(), StoreError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(transaction.commit())
    }
}
