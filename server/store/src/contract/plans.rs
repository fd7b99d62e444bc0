//! What is read all the time is read through its own index, on both engines: plans, not times.

use super::noon;
use crate::{Engine, Priority, Store, StoreError, Value, staff, support_sessions, testing::both};

/// How an engine would run a query. PostgreSQL is told to avoid reading a whole table, which it
/// otherwise does with one as small as a test's.
async fn plan(store: &Store, name: &str, sql: &str, values: &[Value]) -> String {
    let explain = match store.engine() {
        Engine::Sqlite => format!("EXPLAIN QUERY PLAN {sql}"),
        Engine::Postgres => format!("EXPLAIN {sql}"),
    };
    let is_postgres = store.engine() == Engine::Postgres;
    let given = (explain, values.to_vec());
    let lines = store.write(Priority::Normal, given, move |(explain, values), tx| {
        Box::pin(async move {
            if is_postgres {
                tx.query("SET LOCAL enable_seqscan = off").execute().await?;
                let query = tx.assembled(explain.clone());
                let query = values.iter().fold(query, crate::Query::bind);
                return query.fetch_all::<String>().await;
            }
            let query = tx.assembled(explain.clone());
            let query = values.iter().fold(query, crate::Query::bind);
            let lines: Vec<(i64, i64, i64, String)> = query.fetch_all().await?;
            Ok::<_, StoreError>(lines.into_iter().map(|line| line.3).collect())
        })
    });
    let lines = lines
        .await
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    lines.join("\n")
}

fn text(name: &str) -> &'static str {
    let mut all = support_sessions::ALL.iter().chain(staff::ALL);
    let found = all.find(|statement| statement.name.ends_with(&format!("::{name}")));
    found
        .unwrap_or_else(|| panic!("no query is called {name}"))
        .sql
}

#[tokio::test]
async fn what_runs_is_found_without_reading_what_has_ended() {
    let now = Value::Int(noon().timestamp_micros());
    let running: &[&str] = &["support_sessions_running"];
    let by_status = [
        "support_sessions_running",
        "support_sessions_revoked",
        "support_sessions_expired",
    ];
    for (engine, test) in both().await {
        for (name, values, indexes) in [
            ("count_active_support_sessions", vec![now.clone()], running),
            ("list_expired_unrecorded", vec![now.clone()], running),
            ("next_expiry", vec![], running),
            ("latest_expiry", vec![], &["support_sessions_expired"]),
            (
                "count_by_status",
                vec![now.clone(), Value::Int(10)],
                &by_status,
            ),
            ("list_support_session_staff", vec![], &["support_sessions_"]),
        ] {
            let plan = plan(&test.store, name, text(name), &values).await;
            for index in indexes {
                assert!(plan.contains(index), "{engine}: {name}: {plan}");
            }
            let reads_all = ["SCAN support_sessions\n", "Seq Scan on support_sessions"];
            let plan = format!("{plan}\n");
            for bad in reads_all {
                assert!(!plan.contains(bad), "{engine}: {name}: {plan}");
            }
        }
    }
}
