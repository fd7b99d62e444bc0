//! Records by clocks that differ, and exports of time ranges.

use std::sync::atomic::{AtomicU64, Ordering};

use app::domain::audit::AuditEvent;
use audit::{chain, testing::chain_of};
use chrono::TimeDelta;
use gateway::clock::{Clock, ManualClock};
use proptest::{
    prelude::*,
    test_runner::{Config as Cases, TestRunner},
};
use store::{Priority, Store, StoreError, StoreOptions, audit::Stamp, testing::keep_events};

use super::*;
use crate::services::testing::World;

/// The minutes by which clocks are off.
const OFF: std::ops::Range<i64> = -90..90;

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

/// Events of two nodes with different clocks, in pairs that race for their places.
fn history() -> impl Strategy<Value = (Vec<(i64, i64)>, i64, i64)> {
    (prop::collection::vec((OFF, OFF), 1..12), OFF, OFF)
}

async fn chain_in(world: &World, name: &str) -> Vec<AuditEvent> {
    let mut reader = world.core.store.read().await.unwrap();
    reader.db().list_audit_chain(name, 0).await.unwrap()
}

async fn exported(world: &World, filter: AuditFilter) -> Vec<u8> {
    let admin = cli();
    let export = export(&world.core, &admin, filter, ExportFormat::JsonLines).await;
    read(export.unwrap()).await
}

#[test]
fn no_event_is_recorded_before_its_predecessor_and_every_range_of_time_verifies() {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for world in runtime.block_on(both()) {
        let options = StoreOptions {
            serves: false,
            migrate: false,
            ..world.store.options.clone()
        };
        let other = runtime.block_on(Store::open(&options)).unwrap();
        let cases = Cases {
            cases: 24,
            ..Cases::default()
        };
        let property = |(history, from, length): (Vec<(i64, i64)>, i64, i64)| {
            runtime.block_on(async {
                let case = NEXT.fetch_add(1, Ordering::Relaxed);
                let tenant = format!("t{case}");
                for (turn, (one, another)) in (0..).zip(history) {
                    let event = |node, off| {
                        let number = case * 1_000 + turn * 2 + node;
                        new_event(Some(&tenant), number, noon() + minutes(off))
                    };
                    let (a, b) = tokio::join!(
                        append(&world.core.store, event(0, one)),
                        append(&other, event(1, another)),
                    );
                    a.and(b).unwrap();
                }
                let recorded = chain_in(&world, &format!("tenant:{tenant}")).await;
                for (earlier, later) in recorded.iter().zip(&recorded[1..]) {
                    prop_assert!(earlier.recorded_at <= later.recorded_at);
                }
                for event in &recorded {
                    prop_assert!(event.occurred_at <= event.recorded_at);
                }
                let from = noon() + minutes(from);
                let filter = AuditFilter {
                    from: Some(from),
                    to: Some(from + minutes(length.abs() + 1)),
                    ..of_tenant(&tenant)
                };
                let text = exported(&world, filter).await;
                let report = verify_lines(text.as_slice(), Extent::Stretches, []).unwrap();
                prop_assert!(report.is_sound(), "{}: {}", world.engine, report);
                Ok(())
            })
        };
        TestRunner::new(cases).run(&history(), property).unwrap();
    }
}

#[tokio::test]
async fn an_event_is_recorded_when_it_gets_its_place() {
    for world in both().await {
        let clock = ManualClock::at(noon());
        let given = clock.clone();
        let append = world
            .core
            .store
            .write(Priority::Normal, given, |clock, tx| {
                Box::pin(async move {
                    let stamp = clock.clone();
                    let mut event = new_event(Some("a"), 1, clock.now());
                    event.recorded = Stamp::new(move || stamp.now());
                    let _receipt = tx.append_audit(event);
                    // The act continues, or waits for a lock.
                    clock.set(noon() + minutes(1));
                    Ok::<_, StoreError>(())
                })
            });
        append.await.unwrap();
        let event = chain_in(&world, "tenant:a").await.remove(0);
        assert_eq!(event.occurred_at, noon(), "{}", world.engine);
        assert_eq!(event.recorded_at, noon() + minutes(1), "{}", world.engine);
    }
}

/// A chain as earlier releases could write it: one event by a clock that was set back, one by a clock ahead.
fn out_of_time() -> Vec<AuditEvent> {
    let mut events = chain_of(Some("old"), 9);
    let mut prev = chain::GENESIS.to_owned();
    for (event, minute) in events.iter_mut().zip([1, 2, -60, 4, 5, 99, 7, 8, 9]) {
        event.recorded_at = noon() + minutes(minute);
        event.prev = prev;
        event.hash = chain::hash(event).unwrap();
        prev = event.hash.clone();
    }
    events
}

#[tokio::test]
async fn an_event_that_is_out_of_its_time_is_exported_in_its_place() {
    for world in both().await {
        keep_events(&world.core.store, out_of_time(), 6).await;
        let range = |from: Option<i64>, to: Option<i64>| AuditFilter {
            from: from.map(|at| noon() + minutes(at)),
            to: to.map(|at| noon() + minutes(at)),
            ..of_tenant("old")
        };
        for (filter, expected) in [
            (range(Some(2), Some(8)), 2..=7),
            (range(Some(2), Some(4)), 2..=2),
            (range(None, Some(6)), 1..=5),
            (range(Some(5), Some(99)), 5..=9),
        ] {
            let text = exported(&world, filter).await;
            let report = verify_lines(text.as_slice(), Extent::Stretches, []).unwrap();
            assert!(report.is_sound(), "{}: {report}", world.engine);
            let lines = String::from_utf8(text).unwrap();
            let positions: Vec<u64> = lines
                .lines()
                .map(|line| serde_json::from_str::<AuditEvent>(line).unwrap())
                .filter(|event| event.action != "audit.exported")
                .map(|event| event.seq)
                .collect();
            assert_eq!(positions, expected.collect::<Vec<_>>(), "{}", world.engine);
        }
    }
}
