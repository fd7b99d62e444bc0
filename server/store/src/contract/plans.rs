//! What is read all the time is read through its own index, on both engines: plans, not times.

use app::domain::{
    audit::{AuditCategory, AuditEvent, AuditFilter},
    page::Direction,
};

use super::noon;
use crate::{
    Engine, Priority, Store, StoreError, Value,
    audit::{self, AuditReach},
    staff, support_sessions,
    testing::both,
};

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
                for way in ["seqscan", "bitmapscan"] {
                    let without = format!("SET LOCAL enable_{way} = off");
                    tx.assembled(without).execute().await?;
                }
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
    let lists = [support_sessions::ALL, staff::ALL, audit::READ_STATEMENTS];
    let mut all = lists.into_iter().flatten();
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

/// The indexes of the audit log on SQLite and on PostgreSQL.
const CHAIN: [&str; 2] = ["sqlite_autoindex_audit_events_2", "audit_events_pkey"];
const TIME: [&str; 2] = ["audit_events_by_time"; 2];
const CATEGORY: [&str; 2] = ["audit_events_by_category"; 2];
const CHAIN_AND_CATEGORY: [&str; 2] = ["audit_events_by_chain_and_category"; 2];

#[tokio::test]
async fn every_list_of_the_audit_log_is_read_in_the_order_of_an_index() {
    let acme = AuditReach::Tenant("acme".parse().unwrap());
    let of = |category| AuditFilter {
        category: Some(category),
        ..AuditFilter::default()
    };
    let by_actor = || AuditFilter {
        actor: Some("ana".into()),
        ..AuditFilter::default()
    };
    let since = AuditFilter {
        from: Some(noon()),
        ..AuditFilter::default()
    };
    for (engine, test) in both().await {
        for (name, reach, filter, index) in [
            ("a tenant's", &acme, AuditFilter::default(), CHAIN),
            ("a tenant's since", &acme, since.clone(), CHAIN),
            ("a tenant's by actor", &acme, by_actor(), CHAIN),
            (
                "a tenant's requests",
                &acme,
                of(AuditCategory::SupportSession),
                CHAIN,
            ),
            (
                "a tenant's rare ones",
                &acme,
                of(AuditCategory::Tenant),
                CHAIN_AND_CATEGORY,
            ),
            ("all", &AuditReach::All, AuditFilter::default(), TIME),
            ("all since", &AuditReach::All, since.clone(), TIME),
            ("all by actor", &AuditReach::All, by_actor(), TIME),
            (
                "all requests",
                &AuditReach::Tenants,
                of(AuditCategory::SupportSession),
                TIME,
            ),
            (
                "all rare ones",
                &AuditReach::All,
                of(AuditCategory::Staff),
                CATEGORY,
            ),
        ] {
            let keys = audit::list_keys(reach, &filter);
            let listing = audit::listing(keys, Direction::Descending, reach, &filter);
            let (sql, values) = listing.first_page::<AuditEvent>();
            let plan = plan(&test.store, name, &sql, &values).await;
            let index = index[usize::from(test.store.engine() == Engine::Postgres)];
            assert!(plan.contains(index), "{engine}: {name}: {plan}");
            for bad in ["TEMP B-TREE", "Sort"] {
                assert!(!plan.contains(bad), "{engine}: {name}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn an_instant_is_found_in_a_chain_by_its_places() {
    let values = [Value::Text("tenant:acme".into()), Value::Int(0)];
    for (engine, test) in both().await {
        let plan = plan(&test.store, "place", text("first_place_at"), &values).await;
        for bad in ["SCAN audit_events", "SCAN e\n", "Seq Scan on audit_events"] {
            assert!(!plan.contains(bad), "{engine}: {plan}");
        }
    }
}
