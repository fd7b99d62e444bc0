//! Whatever is taken away from a running server is taken away immediately, by anyone and under any
//! load.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{
    PATIENCE,
    client::Client,
    people::{Platform, Staff},
    program::Program,
    until,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;
/// How many requests race the revocation, and over how many connections.
const RACING: usize = 10_000;
const CLIENTS: usize = 50;

#[tokio::test]
async fn deactivating_a_staff_member_by_command_line_cuts_an_open_stream() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    let head = format!(
        "GET /v1/tenants/acme/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        program.gateway, session.token
    );
    let mut stream = Client::connect(program.gateway).await;
    stream.send(head.as_bytes()).await;
    stream.read_until("chunk 1;").await;

    program
        .run(&["staff", "deactivate", &staff.email], "")
        .await;

    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    upstream
        .until(|seen| seen.iter().all(|seen| seen.ended.is_some()))
        .await;
    let mut again = Client::connect(program.gateway).await;
    again.send(head.as_bytes()).await;
    let answer = again.answer().await;
    assert_eq!((answer.status, upstream.requests()), (401, 1));

    let path = format!("/support-sessions/{}", session.id);
    let session = platform.get(&path).await;
    assert!(session["revocation"]["at"].is_string(), "{session}");
    let log = until("the end of the stream's record", async || {
        let log = platform.get(&format!("{path}/access-log")).await;
        let items = log["items"].as_array().unwrap().clone();
        let open = items.iter().any(|entry| entry["outcome"] == "open");
        (items.len() == 2 && !open).then_some(items)
    })
    .await;
    assert_eq!(log[0]["refusal"], "session_revoked");
    assert_eq!(log[1]["outcome"], "cut");
}

#[tokio::test]
async fn replacing_a_token_cuts_what_came_with_the_old_one() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    let head = |path: &str, token: &str| {
        let (host, path) = (program.gateway, format!("/v1/tenants/acme/{path}"));
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let mut stream = Client::connect(program.gateway).await;
    stream.send(head("stream", &session.token).as_bytes()).await;
    stream.read_until("chunk 1;").await;

    let replaced = staff.replace_token(&session.id).await;

    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    let mut statuses = Vec::new();
    for token in [&session.token, &replaced.token] {
        let mut client = Client::connect(program.gateway).await;
        client.send(head("plain", token).as_bytes()).await;
        statuses.push(client.answer().await.status);
    }
    assert_eq!(statuses, [401, 200]);
    assert_eq!(replaced.id, session.id);
}

/// The responses of all clients together.
#[derive(Default)]
struct Told {
    asked: AtomicUsize,
    passed: AtomicUsize,
    refused: AtomicUsize,
}

/// Asks over one connection, or the next where it was cut, until all have asked enough.
async fn race(gateway: SocketAddr, head: String, told: Arc<Told>) {
    let mut client = Client::connect(gateway).await;
    while told.asked.fetch_add(1, Ordering::Relaxed) < RACING {
        client.send(head.as_bytes()).await;
        let answer = client.answer().await;
        match (answer.status, answer.complete) {
            (200, true) => told.passed.fetch_add(1, Ordering::Relaxed),
            (401, _) => told.refused.fetch_add(1, Ordering::Relaxed),
            (0 | 200, _) => {
                client = Client::connect(gateway).await;
                0
            }
            _ => panic!("{answer:?}"),
        };
    }
}

#[tokio::test]
async fn of_ten_thousand_requests_none_is_sent_once_a_revocation_is_answered() {
    let upstream = Upstream::start().await;
    let program = Program::start_in_memory(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    let head = format!(
        "GET /v1/tenants/acme/x HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        program.gateway, session.token
    );
    let told = Arc::new(Told::default());
    let clients = (0..CLIENTS).map(|_| {
        let racing = race(program.gateway, head.clone(), Arc::clone(&told));
        tokio::spawn(racing)
    });
    let clients: Vec<_> = clients.collect();
    upstream
        .until(|seen| seen.iter().map(|s| s.requests).sum::<usize>() > CLIENTS * 4)
        .await;

    staff.revoke(&session.id).await;

    let settled = upstream.sent_so_far().await;
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(upstream.bytes(), settled, "something was sent after it");
    let (passed, refused) = (
        told.passed.load(Ordering::Relaxed),
        told.refused.load(Ordering::Relaxed),
    );
    assert!(passed > 0 && refused > RACING / 2, "{passed}, {refused}");
    let log = platform
        .get(&format!("/support-sessions/{}", session.id))
        .await;
    let forwarded = log["requests_forwarded"].as_u64().unwrap();
    let sent = u64::try_from(upstream.requests()).unwrap();
    assert!(sent <= forwarded, "{sent} sent, {forwarded} recorded");
}
