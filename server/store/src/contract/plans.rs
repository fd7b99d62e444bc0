//! Frequent reads use their own index, on both engines. Checks plans, not times.

mod deeds;

use app::domain::{
    audit::{AuditAction, AuditCategory, AuditEvent, AuditFilter},
    page::Direction,
    support_sessions::{SupportSession, SupportSessionFilter, SupportSessionSort},
};

use super::noon;
use crate::{
    Db, Engine, Priority, Store, StoreError, Value,
    audit::{self, AuditReach},
    listing::Listing,
    staff, support_sessions,
    tenants::{self, StoredTenant},
    testing::{append, both, new_event},
};

/// An engine's plan for a query. PostgreSQL is told to avoid sequential scans, which it otherwise
/// uses for tables as small as a test's.
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
                for way in ["seqscan", "bitmapscan", "hashjoin", "mergejoin", "sort"] {
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
    let lists = [
        support_sessions::ALL,
        staff::ALL,
        audit::READ_STATEMENTS,
        tenants::LIST_STATEMENTS,
    ];
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
            (
                "list_tenants_with_active_sessions",
                vec![now.clone()],
                running,
            ),
            (
                "list_expired",
                vec![now.clone(), Value::Text("a".into()), now.clone()],
                running,
            ),
            ("next_expiries", vec![now.clone()], running),
            ("latest_expiry", vec![], &["support_sessions_expired"]),
            (
                "count_by_status",
                vec![now.clone(), Value::Int(10)],
                &by_status,
            ),
            ("list_support_session_staff", vec![], &["support_sessions_"]),
            (
                "count_by_day",
                vec![now.clone(), now.clone()],
                &["support_sessions_by_day"],
            ),
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
const CHAIN: [&str; 2] = [
    "SEARCH e USING INTEGER PRIMARY KEY",
    "audit_log_pkey on audit_log e",
];
const TIME: [&str; 2] = ["audit_log_by_time"; 2];
const ACTS: [&str; 2] = ["audit_log_acts_by_time"; 2];
const ACTS_OF_CHAIN: [&str; 2] = ["INDEX audit_log_acts (", "using audit_log_acts on"];

/// Nothing is read for a value that no event has.
async fn append_one_of_each(store: &Store) {
    let actions = [
        None,
        Some(AuditAction::TenantLegalHoldPlaced { reason: "x".into() }),
        Some(AuditAction::StaffSignedOut {
            everywhere: false,
            ended: 1,
        }),
    ];
    for (number, action) in (0..).zip(actions) {
        let mut event = new_event(Some("acme"), number, noon());
        event.action = action.unwrap_or(event.action);
        append(store, event).await.unwrap();
    }
}

async fn listed(db: &mut Db<'_>, reach: &AuditReach, filter: &AuditFilter) -> Listing {
    let picked = db.picked(filter).await.unwrap();
    let keys = audit::list_keys(reach, filter);
    let listing = db.audit_listing(keys, reach, filter, &picked);
    listing.await.unwrap()
}

#[tokio::test]
async fn every_list_of_the_audit_log_is_read_in_the_order_of_an_index() {
    let acme = AuditReach::Tenant("acme".parse().unwrap());
    let of = |category| AuditFilter {
        category: Some(category),
        ..AuditFilter::default()
    };
    let by_actor = || AuditFilter {
        actor: Some("support".into()),
        ..AuditFilter::default()
    };
    let since = AuditFilter {
        from: Some(noon()),
        ..AuditFilter::default()
    };
    for (engine, test) in both().await {
        append_one_of_each(&test.store).await;
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
                ACTS_OF_CHAIN,
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
                ACTS,
            ),
        ] {
            let mut reader = test.store.read().await.unwrap();
            let listing = listed(&mut reader.db(), reach, &filter).await;
            let (sql, values) = listing.first_page::<AuditEvent>();
            let plan = plan(&test.store, name, &sql, &values).await;
            let index = index[usize::from(test.store.engine() == Engine::Postgres)];
            assert!(plan.contains(index), "{engine}: {name}: {plan}");
            // Events of one instant are sorted by their places.
            let plan = plan.replace("Incremental Sort", "");
            for bad in ["TEMP B-TREE", "Sort  (cost"] {
                assert!(!plan.contains(bad), "{engine}: {name}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn a_new_deed_and_a_chain_to_export_are_found_without_reading_all() {
    let test = crate::testing::sqlite().await;
    let sql = format!("SELECT {}", audit::NEXT_DEED);
    let plan = plan(&test.store, "deed", &sql, &[]).await;
    assert!(!plan.contains("SCAN audit_deeds"), "{plan}");
    for (engine, test) in both().await {
        for (number, tenant) in (0..).zip(["a", "b", "c"]) {
            let at = noon() + chrono::TimeDelta::hours(i64::try_from(number).unwrap());
            append(&test.store, new_event(Some(tenant), number, at))
                .await
                .unwrap();
        }
        let mut reader = test.store.read().await.unwrap();
        let since = noon() + chrono::TimeDelta::minutes(30);
        let chains = reader.db().list_chains_from("", since).await.unwrap();
        assert_eq!(chains, ["tenant:b", "tenant:c"], "{engine}");
    }
}

#[tokio::test]
async fn an_instant_is_found_in_a_chain_by_its_places() {
    let values = [Value::Text("tenant:acme".into()), Value::Int(0)];
    for (engine, test) in both().await {
        let plan = plan(&test.store, "place", text("first_place_at"), &values).await;
        for bad in ["SCAN audit_log", "SCAN e\n", "Seq Scan on audit_log"] {
            assert!(!plan.contains(bad), "{engine}: {plan}");
        }
    }
}

#[tokio::test]
async fn events_of_an_instant_are_found_by_it() {
    let values = [Value::Int(0), Value::Int(0), Value::Int(1)];
    for (engine, test) in both().await {
        let plan = plan(&test.store, "places", text("list_places"), &values).await;
        assert!(plan.contains("audit_log_by_time"), "{engine}: {plan}");
    }
}

#[tokio::test]
async fn tenants_whose_names_begin_with_a_text_are_found_without_reading_others() {
    for (engine, test) in both().await {
        let (sql, values) = tenants::beginning("Ñand").first_page::<StoredTenant>();
        let plan = plan(&test.store, "beginning", &sql, &values).await;
        assert!(plan.contains("tenants_by_name"), "{engine}: {plan}");
        for bad in ["SCAN", "TEMP B-TREE", "Seq Scan", "Sort  (cost"] {
            assert!(!plan.contains(bad), "{engine}: {plan}");
        }
    }
}

#[tokio::test]
async fn plans_and_regions_to_choose_from_are_found_without_reading_every_tenant() {
    for (engine, test) in both().await {
        for (name, index) in [
            ("list_plans", "tenants_by_plan"),
            ("list_regions", "tenants_by_region"),
        ] {
            let plan = plan(&test.store, name, text(name), &[]).await;
            assert!(plan.contains(index), "{engine}: {name}: {plan}");
            for bad in [
                "SCAN tenants",
                "Seq Scan on tenants",
                "TEMP B-TREE FOR DISTINCT",
            ] {
                assert!(!plan.contains(bad), "{engine}: {name}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn every_list_of_support_sessions_is_read_in_the_order_of_an_index() {
    let tenant = || SupportSessionFilter {
        tenant_id: "acme".parse().ok(),
        ..SupportSessionFilter::default()
    };
    let by_end = |filter| SupportSessionFilter {
        sort: SupportSessionSort::Expires,
        direction: Direction::Ascending,
        ..filter
    };
    let of_staff = SupportSessionFilter {
        staff_id: "01937e2c-7b6a-7cc0-8000-000000000001".parse().ok(),
        from: Some(noon()),
        ..SupportSessionFilter::default()
    };
    let active_at = SupportSessionFilter {
        active_at: Some(noon()),
        ..tenant()
    };
    for (engine, test) in both().await {
        for (name, filter, index) in [
            (
                "all",
                SupportSessionFilter::default(),
                "support_sessions_by_issue",
            ),
            (
                "a tenant's",
                tenant(),
                "support_sessions_of_tenant_by_issue",
            ),
            (
                "a person's since",
                of_staff.clone(),
                "support_sessions_of_staff_by_issue",
            ),
            (
                "a tenant's then",
                active_at.clone(),
                "support_sessions_of_tenant_by_issue",
            ),
            (
                "all by end",
                by_end(SupportSessionFilter::default()),
                "support_sessions_by_ending",
            ),
        ] {
            let listing = support_sessions::listing(&filter, noon());
            let (sql, values) = listing.first_page::<SupportSession>();
            let plan = plan(&test.store, name, &sql, &values).await;
            assert!(plan.contains(index), "{engine}: {name}: {plan}");
            for bad in ["TEMP B-TREE", "Sort  (cost"] {
                assert!(!plan.contains(bad), "{engine}: {name}: {plan}");
            }
        }
    }
}
