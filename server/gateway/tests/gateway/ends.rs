//! Ends of sessions take effect at once, for good, and visibly.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use app::domain::access_log::{Refusal, RequestOutcome};
use chrono::TimeDelta;
use gateway::ports::Ended;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Rig, client::PATIENCE};

const OWN: &str = "/v1/tenants/acme";

#[tokio::test]
async fn a_revoked_session_is_refused_on_the_next_request() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let request = format!("{}\r\n", rig.head(&format!("GET {OWN}/x")));
    client.send(request.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    rig.revoke().await;
    let before = rig.upstream.bytes();
    client.send(request.as_bytes()).await;
    let refused = client.answer().await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "session_revoked")
    );
    assert_eq!(rig.upstream.bytes(), before);
    assert_eq!(rig.store.refused()[0].refusal, Refusal::SessionRevoked);
}

#[tokio::test]
async fn an_open_stream_is_cut_and_never_looks_complete() {
    let rig = Rig::new().await;
    let mut client = rig.streaming().await;
    assert_eq!(rig.revoke().await, 1);
    rig.upstream.allow_chunks(1000);
    let rest = client.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "no last chunk: {rest:?}");
    assert!(!rest.contains("chunk 2"), "{rest:?}");
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Cut);
    assert_eq!(completed.status, Some(200));
    let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    assert_eq!(
        seen[0].ended,
        Some(false),
        "the upstream is reset, not left in order"
    );
    assert_eq!(rig.gates.in_flight(rig.session.id), 0);
}

#[tokio::test]
async fn a_cut_resets_both_connections_however_the_answer_is_framed() {
    for path in ["stream", "unframed-stream"] {
        let rig = Rig::new().await;
        let mut client = TcpStream::connect(rig.address).await.unwrap();
        let head = rig.head(&format!("GET {OWN}/{path}"));
        client
            .write_all(format!("{head}\r\n").as_bytes())
            .await
            .unwrap();
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains("chunk 1;") {
            assert_ne!(client.read_buf(&mut read).await.unwrap(), 0, "{path}");
        }
        rig.revoke().await;
        let end = tokio::time::timeout(PATIENCE, client.read_to_end(&mut read)).await;
        let end = end.expect("it ends").map_err(|error| error.kind());
        assert_eq!(
            end,
            Err(ErrorKind::ConnectionReset),
            "{path}: an end in order"
        );
        assert!(!read.ends_with(b"0\r\n\r\n"), "{path}");
        let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
        assert_eq!(seen[0].ended, Some(false), "{path}: the upstream's too");
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_all_the_same() {
    let rig = Rig::new().await;
    let client = rig.streaming().await;
    // More than all buffers between upstream and client hold.
    rig.upstream.allow_chunks(usize::MAX);
    rig.revoke().await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    drop(client);
}

#[tokio::test]
async fn an_upload_in_flight_is_cut() {
    let rig = Rig::new().await;
    let mut client = rig.uploading("x", &rig.upstream).await;
    rig.revoke().await;
    client.send(b"3\r\ntwo\r\n0\r\n\r\n").await;
    let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    assert!(!seen[0].text().contains("two") && !seen[0].text().contains("0\r\n\r\n"));
    assert_eq!(seen[0].ended, Some(false));
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(
        (completed.outcome, completed.request_bytes),
        (RequestOutcome::Cut, 3)
    );
}

#[tokio::test]
async fn a_request_that_waits_for_its_answer_is_told_of_the_end() {
    let rig = Rig::new().await;
    let mut client = rig.hanging().await;
    rig.revoke().await;
    assert_eq!(client.answer().await.code(), "session_revoked");
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn expiry_needs_no_one_to_act() {
    let rig = Rig::new().await;
    let mut client = rig.streaming().await;
    rig.clock
        .advance(TimeDelta::minutes(15) - TimeDelta::microseconds(1));
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 200);
    rig.clock.advance(TimeDelta::microseconds(1));
    let rest = client.rest().await;
    assert!(!rest.contains("0\r\n\r\n"), "{rest:?}");
    let refused = rig.ask(&format!("GET {OWN}/x")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "session_expired")
    );
    let outcomes: Vec<_> = rig
        .store
        .completed(2)
        .await
        .iter()
        .map(|c| c.outcome)
        .collect();
    assert_eq!(outcomes, [RequestOutcome::Done, RequestOutcome::Cut]);
}

#[tokio::test]
async fn a_revocation_that_fails_leaves_everything_as_it_was() {
    let rig = Rig::new().await;
    let mut client = rig.streaming().await;
    let closed = rig.gates.close(rig.session.id).await;
    drop(closed);
    rig.upstream.allow_chunks(2);
    client.read_until("chunk 2;").await;
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 200);
}

#[tokio::test]
async fn an_end_that_another_process_committed_cuts_too() {
    let rig = Rig::new().await;
    let mut client = rig.streaming().await;
    rig.store.revoke(rig.session.id);
    rig.gates.end(rig.session.id, Ended::Revoked);
    assert!(!client.rest().await.contains("0\r\n\r\n"));
    assert_eq!(
        rig.ask(&format!("GET {OWN}/x")).await.code(),
        "session_revoked"
    );
}

#[tokio::test]
async fn without_a_record_nothing_is_forwarded() {
    let rig = Rig::new().await;
    rig.store.break_down();
    let refused = rig.ask(&format!("GET {OWN}/x")).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "record_unavailable")
    );
    assert_eq!(refused.header("retry-after"), Some("5"));
    assert!(refused.text().contains("was not forwarded"));
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_sent_once_a_revocation_is_answered() {
    for round in 0..10 {
        let rig = Arc::new(Rig::new().await);
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for _ in 0..10 {
            let (rig, stop) = (Arc::clone(&rig), Arc::clone(&stop));
            clients.push(tokio::spawn(async move {
                let mut client = rig.client().await;
                let request = format!("{}\r\n", rig.head(&format!("GET {OWN}/x")));
                let mut passed = 0;
                while !stop.load(Ordering::SeqCst) {
                    client.send(request.as_bytes()).await;
                    match client.answer().await.status {
                        200 => passed += 1,
                        401 => {}
                        // Cut in the middle: a new connection.
                        _ => client = rig.client().await,
                    }
                }
                passed
            }));
        }
        rig.upstream
            .until(|seen| seen.iter().map(|s| s.requests).sum::<usize>() > 20)
            .await;
        rig.revoke().await;
        let begun = rig.store.begun().len();
        let settled = rig.upstream.sent_so_far().await;
        let refused = rig.store.refused().len();
        while rig.store.refused().len() < refused + 50 {
            tokio::task::yield_now().await;
        }
        assert_eq!(rig.upstream.bytes(), settled, "round {round}");
        assert_eq!(rig.store.begun().len(), begun, "round {round}");
        assert!(
            rig.upstream.requests() <= begun,
            "never more requests than records"
        );
        stop.store(true, Ordering::SeqCst);
        let mut passed = 0;
        for client in clients {
            passed += client.await.unwrap();
        }
        assert!(passed > 0);
        assert_eq!(
            rig.store.completed(begun).await.len(),
            begun,
            "each record is completed once"
        );
    }
}

#[tokio::test]
async fn a_listener_that_is_asked_to_stop_ends_its_streams() {
    let rig = Rig::new().await;
    let mut client = rig.streaming().await;
    rig.stop();
    assert!(!client.rest().await.contains("0\r\n\r\n"));
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}
