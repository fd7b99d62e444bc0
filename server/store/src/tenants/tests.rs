use app::domain::tenants::{TenantFilter, TenantSort};
use chrono::DateTime;

use super::list;
use crate::{Query, Store, Value, testing::sqlite};

/// How SQLite would run a page of a list.
async fn plan(store: &Store, keys: &[&str], direction: &str, than: &str) -> String {
    let placeholders: Vec<_> = (1..=keys.len()).map(|n| format!("${n}")).collect();
    let order = keys.join(&format!(" {direction}, "));
    let keys = keys.join(", ");
    let sql = format!(
        "EXPLAIN QUERY PLAN SELECT * FROM tenants WHERE ({keys}) {than} ({}) ORDER BY {order} {direction} LIMIT 51",
        placeholders.join(", ")
    );
    let values = vec![Value::Int(1); placeholders.len()];
    explained(store, sql, &values).await
}

async fn explained(store: &Store, sql: String, values: &[Value]) -> String {
    let mut reader = store.read().await.unwrap();
    let mut db = reader.db();
    let query = values.iter().fold(db.assembled(sql), Query::bind);
    let rows: Vec<(i64, i64, i64, String)> = query.fetch_all().await.unwrap();
    rows.into_iter()
        .map(|row| row.3)
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test]
async fn every_order_is_read_from_an_index() {
    let test = sqlite().await;
    // Active user sessions are counted when they are asked for.
    let kept = |sort: &&TenantSort| **sort != TenantSort::UserSessions;
    for sort in TenantSort::ALL.iter().filter(kept) {
        let keys = list::columns(*sort);
        for (direction, than) in [("ASC", ">"), ("DESC", "<")] {
            let plan = plan(&test.store, keys, direction, than).await;
            assert!(plan.contains("USING INDEX tenants_by_"), "{sort}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{sort}: {plan}");
        }
    }
}

#[tokio::test]
async fn user_sessions_are_counted_in_an_index_alone() {
    let test = sqlite().await;
    let filter = TenantFilter {
        sort: TenantSort::UserSessions,
        ..TenantFilter::default()
    };
    let listing = list::listing(None, &filter, DateTime::UNIX_EPOCH);
    let (sql, values) = listing.first_page::<list::WithUsers>();
    let plan = explained(&test.store, format!("EXPLAIN QUERY PLAN {sql}"), &values).await;
    let covering = "SEARCH s USING COVERING INDEX user_sessions_by_expiry";
    assert!(plan.contains(covering), "{plan}");
}
