//! The log of changes, read by another process than the one that writes.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::{another, note};
use crate::{Priority, testing::both};

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
async fn changes_of_many_writers_arrive_once_each_and_in_the_order_of_their_numbers() {
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
            assert!(change.number > last, "{engine}");
            last = change.number;
            subjects.push(change.subject);
        }
        subjects.sort();
        subjects.dedup();
        assert_eq!(subjects.len(), 60, "{engine}");
    }
}
