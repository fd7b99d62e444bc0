//! Someone who can write the database prepares it for what will be recorded. The record must not take it over.

use app::domain::audit::AuditFilter;

use super::noon;
use crate::{
    Priority, StoreError,
    audit::{AuditReach, NewAuditEvent, verify_store},
    listing::PageAt,
    testing::{TestStore, append, both, new_event},
};

/// What is written into the row of a deed that an event will have, or has had.
const LIES: [&str; 11] = [
    "UPDATE audit_deeds SET category = 'staff'",
    "UPDATE audit_deeds SET action = 'support_session.revoked'",
    "UPDATE audit_deeds SET resource_type = 'tenant'",
    "UPDATE audit_deeds SET outcome = 'failure'",
    "UPDATE audit_deeds SET actor_type = 'staff'",
    "UPDATE audit_deeds SET actor_id = 'eve'",
    "UPDATE audit_deeds SET actor_name = 'Eve', actor_search = 'eve'",
    "UPDATE audit_deeds SET actor_search = 'eve'",
    "UPDATE audit_deeds SET ip = '192.0.2.1'",
    "UPDATE audit_deeds SET user_agent = 'none'",
    "UPDATE audit_deeds SET v = 2",
];
/// Filters find events by this.
const OTHER_SIGN: &str = "UPDATE audit_deeds SET id = -id";
/// The event goes, and its deed stays.
const EMPTY: [&str; 3] = [
    "DELETE FROM audit_log",
    "DELETE FROM audit_heads",
    "DELETE FROM audit_chains",
];

async fn change(test: &TestStore, sql: &'static str) {
    let change = test.store.write(Priority::Normal, (), move |(), tx| {
        Box::pin(async move { tx.query(sql).execute().await })
    });
    let changed: Result<u64, StoreError> = change.await;
    assert!(changed.unwrap() > 0, "{sql}");
}

fn event(number: u64) -> NewAuditEvent {
    new_event(Some("a"), number, noon())
}

/// What the log says of the last event, in the words of its deed.
async fn last(test: &TestStore) -> String {
    let mut reader = test.store.read().await.unwrap();
    let (mut db, filter) = (reader.db(), AuditFilter::default());
    let listed = db.list_audit_events(&AuditReach::All, &filter, PageAt::first(1));
    let event = listed.await.unwrap().items.remove(0);
    format!(
        "{} {} {} {} {:?} {:?} {:?}",
        event.category,
        event.action,
        event.resource_type,
        event.outcome,
        event.actor,
        event.ip,
        event.user_agent
    )
}

#[tokio::test]
async fn an_event_whose_deed_was_planted_is_recorded_as_it_was_and_the_planted_one_is_named() {
    for lie in LIES.into_iter().chain([OTHER_SIGN]) {
        for (engine, test) in both().await {
            append(&test.store, event(0)).await.unwrap();
            let honest = last(&test).await;
            for sql in EMPTY.into_iter().chain([lie]) {
                change(&test, sql).await;
            }
            append(&test.store, event(1)).await.unwrap();
            append(&test.store, event(2)).await.unwrap();
            assert_eq!(last(&test).await, honest, "{engine}: {lie}");
            let report = verify_store(&test.store, [], None).await.unwrap();
            let codes: Vec<_> = report
                .faults
                .iter()
                .map(|fault| fault.wrong.code())
                .collect();
            assert_eq!(codes, ["deed"], "{engine}: {lie}\n{report}");
            assert_eq!(report.chains["tenant:a"].last, 2, "{engine}: {lie}");
        }
    }
}

#[tokio::test]
async fn an_event_does_not_take_over_what_was_changed_in_an_earlier_one() {
    for lie in LIES {
        for (engine, test) in both().await {
            append(&test.store, event(0)).await.unwrap();
            let honest = last(&test).await;
            change(&test, lie).await;
            append(&test.store, event(1)).await.unwrap();
            assert_eq!(last(&test).await, honest, "{engine}: {lie}");
            let report = verify_store(&test.store, [], None).await.unwrap();
            let first = report.first_fault().and_then(|fault| fault.seq);
            assert_eq!(first, Some(1), "{engine}: {lie}\n{report}");
        }
    }
}
