//! Permitted requests arrive as they were sent.

use std::sync::Arc;

use app::domain::access_log::RequestOutcome;

use crate::support::{Rig, client::Answer};

const TENANT: &str = "/v1/tenants/acme";

async fn one(last: &str) -> (Rig, Answer) {
    let rig = Rig::new().await;
    let answer = rig.ask(&format!("GET {TENANT}/{last}")).await;
    (rig, answer)
}

#[tokio::test]
async fn a_permitted_request_is_recorded_forwarded_and_completed() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {TENANT}/invoices?page=2&q=%2e%2E"));
    let answer = rig
        .raw(&format!("{head}User-Agent: curl/8\r\nAccept: */*\r\nCookie: a=b\r\nX-Request-Id: mine\r\nSupport-Tenant: bolt\r\n\r\n"))
        .await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));

    let [intent] = &rig.store.begun()[..] else {
        panic!("one record");
    };
    assert_eq!(intent.path, format!("{TENANT}/invoices"));
    assert_eq!(intent.query.as_deref(), Some("page=2&q=%2e%2E"));
    assert_eq!(
        (intent.method.as_str(), intent.user_agent.as_str()),
        ("GET", "curl/8")
    );
    let id = intent.request_id.to_string();
    assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
    assert_eq!(answer.head.matches("x-request-id").count(), 1);

    let sent = rig.upstream.text();
    assert!(
        sent.starts_with(&format!(
            "GET {TENANT}/invoices?page=2&q=%2e%2E HTTP/1.1\r\n"
        )),
        "{sent}"
    );
    let lower = sent.to_ascii_lowercase();
    for field in [
        format!("host: {}", rig.upstream.address),
        "authorization: bearer upstream-credential".into(),
        "support-tenant: acme".into(),
        format!("support-session: {}", rig.session.id),
        format!("support-staff: {}", rig.session.staff_id),
        "support-scopes: read_only all:write".into(),
        format!("x-request-id: {id}"),
        "accept: */*".into(),
    ] {
        assert_eq!(
            lower.matches(&format!("\r\n{field}\r\n")).count(),
            1,
            "{field}: {lower}"
        );
    }
    for never in ["scst_", "cookie", "mine", "bolt"] {
        assert!(!lower.contains(never), "{never}: {lower}");
    }

    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Done);
    assert_eq!((completed.status, completed.response_bytes), (Some(200), 2));
    assert_eq!(rig.gates.in_flight(rig.session.id), 0);
}

#[tokio::test]
async fn answers_pass_with_their_status_and_framing() {
    for (last, status, body) in [
        ("empty", 204, ""),
        ("unchanged", 304, ""),
        ("moved", 302, ""),
        ("teapot", 418, "tea"),
        ("unframed", 200, "until the end"),
        ("early", 200, "ok"),
    ] {
        let (rig, answer) = one(last).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, body),
            "{last}"
        );
        assert!(answer.complete, "{last}");
        assert_eq!(
            rig.store.completed(1).await[0].outcome,
            RequestOutcome::Done,
            "{last}"
        );
    }
    let (_, moved) = one("moved").await;
    assert_eq!(moved.header("location"), Some("/elsewhere"));
    assert_eq!(moved.head.matches("set-cookie").count(), 2);
    let (_, teapot) = one("teapot").await;
    assert!(!teapot.head.to_ascii_lowercase().contains("hop"));
}

#[tokio::test]
async fn the_answer_to_head_keeps_its_length_and_has_no_body() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("HEAD {TENANT}/headed"));
    client.send(format!("{head}\r\n").as_bytes()).await;
    let answer = client.answer_to(true).await;
    assert_eq!(answer.header("content-length"), Some("4711"));
    let next = rig.head(&format!("GET {TENANT}/x"));
    client.send(format!("{next}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.text(), "ok", "the connection goes on");
}

#[tokio::test]
async fn trailers_pass_to_those_who_take_them() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {TENANT}/trailers"));
    let answer = rig
        .raw(&format!("{head}TE: trailers\r\nConnection: TE\r\n\r\n"))
        .await;
    assert_eq!(answer.text(), "okx-sum: 7");
}

#[tokio::test]
async fn an_upstream_that_fails_is_a_502_and_never_asked_twice() {
    for last in ["slam", "switch"] {
        let (rig, answer) = one(last).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed"),
            "{last}"
        );
        assert_eq!(rig.upstream.requests(), 1, "{last}");
        assert_eq!(
            rig.store.completed(1).await[0].outcome,
            RequestOutcome::Failed,
            "{last}"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_says_nothing_is_a_504() {
    let (rig, answer) = one("hang").await;
    assert_eq!(answer.status, 504);
    assert_eq!(
        rig.store.completed(1).await[0].outcome,
        RequestOutcome::Failed
    );
    rig.upstream.until(|seen| seen[0].ended.is_some()).await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_complete() {
    let (rig, answer) = one("broken").await;
    assert_eq!(answer.text(), "half");
    assert!(!answer.complete);
    assert_eq!(
        rig.store.completed(1).await[0].outcome,
        RequestOutcome::Failed
    );
}

#[tokio::test]
async fn bodies_stream_in_both_directions() {
    let rig = Rig::new().await;
    // Half a body is upstream before the other half exists.
    let mut client = rig.uploading("stream", &rig.upstream).await;
    client.send(b"3\r\ntwo\r\n0\r\n\r\n").await;
    client.read_until("chunk 1;").await;
    rig.upstream.allow_chunks(2);
    client.read_until("chunk 2;").await;
    let sent = rig.upstream.text();
    assert!(
        sent.contains("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
        "{sent}"
    );
    drop(client);
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(
        completed.outcome,
        RequestOutcome::Cut,
        "the client has gone"
    );
    assert_eq!(completed.request_bytes, 6);
    assert_eq!(completed.response_bytes, 16);
    rig.upstream.until(|seen| seen[0].ended.is_some()).await;
}

#[tokio::test]
async fn a_body_of_known_length_keeps_it() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    for number in 0..3 {
        let head = rig.head(&format!("PUT {TENANT}/{number}"));
        client
            .send(format!("{head}Content-Length: 5\r\n\r\nhello").as_bytes())
            .await;
        assert_eq!(client.answer().await.status, 200);
    }
    let sent = rig.upstream.text();
    assert_eq!(sent.matches("content-length: 5\r\n").count(), 3, "{sent}");
    assert_eq!(sent.matches("\r\n\r\nhello").count(), 3);
    assert_eq!(rig.upstream.seen().len(), 1, "one connection is kept alive");
}

#[tokio::test]
async fn a_client_that_expects_100_gets_it() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("POST {TENANT}/x"));
    client
        .send(format!("{head}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n").as_bytes())
        .await;
    client.read_until("HTTP/1.1 100 Continue\r\n\r\n").await;
    client.send(b"hello").await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn requests_in_a_row_are_each_recorded() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let both = format!(
        "{}\r\n{}\r\n",
        rig.head(&format!("GET {TENANT}/1")),
        rig.head(&format!("GET {TENANT}/2"))
    );
    client.send(both.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.answer().await.status, 200);
    let paths: Vec<_> = rig.store.begun().into_iter().map(|i| i.path).collect();
    assert_eq!(paths, [format!("{TENANT}/1"), format!("{TENANT}/2")]);
}

#[tokio::test]
async fn an_unreachable_upstream_is_a_502_with_a_completed_record() {
    let rig = Rig::new().await;
    let gone = Arc::new(tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap());
    let mut upstream = rig.upstream.clone();
    upstream.address = gone.local_addr().unwrap();
    drop(gone);
    let rig = Rig::before(upstream, crate::support::Wanted::default()).await;
    assert_eq!(rig.ask(&format!("GET {TENANT}/x")).await.status, 502);
    assert_eq!(
        rig.store.completed(1).await[0].outcome,
        RequestOutcome::Failed
    );
}

#[tokio::test]
async fn our_own_prefix_never_reaches_the_upstream() {
    let rig = Rig::new().await;
    let health = rig
        .raw("GET /.support-console/health HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    assert_eq!(
        (health.status, health.text().as_str()),
        (200, r#"{"status":"ok"}"#)
    );
    assert_eq!(rig.ask("GET /.support-console/other").await.status, 404);
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn the_clients_address_comes_from_a_trusted_proxys_last_word() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {TENANT}/x"));
    rig.raw(&format!(
        "{head}X-Forwarded-For: 1.1.1.1, 203.0.113.9\r\n\r\n"
    ))
    .await;
    assert_eq!(rig.store.begun()[0].ip.to_string(), "203.0.113.9");
}

#[tokio::test]
async fn an_answer_brings_no_field_of_ours_and_none_like_them() {
    let rig = Rig::new().await;
    let head = rig.head("GET /v1/tenants/acme/ours");
    let mut client = rig.client().await;
    client
        .send(format!("{head}TE: trailers\r\nConnection: close\r\n\r\n").as_bytes())
        .await;
    let answer = client.rest().await.to_lowercase();
    assert!(answer.contains("supported: yes\r\n"), "{answer}");
    for ours in ["support-", "support_", "support.", "support~"] {
        assert!(!answer.contains(ours), "{ours}: {answer}");
    }
}
