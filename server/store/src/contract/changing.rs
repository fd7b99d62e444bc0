//! The log of changes, read by another process than the one that writes.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use tokio::{sync::Notify, time::timeout};

use super::{another, note};
use crate::{
    Priority, StoreError,
    testing::{both, postgres},
};

/// Far more than is needed, so that only a change that never comes fails.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_change_of_another_process_arrives_without_anyone_asking() {
    for (engine, test) in both().await {
        let other = another(&test.options).await;
        test.store.follow_changes().await.unwrap();
        let mut changes = test.store.changes();
        for subject in ["first", "second"] {
            let write = other.write(Priority::Normal, (), move |(), tx| note(tx, subject.into()));
            write.await.unwrap();
            let change = timeout(LONG, changes.recv()).await;
            let change = change
                .unwrap_or_else(|_| panic!("{engine}: nothing came"))
                .unwrap();
            assert_eq!(change.subject, subject, "{engine}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_many_writers_arrive_once_each_and_on_sqlite_in_the_order_of_their_numbers() {
    for (engine, test) in both().await {
        let other = another(&test.options).await;
        test.store.follow_changes().await.unwrap();
        let mut changes = test.store.changes();
        let writes = (0..60_u32).map(|number| {
            let store = if number % 2 == 0 { &test.store } else { &other };
            let priority = if number % 3 == 0 {
                Priority::Gateway
            } else {
                Priority::Normal
            };
            store.write(priority, (), move |(), tx| note(tx, number.to_string()))
        });
        for written in join_all(writes).await {
            written.unwrap();
        }
        let mut last = 0;
        let mut subjects = Vec::new();
        while subjects.len() < 60 {
            let change = timeout(LONG, changes.recv()).await;
            let change = change
                .unwrap_or_else(|_| panic!("{engine}: one is missing"))
                .unwrap();
            assert!(engine == "postgres" || change.number > last, "{engine}");
            last = change.number;
            subjects.push(change.subject);
        }
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), 60, "{engine}");
        test.store.catch_up().await.unwrap();
        assert!(changes.is_empty(), "{engine}: one came twice");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_that_is_long_in_coming_holds_up_no_other_and_is_not_missed() {
    let test = postgres().await;
    let other = another(&test.options).await;
    test.store.follow_changes().await.unwrap();
    let mut changes = test.store.changes();
    let (noted, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let given = (Arc::clone(&noted), Arc::clone(&goes_on));
    let slow = tokio::spawn(async move {
        let write = other.write(Priority::Normal, given, |(noted, goes_on), tx| {
            Box::pin(async move {
                note(tx, "slow".into()).await?;
                noted.notify_one();
                goes_on.notified().await;
                Ok::<_, StoreError>(())
            })
        });
        write.await
    });
    noted.notified().await;
    let mut received = Vec::new();
    for subject in ["quick", "quicker"] {
        let write = test
            .store
            .write(Priority::Normal, (), move |(), tx| note(tx, subject.into()));
        write.await.unwrap();
        test.store.catch_up().await.unwrap();
        received.push(changes.try_recv().expect("it has been handed on").subject);
    }
    goes_on.notify_one();
    slow.await.unwrap().unwrap();
    test.store.catch_up().await.unwrap();
    received.push(changes.try_recv().expect("it has been handed on").subject);
    assert_eq!(received, ["quick", "quicker", "slow"]);
    assert!(changes.is_empty(), "one came twice");
}
