//! Two nodes on one PostgreSQL under load: each records for every tenant, in any order.

use std::collections::HashSet;

use futures::future::join_all;

use crate::support::{
    client::Client,
    database::Database,
    people::{Granted, Platform, Staff},
    program::Program,
    until,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;
const CLIENTS: usize = 32;
const REQUESTS: usize = 40;
const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
/// The nodes' connections. Each counts its deadlocks at the latest when it ends.
const CONNECTIONS: &str = "SELECT COUNT(*) FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name LIKE 'support-console%'";
const ROWS: &str = "SELECT request_id FROM access_log";
/// How often a node may put one request off. A machine that does other things too may not record in time, and then nothing passes.
const TRIES: usize = 5;

/// The answers to one client.
#[derive(Default)]
struct Answers {
    /// The IDs of the requests that passed.
    passed: Vec<String>,
    /// How many requests were put off, and sent again.
    put_off: usize,
}

/// One client's requests, all on one node: from session to session, in an order that others don't have. With a name of
/// `programs` each request comes from another one. The clients of the other node use the same ones, in the opposite order.
async fn use_sessions(
    node: &Program,
    sessions: &[(String, Granted)],
    client: usize,
    programs: Option<&str>,
) -> Answers {
    let mut answers = Answers::default();
    let mut connection = Client::connect(node.gateway).await;
    let step = [1, 3, 5, 7][client % 4];
    for request in 0..REQUESTS {
        let (tenant, session) = &sessions[(client + request * step) % sessions.len()];
        let number = [request, REQUESTS - request][client % 2];
        let program = programs.map(|name| format!("User-Agent: {name}{number}\r\n"));
        let program = program.unwrap_or_default();
        let head = format!(
            "GET /v1/tenants/{tenant}/plain HTTP/1.1\r\nHost: {}\r\n{program}Authorization: Bearer {}\r\n\r\n",
            node.gateway, session.token
        );
        let mut tries = 1..=TRIES;
        let answer = loop {
            assert!(tries.next().is_some(), "{tenant} is put off for good");
            connection.send(head.as_bytes()).await;
            let answer = connection.answer().await;
            if answer.status != 503 {
                break answer;
            }
            assert_eq!(answer.code(), "record_unavailable");
            answers.put_off += 1;
            connection = Client::connect(node.gateway).await;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.header("x-request-id").unwrap();
        answers.passed.push(id.to_owned());
    }
    answers
}

/// Has so many nodes record for all of these tenants at once. Each tenant has as many sessions as asked for.
async fn cross(nodes: usize, tenants: usize, sessions_each: usize, programs: &[Option<&str>]) {
    let upstream = Upstream::start().await;
    let database = Database::new().await;
    let mut started = Vec::new();
    for number in 0..nodes {
        let name = format!("node-{number}");
        started.push(Program::start_node(&name, &database.url(), upstream.address, RULES).await);
    }
    let platform = Platform::of(&started[0]).await;
    let mut sessions = Vec::new();
    for number in 0..tenants {
        let tenant = format!("tenant-{number}");
        platform.register(&tenant).await;
        for session in 0..sessions_each {
            let staff = Staff::of(&started[0], &format!("staff-{number}-{session}")).await;
            let session = staff.create_session(&tenant, None).await;
            sessions.push((tenant.clone(), session));
        }
    }
    let mut answers = Vec::new();
    for programs in programs {
        // As if none had been used for two months.
        let used = sqlx::query("UPDATE audit_deeds SET used_until = 0");
        used.execute(&database.pool).await.unwrap();
        let clients = (0..CLIENTS).map(|client| {
            let node = &started[client % nodes];
            use_sessions(node, &sessions, client, *programs)
        });
        answers.extend(join_all(clients).await);
    }
    for node in &mut started {
        node.stop().await;
    }
    expect_each_recorded_once(&database, &answers).await;
    until("the connections of the nodes to end", async || {
        (database.number(CONNECTIONS).await == 0).then_some(())
    })
    .await;
    assert_eq!(database.number(DEADLOCKS).await, 0, "deadlocks");
}

/// What passed has one row each. What was put off has at most one too, which says so.
async fn expect_each_recorded_once(database: &Database, answers: &[Answers]) {
    let put_off: usize = answers.iter().map(|answers| answers.put_off).sum();
    let passed: Vec<_> = answers.iter().flat_map(|answers| &answers.passed).collect();
    let rows = sqlx::query_scalar(ROWS).fetch_all(&database.pool).await;
    let rows: Vec<String> = rows.unwrap();
    let recorded: HashSet<_> = rows.iter().collect();
    assert_eq!(recorded.len(), rows.len());
    let lost = passed.iter().filter(|id| !recorded.contains(*id)).count();
    assert_eq!(lost, 0, "passed without a record");
    let others = rows.len() - passed.len();
    assert!(others <= put_off, "{others} other rows, {put_off} put off");
}

#[tokio::test]
async fn two_nodes_that_record_for_the_same_tenants_never_deadlock() {
    cross(2, 8, 1, &[None]).await;
}

#[tokio::test]
async fn two_nodes_that_record_for_one_tenant_never_deadlock() {
    cross(2, 1, 3, &[None]).await;
}

#[tokio::test]
async fn four_nodes_that_record_for_the_same_tenants_never_deadlock() {
    cross(4, 8, 1, &[None]).await;
}

#[tokio::test]
async fn two_nodes_that_meet_the_same_new_programs_never_deadlock() {
    cross(2, 8, 1, &[Some("a"), Some("a"), Some("b")]).await;
}
