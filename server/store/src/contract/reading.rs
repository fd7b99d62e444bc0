//! Readers: what they see, and what becomes of one that nobody waits for any more.

use std::time::Duration;

use app::domain::AuditEventId;
use futures::poll;
use uuid::Uuid;

use super::{noon, note, noted};
use crate::{
    Priority, StoreError,
    testing::{both, new_event, sqlite},
};

#[tokio::test]
async fn a_reader_sees_every_commit_that_was_answered_before_it_asks() {
    for (engine, test) in both().await {
        let mut reader = test.store.read().await.unwrap();
        for number in 1..=5_u64 {
            let write = test
                .store
                .write(Priority::Normal, (), |(), tx| note(tx, "a".into()));
            write.await.unwrap();
            let mut db = reader.db();
            let count = db.query("SELECT COUNT(*) FROM changes");
            assert_eq!(count.fetch_one::<u64>().await.unwrap(), number, "{engine}");
        }
    }
}

#[tokio::test]
async fn readers_of_sqlite_wait_for_no_writer() {
    let test = sqlite().await;
    let other = test.another_writer();
    let read = tokio::time::timeout(Duration::from_millis(500), noted(&test.store));
    assert!(read.await.expect("at once").is_empty());
    drop(other);
}

#[tokio::test]
async fn a_reader_that_nobody_waits_for_is_there_for_the_next_once_its_statement_ends() {
    let test = sqlite().await;
    for _ in 0..50 {
        let mut reader = test.store.read().await.unwrap();
        let mut db = reader.db();
        let mut statement = Box::pin(db.query("SELECT 1").fetch_one::<i64>());
        let _ = poll!(&mut statement);
    }
    let mut reader = test.store.read().await.unwrap();
    for expected in 1..4_i64 {
        let mut db = reader.db();
        {
            let mut statement = Box::pin(db.query("SELECT 0").fetch_one::<i64>());
            let _ = poll!(&mut statement);
        }
        let next = db.query("SELECT CAST($1 AS BIGINT)").bind(expected);
        assert_eq!(next.fetch_one::<i64>().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn an_event_is_found_among_any_number_of_the_same_instant() {
    for (engine, test) in both().await {
        let appended = test.store.write(Priority::Gateway, (), |(), tx| {
            for number in 0..2_500 {
                let mut event = new_event(Some(["a", "b"][number % 2]), 0, noon());
                event.id_by_place = true;
                let _receipt = tx.append_audit(event);
            }
            Box::pin(async { Ok::<_, StoreError>(()) })
        });
        appended.await.unwrap();
        let mut reader = test.store.read().await.unwrap();
        let mut db = reader.db();
        for chain in ["tenant:a", "tenant:b"] {
            for seq in [1, 600, 1_250] {
                let events = db.list_audit_chain(chain, seq - 1).await.unwrap();
                let event = events.into_iter().next().unwrap();
                let found = db.lookup_audit_event(event.id).await.unwrap();
                assert_eq!(found, Some(event), "{engine}");
            }
        }
        let unknown = AuditEventId::from_uuid(Uuid::from_u128(
            u128::from(noon().timestamp_millis().unsigned_abs()) << 80,
        ));
        assert_eq!(
            db.lookup_audit_event(unknown).await.unwrap(),
            None,
            "{engine}"
        );
    }
}
