//! Lists and exports of ranges of time, against a plain model.

use app::domain::audit::{AuditEvent, AuditFilter, AuditOutcome};
use chrono::TimeDelta;

use super::noon;
use crate::{
    Priority, Store, StoreError,
    audit::AuditReach,
    listing::{PageAt, Position},
    testing::{append, both, new_event},
};

/// The minute at which each event of the chain is recorded.
const MINUTES: [i64; 9] = [1, 1, 3, 4, 4, 4, 7, 9, 9];

fn within(from: Option<i64>, to: Option<i64>) -> AuditFilter {
    let at = |minute: i64| noon() + TimeDelta::minutes(minute);
    AuditFilter {
        tenant_id: Some("a".parse().unwrap()),
        from: from.map(at),
        to: to.map(at),
        ..AuditFilter::default()
    }
}

/// The places of a range: as pages of two list them, and as an export reads them.
async fn places(store: &Store, filter: &AuditFilter) -> (Vec<u64>, Vec<u64>) {
    let mut reader = store.read().await.unwrap();
    let (mut listed, mut position) = (Vec::new(), Some(Position::First));
    while let Some(at) = position {
        let page = PageAt {
            position: at,
            limit: 2,
        };
        let mut db = reader.db();
        let found = db.list_audit_events(&AuditReach::All, filter, &page);
        let found = found.await.unwrap();
        listed.extend(found.items.iter().map(|event| event.seq));
        position = found.next;
    }
    let mut db = reader.db();
    let exported = db.list_audit_events_to_export(&AuditReach::All, filter, None);
    let exported = exported.await.unwrap();
    (listed, exported.iter().map(|event| event.seq).collect())
}

async fn check(engine: &str, store: &Store, minutes: &[(u64, i64)]) {
    let bounds = || [None].into_iter().chain((0..=10).map(Some));
    for (from, to) in bounds().flat_map(|from| bounds().map(move |to| (from, to))) {
        let is_within =
            |minute: i64| from.is_none_or(|from| from <= minute) && to.is_none_or(|to| minute < to);
        let expected = minutes.iter().filter(|(_, minute)| is_within(*minute));
        let expected: Vec<_> = expected.map(|(seq, _)| *seq).collect();
        let newest_first: Vec<_> = expected.iter().rev().copied().collect();
        let found = places(store, &within(from, to)).await;
        assert_eq!(found, (newest_first, expected), "{engine}: {from:?} {to:?}");
    }
}

async fn run(store: &Store, sql: &'static str) {
    let change = store.write(Priority::Normal, (), move |(), tx| {
        Box::pin(async move { tx.query(sql).execute().await })
    });
    let changed: Result<u64, StoreError> = change.await;
    assert!(changed.unwrap() > 0, "{sql}");
}

#[tokio::test]
async fn every_range_of_time_of_a_chain_has_exactly_its_events() {
    for (engine, test) in both().await {
        let empty = places(&test.store, &within(Some(1), Some(9))).await;
        assert_eq!(empty, (Vec::new(), Vec::new()), "{engine}");
        for (number, minute) in (0..).zip(MINUTES) {
            let at = noon() + TimeDelta::minutes(minute);
            for tenant in ["a", "b"] {
                let number = number * 2 + u64::from(tenant == "b");
                let event = new_event(Some(tenant), number, at);
                append(&test.store, event).await.unwrap();
            }
        }
        let mut recorded: Vec<_> = (1..).zip(MINUTES).collect();
        check(engine, &test.store, &recorded).await;

        // As an earlier release could record it, by a clock that was set back.
        run(
            &test.store,
            "UPDATE audit_log SET recorded_at = recorded_at + 480000000 WHERE place & 1099511627775 = 2",
        )
        .await;
        run(&test.store, "UPDATE audit_heads SET ordered_after = 2").await;
        recorded[1].1 += 8;
        check(engine, &test.store, &recorded).await;

        // As retention leaves it.
        run(
            &test.store,
            "DELETE FROM audit_log WHERE place & 1099511627775 < 4",
        )
        .await;
        check(engine, &test.store, &recorded[3..]).await;
    }
}

#[tokio::test]
async fn what_is_read_again_after_a_new_kind_of_event_lacks_none_of_it() {
    for (engine, test) in both().await {
        append(&test.store, new_event(Some("a"), 1, noon()))
            .await
            .unwrap();
        let filter = AuditFilter {
            outcome: Some(AuditOutcome::Success),
            ..AuditFilter::default()
        };
        let mut reader = test.store.read().await.unwrap();
        let mut picked = reader.db().picked(&filter).await.unwrap();
        let unchanged = reader.db().are_still(&mut picked, &filter).await.unwrap();
        assert!(unchanged, "{engine}");

        let mut of_another = new_event(Some("a"), 2, noon());
        of_another.actor.name = "Somebody who has done nothing before".into();
        append(&test.store, of_another).await.unwrap();
        append(&test.store, new_event(Some("a"), 3, noon()))
            .await
            .unwrap();
        let mut db = reader.db();
        let first = (String::new(), 0);
        let without = db.export_picked(&AuditReach::All, &filter, &picked, first);
        let seqs =
            |events: Vec<AuditEvent>| events.iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!(seqs(without.await.unwrap()), [1, 3], "{engine}");
        let unchanged = reader.db().are_still(&mut picked, &filter).await.unwrap();
        assert!(!unchanged, "{engine}");
        let mut db = reader.db();
        let all = db.export_picked(&AuditReach::All, &filter, &picked, (String::new(), 0));
        assert_eq!(seqs(all.await.unwrap()), [1, 2, 3], "{engine}");
    }
}
