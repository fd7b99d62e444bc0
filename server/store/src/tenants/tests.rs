use app::domain::tenants::TenantSort;

use super::list;
use crate::{Store, testing::sqlite};

/// How SQLite would run a page of a list.
async fn plan(store: &Store, keys: &[&str], direction: &str, than: &str) -> String {
    let placeholders: Vec<_> = (1..=keys.len()).map(|n| format!("${n}")).collect();
    let order = keys.join(&format!(" {direction}, "));
    let keys = keys.join(", ");
    let sql = format!(
        "EXPLAIN QUERY PLAN SELECT * FROM tenants WHERE ({keys}) {than} ({}) ORDER BY {order} {direction} LIMIT 51",
        placeholders.join(", ")
    );
    let mut reader = store.read().await.unwrap();
    let mut db = reader.db();
    let query = placeholders
        .iter()
        .fold(db.assembled(sql), |query, _| query.bind(1_i64));
    let rows: Vec<(i64, i64, i64, String)> = query.fetch_all().await.unwrap();
    rows.into_iter()
        .map(|row| row.3)
        .collect::<Vec<_>>()
        .join("; ")
}

#[tokio::test]
async fn every_order_is_read_from_an_index() {
    let test = sqlite().await;
    for sort in TenantSort::ALL {
        let keys = list::columns(*sort);
        for (direction, than) in [("ASC", ">"), ("DESC", "<")] {
            let plan = plan(&test.store, keys, direction, than).await;
            assert!(plan.contains("USING INDEX tenants_by_"), "{sort}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{sort}: {plan}");
        }
    }
}
