//! Revocations take effect on a running server immediately, by whichever way they are made and under any load.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::prelude::*;

/// How many requests race the revocation, and over how many connections.
const RACING: usize = 10_000;
const CLIENTS: usize = 50;

#[tokio::test]
async fn deactivating_a_staff_member_by_command_line_cuts_an_open_stream() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, BY_PATH).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let head = get(program.gateway, "stream", &session.token);
    let stream = streaming(program.gateway, &head).await;

    program
        .run(&["staff", "deactivate", &staff.email], "")
        .await;

    cut(stream).await;
    upstream
        .until(|seen| seen.iter().all(|seen| seen.ended.is_some()))
        .await;
    let answer = ask(program.gateway, "stream", &session.token).await;
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
    let program = Program::start(upstream.address, BY_PATH).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let head = get(program.gateway, "stream", &session.token);
    let stream = streaming(program.gateway, &head).await;

    let replaced = staff.replace_token(&session.id).await;

    cut(stream).await;
    let mut statuses = Vec::new();
    for token in [&session.token, &replaced.token] {
        statuses.push(ask(program.gateway, "plain", token).await.status);
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
    let program = Program::start_in_memory(upstream.address, BY_PATH).await;
    let (platform, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    let head = get(program.gateway, "x", &session.token);
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
