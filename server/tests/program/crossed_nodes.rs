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
const TENANTS: usize = 8;
const CLIENTS: usize = 32;
const REQUESTS: usize = 40;
const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

/// One client's requests, all on one node: from tenant to tenant, in an order that others don't have.
async fn use_sessions(node: &Program, sessions: &[(String, Granted)], client: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    let mut connection = Client::connect(node.gateway).await;
    let step = [1, 3, 5, 7][client % 4];
    for request in 0..REQUESTS {
        let (tenant, session) = &sessions[(client + request * step) % TENANTS];
        let head = format!(
            "GET /v1/tenants/{tenant}/plain HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            node.gateway, session.token
        );
        connection.send(head.as_bytes()).await;
        statuses.push(connection.answer().await.status);
    }
    statuses
}

#[tokio::test]
async fn two_nodes_that_record_for_the_same_tenants_never_deadlock() {
    let upstream = Upstream::start().await;
    let database = Database::new().await;
    let a = Program::start_node("a", &database.url(), upstream.address, RULES).await;
    let b = Program::start_node("b", &database.url(), upstream.address, RULES).await;
    let platform = Platform::of(&a).await;
    let mut sessions = Vec::new();
    for number in 0..TENANTS {
        let tenant = format!("tenant-{number}");
        platform.register(&tenant).await;
        let staff = Staff::of(&a, &format!("staff-{number}")).await;
        let session = staff.create_session(&tenant, None).await;
        sessions.push((tenant, session));
    }
    let clients = (0..CLIENTS).map(|client| {
        let node = [&a, &b][client % 2];
        use_sessions(node, &sessions, client)
    });
    let statuses = join_all(clients).await.concat();
    assert_eq!(statuses.len(), CLIENTS * REQUESTS);
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(database.number(DEADLOCKS).await, 0, "deadlocks");
}
