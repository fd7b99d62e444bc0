//! What an act has written and deferred, until its batch is committed.

use app::domain::{
    RequestId, SupportSessionId,
    access_log::{AccessLogEntry, RequestEnd, RequestOutcome},
    audit::{Actor, ActorType},
};
use futures::future::join_all;
use uuid::Uuid;

use super::{another, noon, note, noted, writing::hold};
use crate::{
    Bookkeeping, Priority, StoreError,
    access_log::WrittenBy,
    audit::verify_store,
    testing::{TestStore, append, both, new_event},
};

/// A tenant, a staff member with a support session, and a node.
const ROWS: [&str; 4] = [
    "INSERT INTO tenants (id, slug, name, status, created_at, sort_name, search, health_since, health_at) \
        VALUES ('a', 'a', 'a', 'active', 0, 'a', 'a', 0, 0)",
    "INSERT INTO staff (id, email, name, roles, password_hash, must_change_password, created_at) \
        VALUES ('00000000-0000-0000-0000-000000000001', 'a', 'a', '', '', 0, 0)",
    "INSERT INTO support_sessions (id, tenant_id, tenant_name, staff_id, staff_name, scopes, reason, ip, user_agent, \
        token_hash, idempotency_key, issued_at, expires_at) VALUES ('00000000-0000-0000-0000-000000000002', 'a', 'a', \
        '00000000-0000-0000-0000-000000000001', 'a', '', '', '', '', x'', '', 0, 0)",
    "INSERT INTO nodes (boot, node, started_at, lease_until) VALUES ('b', 'b', 0, 9000000000000000)",
];

const fn session() -> SupportSessionId {
    SupportSessionId::from_uuid(Uuid::from_u128(2))
}

async fn filled() -> TestStore {
    let test = crate::testing::sqlite().await;
    for sql in ROWS {
        let add = test.store.write(Priority::Normal, (), move |(), tx| {
            Box::pin(async move { tx.query(sql).execute().await })
        });
        let added: Result<u64, StoreError> = add.await;
        added.unwrap();
    }
    test
}

fn by() -> WrittenBy {
    WrittenBy {
        node: "b".into(),
        boot: "b".into(),
    }
}

fn request(number: u64) -> RequestId {
    RequestId::from_uuid(Uuid::from_u128(number.into()))
}

/// Begins a request.
fn begin(tx: &mut Bookkeeping<'_>, number: u64, outcome: RequestOutcome) {
    let entry = AccessLogEntry {
        request_id: request(number),
        support_session_id: session(),
        seq: number,
        method: "GET".into(),
        path: "/".into(),
        query: None,
        status: None,
        outcome,
        refusal: None,
        ip: String::new(),
        user_agent: String::new(),
        at: noon(),
        duration_ms: None,
        request_bytes: None,
        response_bytes: None,
        scope: None,
        upgrade: None,
        profile: None,
        reported_at: None,
    };
    let event = new_event(Some("a"), number, noon());
    let _receipt = tx.add_access_log_entry(entry, &by(), event);
}

fn end(tx: &mut Bookkeeping<'_>, number: u64) {
    let end = RequestEnd {
        status: Some(200),
        outcome: RequestOutcome::Done,
        refusal: None,
        duration_ms: None,
        request_bytes: None,
        response_bytes: None,
        upgrade: None,
    };
    let event = new_event(Some("a"), 1_000 + number, noon());
    tx.complete_with_event(request(number), end, event);
}

async fn number(test: &TestStore, sql: &'static str) -> i64 {
    let mut reader = test.store.read().await.unwrap();
    reader.db().query(sql).fetch_one().await.unwrap()
}

/// Only SQLite has parts. On PostgreSQL each act has its own transaction.
#[tokio::test]
async fn all_that_a_refused_act_has_put_off_goes_with_it_and_nothing_of_those_beside_it() {
    let test = filled().await;
    let opened = test.store.write(Priority::Normal, (), |(), tx| {
        begin(tx, 100, RequestOutcome::Open);
        begin(tx, 101, RequestOutcome::Open);
        Box::pin(async { Ok::<_, StoreError>(()) })
    });
    opened.await.unwrap();
    let held = hold(&test.store).await;
    let act = |number: u64| {
        Box::pin(test.store.write(Priority::Normal, (), move |(), tx| {
            begin(tx, number, RequestOutcome::Open);
            end(tx, 100 + number % 2);
            let _receipt = tx.append_audit(new_event(Some("b"), number + 500, noon()));
            Box::pin(async move {
                note(tx, number.to_string()).await?;
                if number < 3 {
                    tx.ask_for_receipts(session(), noon());
                }
                match number % 2 {
                    0 => Ok(()),
                    _ => Err(StoreError::OlderSchema),
                }
            })
        }))
    };
    let answers = held.release((1..=4).map(act).collect()).await;
    let kept: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(kept, [false, true, false, true]);
    assert_eq!(test.store.batch_reruns(), 0);
    assert_eq!(noted(&test.store).await, ["2", "4"]);
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM request_log", 4),
        ("SELECT COUNT(*) FROM request_log WHERE seq IN (2, 4)", 2),
        (
            "SELECT COUNT(*) FROM request_log WHERE seq = 100 AND outcome = 'done'",
            1,
        ),
        (
            "SELECT COUNT(*) FROM request_log WHERE seq = 101 AND outcome = 'open'",
            1,
        ),
        // Four begun, one ended, and the two acts' own.
        ("SELECT COUNT(*) FROM audit_log", 7),
        ("SELECT COUNT(*) FROM revocation_receipts", 1),
    ] {
        assert_eq!(number(&test, sql).await, expected, "{sql}");
    }
    let report = verify_store(&test.store, [], None).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

#[tokio::test]
async fn refusals_that_have_yet_to_be_written_count_among_those_that_are() {
    let test = filled().await;
    let since = noon() - chrono::TimeDelta::seconds(1);
    for (from, expected) in [(1, 3), (4, 6)] {
        let counted = test.store.write(Priority::Gateway, (), move |(), tx| {
            for number in from..from + 3 {
                begin(tx, number, RequestOutcome::Refused);
                begin(tx, number + 50, RequestOutcome::Open);
            }
            Box::pin(async move {
                let later = noon() + chrono::TimeDelta::seconds(1);
                assert_eq!(tx.count_refused_since(session(), later).await?, 0);
                let another = SupportSessionId::from_uuid(Uuid::from_u128(9));
                assert_eq!(tx.count_refused_since(another, since).await?, 0);
                tx.count_refused_since(session(), since).await
            })
        });
        let counted: Result<u64, StoreError> = counted.await;
        assert_eq!(counted.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn acts_that_race_for_one_new_deed_have_it_in_common() {
    for (engine, test) in both().await {
        let second = another(&test.options).await;
        for round in 0..5_u64 {
            let racing = (0..20_u64).map(|racer| {
                let store = [&test.store, &second][usize::from(racer % 2 == 0)].clone();
                tokio::spawn(async move {
                    let tenant = format!("t{racer}");
                    let mut event = new_event(Some(&tenant), round * 100 + racer, noon());
                    event.actor = Actor {
                        kind: ActorType::Staff,
                        id: format!("new in round {round}"),
                        name: "Ada".into(),
                    };
                    append(&store, event).await
                })
            });
            for raced in join_all(racing).await {
                raced
                    .unwrap()
                    .unwrap_or_else(|error| panic!("{engine}: {error}"));
            }
        }
        assert_eq!(
            number(&test, "SELECT COUNT(*) FROM audit_deeds").await,
            5,
            "{engine}"
        );
        let report = verify_store(&test.store, [], None).await.unwrap();
        assert!(
            report.is_sound() && report.events == 100,
            "{engine}: {report}"
        );
    }
}
