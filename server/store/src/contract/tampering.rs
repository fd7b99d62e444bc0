//! Whatever is changed in the stored record is found.

use app::domain::audit::{Actor, ActorType};

use super::noon;
use crate::{
    Priority, Store, StoreError,
    audit::verify_store,
    testing::{TestStore, append, both, new_event},
};

/// Changes of one row or of all, each tried separately. Some put the bytes of one column into another.
const CHANGES: [&str; 29] = [
    "UPDATE audit_log SET place = place + 1 WHERE place & 1099511627775 = 3",
    "UPDATE audit_log SET place = place + 1099511627776 WHERE place & 1099511627775 = 3",
    "UPDATE audit_log SET recorded_at = recorded_at + 1",
    "UPDATE audit_log SET took = took + 1",
    "UPDATE audit_log SET deed = 1 - deed WHERE place & 1099511627775 = 2",
    "UPDATE audit_log SET deed = (SELECT MIN(id) FROM audit_deeds) WHERE place & 1099511627775 = 1",
    "UPDATE audit_log SET hash = id",
    "UPDATE audit_log SET hash = (SELECT hash FROM audit_log WHERE place & 1099511627775 = 1) \
        WHERE place & 1099511627775 = 2",
    "UPDATE audit_log SET id = substr(id, 1, 0) WHERE place & 1099511627775 = 2",
    "UPDATE audit_log SET id = substr(hash, 1, 16) WHERE place & 1099511627775 = 2",
    "UPDATE audit_log SET resource = id",
    "UPDATE audit_log SET request = id",
    "UPDATE audit_log SET metadata = '{}'",
    "UPDATE audit_log SET metadata = metadata || ' '",
    // An export leaves out chains by these.
    "UPDATE audit_heads SET recorded_at = recorded_at - 1",
    "UPDATE audit_heads SET recorded_at = -1, ordered_after = 0",
    "UPDATE audit_deeds SET id = id - 7",
    "UPDATE audit_deeds SET digest = substr(digest, 2)",
    "UPDATE audit_deeds SET v = 2",
    "UPDATE audit_deeds SET category = 'system'",
    "UPDATE audit_deeds SET action = 'support_session.revoked'",
    "UPDATE audit_deeds SET resource_type = 'tenant'",
    "UPDATE audit_deeds SET outcome = 'failure'",
    "UPDATE audit_deeds SET actor_type = 'staff'",
    "UPDATE audit_deeds SET actor_name = 'x', actor_search = 'x'",
    "UPDATE audit_deeds SET actor_search = 'x'",
    "UPDATE audit_deeds SET ip = '192.0.2.1'",
    "UPDATE audit_deeds SET user_agent = ''",
    "UPDATE audit_deeds SET actor_id = 'x'",
];

/// Events that were never recorded, and a form in which filters would miss an event.
const ADDED: [&str; 4] = [
    "INSERT INTO audit_log (place, recorded_at, took, deed, hash, id, resource, request, metadata) \
        SELECT place - 1, recorded_at, took, deed, hash, substr(id, 1, 15), resource, request, metadata FROM audit_log \
        WHERE place & 1099511627775 = 1",
    "INSERT INTO audit_log (place, recorded_at, took, deed, hash, id, resource, request, metadata) \
        SELECT place + 90, recorded_at, took, deed, hash, substr(id, 1, 15), resource, request, metadata FROM audit_log \
        WHERE place & 1099511627775 = 1",
    "INSERT INTO audit_beginnings (place, hash) SELECT place - 1, hash FROM audit_log WHERE place & 1099511627775 = 1",
    "UPDATE audit_deeds SET id = -id, digest = NULL",
];

const OF_CHAINS: [&str; 4] = [
    "DELETE FROM audit_deeds",
    "DELETE FROM audit_chains",
    "UPDATE audit_chains SET name = 'tenant:b'",
    "UPDATE audit_chains SET number = number + 1",
];

async fn fill(test: &TestStore) {
    for number in 0..3 {
        let mut event = new_event(Some("a"), number, noon());
        if number == 1 {
            event.actor = Actor {
                kind: ActorType::Cli,
                id: "root".into(),
                name: "root".into(),
            };
        }
        append(&test.store, event).await.unwrap();
    }
}

async fn change(store: &Store, sql: &'static str) -> u64 {
    let change = store.write(Priority::Normal, (), move |(), tx| {
        Box::pin(async move { tx.query(sql).execute().await })
    });
    let changed: Result<u64, StoreError> = change.await;
    changed.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
}

#[tokio::test]
async fn a_change_of_any_column_of_the_record_is_found() {
    for sql in CHANGES.into_iter().chain(ADDED).chain(OF_CHAINS) {
        for (engine, test) in both().await {
            fill(&test).await;
            let report = verify_store(&test.store, [], None).await.unwrap();
            assert!(report.is_sound(), "{engine}: {report}");
            assert!(change(&test.store, sql).await > 0, "{engine}: {sql}");
            if sql.starts_with("UPDATE audit_deeds SET id = -id") {
                change(&test.store, "UPDATE audit_log SET deed = -deed").await;
            }
            let report = verify_store(&test.store, [], None).await.unwrap();
            assert!(!report.is_sound(), "{engine}: {sql}\n{report}");
        }
    }
}
