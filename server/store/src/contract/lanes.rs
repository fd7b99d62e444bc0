//! Lanes: a full one takes nothing from another, and nothing keeps one full for ever.

use std::time::Duration;

use tokio::runtime::Builder;

use super::noon;
use crate::{
    Lane, Priority, Store, StoreError,
    testing::{append, both, fill, new_event},
};

async fn answers(store: &Store) -> bool {
    let mut reader = store.read().await.unwrap();
    let mut db = reader.db();
    db.query("SELECT CAST(1 AS BIGINT)")
        .fetch_one::<i64>()
        .await
        .is_ok()
}

#[tokio::test]
async fn a_lane_that_is_full_leaves_every_other_its_connections() {
    for (engine, test) in both().await {
        for full in Lane::ALL {
            let held = fill(&test.store, full).await;
            for other in Lane::ALL.into_iter().filter(|lane| *lane != full) {
                let answers = answers(&test.store.within(other)).await;
                assert!(answers, "{engine}: {other:?} beside {full:?}");
            }
            drop(held);
        }
    }
}

#[tokio::test]
async fn records_are_written_and_sessions_end_while_all_who_look_hold_their_connections() {
    for (engine, test) in both().await {
        let mut held = Vec::new();
        for lane in Lane::ALL.into_iter().filter(|lane| *lane != Lane::Gateway) {
            held.extend(fill(&test.store, lane).await);
        }
        let guarding = test.store.within(Lane::Gateway);
        assert!(answers(&guarding).await, "{engine}");
        for priority in [Priority::Gateway, Priority::Normal] {
            let written: Result<(), StoreError> = guarding
                .write(priority, (), |(), tx| super::note(tx, "a".into()))
                .await;
            written.unwrap();
        }
        append(&guarding, new_event(Some("acme"), 1, noon()))
            .await
            .unwrap();
        drop(held);
    }
}

#[tokio::test]
async fn who_finds_a_lane_full_is_refused_in_time_and_let_in_once_it_is_not() {
    for (engine, test) in both().await {
        let rest = test.store.within(Lane::Rest);
        let mut held = fill(&test.store, Lane::Rest).await;
        let refused = rest.read().await.err();
        assert!(matches!(refused, Some(StoreError::Busy)), "{engine}");
        assert_eq!(refused.unwrap().outage(), None);
        held.pop();
        assert!(answers(&rest).await, "{engine}");
    }
}

#[tokio::test]
async fn a_statement_that_never_ends_is_stopped_and_gives_its_place_back() {
    for (engine, test) in both().await {
        let store = test.store.within(Lane::Rest);
        let mut reader = store.read().await.unwrap();
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 - 1 FROM n) SELECT COUNT(*) FROM n";
        let stopped = reader.db().query(endless).fetch_one::<i64>().await;
        assert!(matches!(stopped, Err(StoreError::TookTooLong)), "{engine}");
        assert!(answers(&store).await, "{engine}");
        drop(reader);
        drop(fill(&test.store, Lane::Rest).await);
    }
}

#[tokio::test]
async fn a_task_is_in_the_lane_that_it_runs_in() {
    for (engine, test) in both().await {
        let held = fill(&test.store, Lane::Pages).await;
        assert!(Lane::Live.run(answers(&test.store)).await, "{engine}");
        drop(held);
    }
}

#[tokio::test]
async fn statements_that_run_on_without_their_callers_take_nothing_from_other_lanes() {
    let test = crate::testing::postgres().await;
    let looking = [Lane::Pages, Lane::Rest, Lane::Acts, Lane::Live];
    for lane in looking {
        for _ in 0..lane.places() {
            let store = test.store.within(lane);
            let dear = async {
                let mut reader = store.read().await.unwrap();
                let mut db = reader.db();
                let asleep = db.query("SELECT CAST(pg_sleep(3) AS TEXT)");
                asleep.fetch_one::<String>().await
            };
            let gone = tokio::time::timeout(Duration::from_millis(100), dear).await;
            assert!(gone.is_err());
        }
    }
    for lane in Lane::ALL.into_iter().filter(|lane| !looking.contains(lane)) {
        let store = test.store.within(lane);
        let answered = tokio::time::timeout(Duration::from_millis(500), answers(&store)).await;
        assert_eq!(answered, Ok(true), "{lane:?}");
    }
}

#[tokio::test]
async fn what_must_not_break_off_waits_for_its_turn() {
    for (engine, test) in both().await {
        let store = test.store.within(Lane::Exports);
        let held = fill(&test.store, Lane::Exports).await;
        let mut waits = Box::pin(store.read_at_last());
        let refused = store.read();
        let refused = tokio::select! {
            refused = refused => refused,
            _ = &mut waits => panic!("{engine}: there was a place"),
        };
        assert!(matches!(refused.err(), Some(StoreError::Busy)), "{engine}");
        drop(held);
        waits.await.unwrap();
    }
}

/// As threads that can wait are.
#[tokio::test]
async fn what_another_runtime_has_opened_or_begun_is_driven_by_that_of_the_store() {
    for (engine, test) in both().await {
        let mut other = Builder::new_multi_thread();
        let other = other.worker_threads(1).enable_all().build().unwrap();
        let store = test.store.clone();
        let used = other.spawn(async move {
            for lane in [Lane::Pages, Lane::Rest, Lane::Exports] {
                assert!(answers(&store.within(lane)).await);
            }
            append(&store, new_event(Some("a"), 1, noon())).await
        });
        used.await.unwrap().unwrap();
        other.shutdown_background();
        for lane in [Lane::Pages, Lane::Rest, Lane::Exports] {
            assert!(
                answers(&test.store.within(lane)).await,
                "{engine}: {lane:?}"
            );
        }
        for number in 2..6 {
            let event = new_event(Some("a"), number, noon());
            append(&test.store, event).await.unwrap();
        }
    }
}
