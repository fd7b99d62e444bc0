use std::collections::HashSet;

use app::domain::{
    health::{Cause, Health, WindowName},
    problem::ProblemCode,
    telemetry::RequestRecord,
};
use gateway::clock::Clock;
use proptest::prelude::*;
use store::tenants::StoredTenant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    ingest::ticker,
    services::{
        retention::Retention,
        testing::{World, both, calls, noon, platform_key, sqlite, tenant as id},
    },
};

mod support;

const US: TimeDelta = TimeDelta::microseconds(1);

fn minutes(n: i64) -> TimeDelta {
    TimeDelta::minutes(n)
}

/// A tenant whose errors of the last minutes are many, but few against the day; and another one
/// that keeps telemetry arriving.
async fn failing(console: &World) {
    console.register("acme", "Acme").await;
    console.register("beat", "Beat").await;
    let now = noon();
    console
        .ingest(vec![
            calls("acme", now - TimeDelta::hours(3), 200, 5_000),
            calls("acme", now, 500, 15),
            calls("acme", now, 200, 15),
        ])
        .await;
}

/// What a re-evaluation may not change unless its time has come.
fn judged(stored: StoredTenant) -> (Health, Cause, Timestamp, u64, u64) {
    let signals = stored.signals;
    (
        signals.health,
        stored.cause,
        signals.since,
        signals.calls_24h,
        signals.errors_24h,
    )
}

#[tokio::test]
async fn a_verdict_changes_when_a_span_has_left_its_window_and_not_a_microsecond_before() {
    for console in both().await {
        failing(&console).await;
        let before = console.stored("acme").await;
        assert_eq!(
            before.signals.health,
            Health::Critical,
            "{}",
            console.engine
        );
        assert!(matches!(
            before.cause,
            Cause::ErrorRate {
                window: WindowName::QuarterHour,
                calls: 30,
                errors: 15,
                ..
            }
        ));
        // The span from 12:00 to 12:05 lies in the last 15 minutes until 12:20.
        let due = noon() + minutes(20);
        assert_eq!(before.next_change_at, due.timestamp_micros());

        console.go_to(due - US, "beat").await;
        assert_eq!(judged(console.evaluate("acme").await), judged(before));
        console.telemetry.reevaluate_due().await.unwrap();
        assert_eq!(
            console.stored("acme").await.signals.health,
            Health::Critical
        );

        console.clock.set(due);
        console.telemetry.reevaluate_due().await.unwrap();
        let after = console.stored("acme").await.signals;
        assert_eq!(after.health, Health::Healthy, "{}", console.engine);
        assert_eq!(after.since, due);
    }
}

#[tokio::test]
async fn since_stays_while_health_stays() {
    for console in both().await {
        failing(&console).await;
        console.clock.advance(minutes(2));
        let more = vec![calls("acme", console.clock.now(), 500, 10)];
        console.ingest(more).await;
        let signals = console.stored("acme").await.signals;
        assert_eq!(signals.since, noon(), "{}", console.engine);
        assert_eq!(signals.updated_at, noon() + minutes(2));
        assert_eq!((signals.calls_24h, signals.errors_24h), (5_040, 25));
    }
}

#[tokio::test]
async fn activity_is_compared_with_full_days_only() {
    for console in both().await {
        console.register("acme", "Acme").await;
        console.register("beat", "Beat").await;
        // Four days and an hour: three full ones lie before the last 24 hours.
        let records = (0..4)
            .map(|day| calls("acme", noon() - TimeDelta::hours(24 * day + 25), 200, 100))
            .chain([calls("acme", noon(), 200, 30)])
            .collect();
        console.ingest(records).await;
        let stored = console.stored("acme").await;
        assert!(
            matches!(stored.cause, Cause::ReducedActivity { calls: 30, .. }),
            "{}: {:?}",
            console.engine,
            stored.cause
        );
    }
}

/// Up to 8 days of calls: minutes before noon, status, count.
fn history() -> impl Strategy<Value = Vec<(i64, u16, u32)>> {
    let status = prop_oneof![Just(200_u16), Just(404), Just(500)];
    prop::collection::vec((0_i64..11_000, status, 1_u32..60), 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn nothing_changes_before_the_next_change(history in history()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let console = sqlite().await;
            console.register("acme", "Acme").await;
            let records = history
                .iter()
                .map(|(ago, status, count)| calls("acme", noon() - minutes(*ago), *status, *count))
                .collect();
            console.ingest(records).await;
            for _ in 0..12 {
                let before = console.stored("acme").await;
                let Some(due) = Timestamp::from_timestamp_micros(before.next_change_at) else {
                    break;
                };
                prop_assert!(due > console.clock.now());
                console.clock.set(due - US);
                let just_before = console.evaluate("acme").await;
                prop_assert_eq!(just_before.next_change_at, before.next_change_at);
                prop_assert_eq!(judged(just_before), judged(before));
                console.clock.set(due);
                console.evaluate("acme").await;
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_batch_without_a_valid_record_can_be_reported_and_frees_its_key() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let context = platform_key();
        let send = async |tenant: &str| {
            let batch = Batch::from(vec![calls(tenant, noon(), 200, 1)]);
            let sent = console
                .telemetry
                .ingest_any(&context, &batch, Some("k".into()));
            let report = sent.await.unwrap();
            (report.accepted, report.rejected.len())
        };
        assert_eq!(send("nobody").await, (0, 1), "{}", console.engine);
        assert_eq!(send("acme").await, (1, 0), "{}", console.engine);
    }
}

#[tokio::test]
async fn rejected_calls_fill_no_store_and_are_named_again_to_who_sends_them_again() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let sender = platform_key();
        let key = BatchKey {
            sender: actor(&sender.caller).id,
            key: "k".into(),
        };
        let nobody = std::iter::repeat_n(calls("nobody", noon(), 200, 1), 1_000);
        let records: Vec<_> = nobody.chain([calls("acme", noon(), 200, 1)]).collect();
        let batch = Batch::from(records);
        for repeated in [false, true] {
            let sent = console
                .telemetry
                .ingest_any(&sender, &batch, Some("k".into()));
            let report = sent.await.unwrap();
            assert_eq!(report.repeated, repeated, "{}", console.engine);
            assert_eq!(report.accepted, 1, "{}", console.engine);
            assert_eq!(report.rejected.len(), 1_000, "{}", console.engine);
        }
        let mut reader = console.core.store.read().await.unwrap();
        let stored = reader.db().lookup_telemetry_batch(&key).await.unwrap();
        let kept = stored.unwrap().report.unwrap();
        assert!(kept.rejected.is_empty(), "{}", console.engine);
        assert_eq!(kept.accepted, 1, "{}", console.engine);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
async fn each_bad_record_is_named_and_the_good_ones_count() {
    let now = noon();
    let good = || calls("acme", now, 200, 1);
    let text = |text: &str| Some(text.to_owned());
    let bad: Vec<(RequestRecord, &str)> = vec![
        (calls("acme", now - TimeDelta::days(8) - US, 200, 1), "at"),
        (calls("acme", now + minutes(5) + US, 200, 1), "at"),
        (calls("acme", now, 99, 1), "status"),
        (calls("acme", now, 600, 1), "status"),
        (calls("acme", now, 200, 0), "count"),
        (calls("acme", now, 200, 1_000_001), "count"),
        (calls("nobody", now, 200, 1), "tenant_id"),
        (calls("ACME", now, 200, 1), "tenant_id"),
        (
            RequestRecord {
                method: text(""),
                ..good()
            },
            "method",
        ),
        (
            RequestRecord {
                method: text(&"G".repeat(33)),
                ..good()
            },
            "method",
        ),
        (
            RequestRecord {
                path: text("/a\0b"),
                ..good()
            },
            "path",
        ),
        (
            RequestRecord {
                path: text(&"ñ".repeat(2049)),
                ..good()
            },
            "path",
        ),
        (
            RequestRecord {
                request_id: text("\u{202e}x"),
                ..good()
            },
            "request_id",
        ),
        (
            RequestRecord {
                duration_ms: Some(u64::MAX),
                ..good()
            },
            "duration_ms",
        ),
    ];
    for console in both().await {
        console.register("acme", "Acme").await;
        // A valid one before each invalid one, and the limits of what is allowed.
        let mut records: Vec<_> = bad
            .iter()
            .flat_map(|(bad, _)| [good(), bad.clone()])
            .collect();
        records.push(calls("acme", now - TimeDelta::days(8), 599, 1_000_000));
        records.push(calls("acme", now + minutes(5), 100, 1));
        let report = console.ingest(records).await;
        let named: Vec<_> = report
            .rejected
            .iter()
            .map(|r| (r.index, r.field.as_deref().unwrap_or_default()))
            .collect();
        let expected: Vec<_> = bad
            .iter()
            .enumerate()
            .map(|(n, (_, field))| (2 * n + 1, *field))
            .collect();
        assert_eq!(named, expected, "{}", console.engine);
        assert_eq!(report.accepted, bad.len() as u64 + 2);
        let signals = console.stored("acme").await.signals;
        assert_eq!(
            signals.calls_24h,
            bad.len() as u64 + 1,
            "8 days ago is not within 24 hours"
        );
        assert_eq!(
            signals.last_seen,
            Some(now),
            "a clock that runs ahead tells of now"
        );
    }
}

#[tokio::test]
async fn a_batch_without_a_good_record_is_refused_and_leaves_its_key_free() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let key = || Some("batch-1".to_owned());
        let bad = vec![calls("acme", noon(), 99, 1)];
        let problem = console
            .telemetry
            .ingest(&platform_key(), bad.into(), key())
            .await
            .unwrap_err();
        assert_eq!(problem.code, ProblemCode::InvalidInput);
        assert!(problem.field("[0].status").is_some(), "{problem:?}");
        let good = vec![calls("acme", noon(), 200, 1)];
        let report = console
            .telemetry
            .ingest(&platform_key(), good.into(), key())
            .await
            .unwrap();
        assert_eq!(
            (report.accepted, report.repeated),
            (1, false),
            "{}",
            console.engine
        );
    }
}

/// A batch that takes several transactions.
fn large_batch() -> Vec<RequestRecord> {
    (0..40)
        .flat_map(|tenant| (0..12).map(move |span| (tenant, span)))
        .map(|(tenant, span)| calls(&format!("t{tenant}"), noon() - minutes(5 * span), 200, 2))
        .collect()
}

async fn register_forty(console: &World) {
    for tenant in 0..40 {
        console.register(&format!("t{tenant}"), "Tenant").await;
    }
}

async fn assert_counted_once(console: &World) {
    for tenant in 0..40 {
        let calls = console
            .stored(&format!("t{tenant}"))
            .await
            .signals
            .calls_24h;
        assert_eq!(calls, 24, "{} t{tenant}", console.engine);
    }
}

#[tokio::test]
async fn a_batch_sent_several_times_at_once_counts_once() {
    for console in both().await {
        register_forty(&console).await;
        let context = platform_key();
        let send = || {
            console
                .telemetry
                .ingest(&context, large_batch().into(), Some("k".into()))
        };
        let (a, b, c, d) = tokio::join!(send(), send(), send(), send());
        let reports = [a, b, c, d].map(Result::unwrap);
        assert_eq!(
            reports.iter().filter(|r| !r.repeated).count(),
            1,
            "{}",
            console.engine
        );
        assert!(reports.iter().all(|r| r.accepted == 480));
        assert_counted_once(&console).await;
        console.clock.advance(TimeDelta::days(1));
        assert!(send().await.unwrap().repeated);
    }
}

#[tokio::test]
async fn a_batch_cut_short_goes_on_where_it_stopped() {
    for console in both().await {
        register_forty(&console).await;
        let key = BatchKey {
            sender: actor(&platform_key().caller).id,
            key: "k".into(),
        };
        let batch = Batch::from(large_batch());
        console.telemetry.claim(&key, &batch, noon()).await.unwrap();
        let plan = {
            let mut reader = console.core.store.read().await.unwrap();
            Plan::draw(&mut reader.db(), &batch, 400, noon(), &HashSet::new())
                .await
                .unwrap()
        };
        let chunks = plan.chunks(None);
        assert!(chunks.len() > 2, "{} pieces", chunks.len());
        console
            .telemetry
            .count(chunks[0].clone(), Some(key))
            .await
            .unwrap();
        console.clock.advance(minutes(1));
        let report = console
            .telemetry
            .ingest(&platform_key(), batch, Some("k".into()))
            .await
            .unwrap();
        assert!(!report.repeated);
        assert_counted_once(&console).await;
    }
}

#[tokio::test]
async fn a_key_that_comes_back_with_other_records_is_refused() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let send = async |count| {
            let records = vec![calls("acme", noon(), 200, count)];
            console
                .telemetry
                .ingest(&platform_key(), records.into(), Some("k".into()))
                .await
        };
        send(1).await.unwrap();
        assert_eq!(send(2).await.unwrap_err().code, ProblemCode::Conflict);
        assert!(send(1).await.unwrap().repeated);
        assert_eq!(
            console.stored("acme").await.signals.calls_24h,
            1,
            "{}",
            console.engine
        );
    }
}

#[tokio::test]
async fn verdicts_stay_while_no_telemetry_arrives_and_until_it_has_come_back() {
    for console in both().await {
        failing(&console).await;
        console.ingest(vec![calls("beat", noon(), 200, 100)]).await;
        let before = judged(console.stored("beat").await);
        console.clock.set(noon() + TimeDelta::hours(30));
        assert!(console.tenants.telemetry_state().await.unwrap().stale);
        assert_eq!(console.telemetry.reevaluate_due().await.unwrap(), 0);
        assert_eq!(
            judged(console.stored("beat").await),
            before,
            "{}",
            console.engine
        );

        // The first sender is back; the others have had no time yet.
        let now = console.clock.now();
        console.ingest(vec![calls("acme", now, 200, 100)]).await;
        assert!(!console.tenants.telemetry_state().await.unwrap().stale);
        assert_eq!(console.telemetry.reevaluate_due().await.unwrap(), 0);
        console.go_to(now + minutes(5), "acme").await;
        console.telemetry.reevaluate_due().await.unwrap();
        let silent = console.stored("beat").await;
        assert_eq!(silent.signals.health, Health::Critical);
        assert!(matches!(silent.cause, Cause::Silent { .. }));
    }
}

#[tokio::test]
async fn the_ticker_catches_up_after_a_restart_and_announces_it() {
    for console in both().await {
        failing(&console).await;
        console.go_to(noon() + minutes(21), "beat").await;
        assert_eq!(
            console.stored("acme").await.signals.health,
            Health::Critical
        );
        console.core.store.follow_changes().await.unwrap();
        let mut changes = console.core.store.changes();
        let restarted = TelemetryService::new(console.core.clone());
        let shutdown = CancellationToken::new();
        let ticker = tokio::spawn(ticker::run(restarted, shutdown.clone()));
        let change = changes.recv().await.unwrap();
        assert_eq!(change.kind, ChangeKind::Health);
        assert_eq!(
            console.stored("acme").await.signals.health,
            Health::Healthy,
            "{}",
            console.engine
        );
        shutdown.cancel();
        ticker.await.unwrap();
    }
}

#[tokio::test]
async fn errors_of_the_server_are_counted_apart_from_others() {
    for console in both().await {
        console.register("acme", "Acme").await;
        for of_batch in [
            [(200, 5), (404, 3), (499, 1)],
            [(500, 2), (503, 1), (399, 4)],
        ] {
            let records = of_batch.map(|(status, count)| calls("acme", noon(), status, count));
            console.ingest(records.to_vec()).await;
        }
        let mut reader = console.core.store.read().await.unwrap();
        let listed = reader.db().list_calls(&id("acme"), noon()).await.unwrap();
        let read: Vec<_> = listed
            .iter()
            .map(|span| (span.calls, span.client_errors(), span.server_errors))
            .collect();
        assert_eq!(read, [(16, 4, 3)], "{}", console.engine);
    }
}

#[tokio::test]
async fn spans_outside_every_window_are_deleted() {
    for console in both().await {
        console.register("acme", "Acme").await;
        console
            .ingest(vec![calls("acme", noon() - TimeDelta::days(8), 200, 1)])
            .await;
        console.ingest(vec![calls("acme", noon(), 200, 1)]).await;
        console.clock.advance(TimeDelta::days(2));
        Retention::new(console.core.clone()).prune().await.unwrap();
        let mut reader = console.core.store.read().await.unwrap();
        let left = reader
            .db()
            .list_calls(&id("acme"), Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        assert_eq!(left.len(), 1, "{}", console.engine);
        assert_eq!(left[0].start, noon());
    }
}
