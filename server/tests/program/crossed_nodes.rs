//! Two nodes on one PostgreSQL under load: each records for every tenant, in any order.

use futures::future::join_all;

use crate::support::{
    client::Client,
    database::Database,
    people::{Granted, Platform, Staff},
    program::Program,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;
const CLIENTS: usize = 32;
const REQUESTS: usize = 40;
const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
const ROWS: &str = "SELECT COUNT(*) FROM access_log";

/// One client's requests, all on one node: from session to session, in an order that others don't have. With a name of
/// `programs` each request comes from another one. The clients of the other node use the same ones, in the opposite order.
async fn use_sessions(
    node: &Program,
    sessions: &[(String, Granted)],
    client: usize,
    programs: Option<&str>,
) -> Vec<u16> {
    let mut statuses = Vec::new();
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
        connection.send(head.as_bytes()).await;
        statuses.push(connection.answer().await.status);
    }
    statuses
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
    let mut statuses = Vec::new();
    for programs in programs {
        // As if none had been used for two months.
        let used = sqlx::query("UPDATE audit_deeds SET used_until = 0");
        used.execute(&database.pool).await.unwrap();
        let clients = (0..CLIENTS).map(|client| {
            let node = &started[client % nodes];
            use_sessions(node, &sessions, client, *programs)
        });
        statuses.extend(join_all(clients).await.concat());
    }
    assert_eq!(statuses.len(), CLIENTS * REQUESTS * programs.len());
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let rows = usize::try_from(database.number(ROWS).await);
    assert_eq!(rows, Ok(statuses.len()));
    assert_eq!(database.number(DEADLOCKS).await, 0, "deadlocks");
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
