//! WebSockets: each needs a rule and a valid answer to its own handshake, and is one request.

use app::domain::access_log::RequestOutcome;
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use crate::{
    browser::{Entry, wanted},
    support::{Rig, Wanted, client::Client},
};

const OWN: &str = "/v1/tenants/acme";
/// The key of RFC 6455 §1.3, whose answer the upstream knows.
const FIELDS: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
/// "Hello", masked and not (RFC 6455 §5.7).
const MASKED: &[u8] = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
const PLAIN: &[u8] = b"\x81\x05Hello";

fn live() -> Wanted {
    Wanted {
        scopes: &["read_only", "live"],
        more_scopes: r#"[[scopes]]
            name = "live"
            description = "Follow what happens."
            allow = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/live/**"], upgrade = "websocket" }]"#,
        ..Wanted::default()
    }
}

async fn rig() -> Rig {
    Rig::with(live()).await
}

/// Asks for a WebSocket; what came back up to the end of its head.
async fn ask(rig: &Rig, last: &str) -> (Client, String) {
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}/live/{last}"));
    client.send(format!("{head}{FIELDS}\r\n").as_bytes()).await;
    let answer = client.read_until("\r\n\r\n").await;
    (client, answer)
}

#[tokio::test]
async fn frames_pass_both_ways_and_are_counted() {
    let rig = rig().await;
    let (mut client, answer) = ask(&rig, "socket").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let lower = answer.to_lowercase();
    assert!(lower.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"));
    assert!(lower.contains("connection: upgrade\r\n"), "{answer}");
    assert!(lower.contains("x-request-id: "), "{answer}");
    let sent = rig.upstream.text().to_lowercase();
    for field in [
        "upgrade: websocket",
        "connection: upgrade",
        "sec-websocket-version: 13",
        "support-tenant: acme",
    ] {
        assert_eq!(
            sent.matches(&format!("\r\n{field}\r\n")).count(),
            1,
            "{sent}"
        );
    }
    for _ in 0..3 {
        client.send(MASKED).await;
    }
    client.read_until("Hello").await;
    rig.upstream
        .until(|seen| seen[0].bytes.ends_with(&[MASKED, MASKED, MASKED].concat()))
        .await;

    // Each minute the traffic so far is noted in the open row.
    rig.clock.advance(TimeDelta::minutes(1));
    let note = rig.store.noted(1).await.remove(0);
    assert_eq!(note.request_id, rig.store.begun()[0].request_id);
    assert_eq!(
        (note.tally.to_upstream.frames, note.tally.to_client.frames),
        (3, 1)
    );

    drop(client);
    let completed = rig.store.completed(1).await.remove(0);
    assert_eq!(completed.outcome, RequestOutcome::Done);
    assert_eq!(completed.status, Some(101));
    let tally = completed.tally.unwrap();
    assert_eq!((tally.to_upstream.frames, tally.to_upstream.bytes), (3, 33));
    let hash = Sha256::digest([MASKED, MASKED, MASKED].concat());
    assert_eq!(tally.to_upstream.sha256, hex::encode(hash));
    assert_eq!(tally.to_client.sha256, hex::encode(Sha256::digest(PLAIN)));
    assert_eq!((completed.request_bytes, completed.response_bytes), (33, 7));
    let begun = rig.store.begun();
    assert_eq!(begun.len(), 1, "an upgrade is one request");
    let scope = begun[0].scope.as_ref().map(ToString::to_string);
    assert_eq!(scope.as_deref(), Some("live"), "read_only opens nothing");
    assert_eq!(rig.gates.in_flight(rig.session.id), 0);
}

#[tokio::test]
async fn a_subprotocol_passes_and_compression_is_declined() {
    const OFFERS: &str = "Sec-WebSocket-Protocol: chat, superchat\r\n\
                          Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let rig = rig().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}/live/socket-chat"));
    let request = format!("{head}{FIELDS}{OFFERS}\r\n");
    client.send(request.as_bytes()).await;
    let answer = client.read_until("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let answer = answer.to_lowercase();
    let chosen = "\r\nsec-websocket-protocol: chat\r\n";
    assert_eq!(answer.matches(chosen).count(), 1, "{answer}");
    assert!(!answer.contains("sec-websocket-extensions"), "{answer}");
    let sent = rig.upstream.text().to_lowercase();
    let offered = "\r\nsec-websocket-protocol: chat, superchat\r\n";
    assert_eq!(sent.matches(offered).count(), 1, "{sent}");
    assert!(!sent.contains("sec-websocket-extensions"), "{sent}");
    assert!(!sent.contains("permessage-deflate"), "{sent}");
    client.send(MASKED).await;
    client.read_until("Hello").await;
}

#[tokio::test]
async fn a_page_of_a_sessions_host_opens_one_as_a_page_of_the_upstream_and_a_foreign_page_none() {
    let entry = Entry::with(Wanted {
        tables: wanted().tables,
        ..live()
    })
    .await;
    let (own, cookie, upstream) = (entry.origin(), entry.cookie(), entry.rig.upstream.address);
    let ask = async |fields: &str| {
        let mut client = entry.rig.client().await;
        let head = format!(
            "GET {OWN}/live/socket HTTP/1.1\r\nHost: {}\r\n",
            entry.host()
        );
        let request = format!("{head}{FIELDS}Cookie: {cookie}\r\n{fields}\r\n");
        client.send(request.as_bytes()).await;
        let answer = client.read_until("\r\n\r\n").await;
        (client, answer)
    };
    // Browsers send the cookie for every page that asks. A page of another tenant's host is of the same site.
    let metadata = |site: &str| {
        format!(
            "Sec-Fetch-Site: {site}\r\nSec-Fetch-Mode: websocket\r\nSec-Fetch-Dest: websocket\r\n"
        )
    };
    let sibling = own.replace("http://", "http://x");
    let upstreams = format!("http://{upstream}");
    for foreign in ["https://evil.example", "null", &sibling, &upstreams] {
        let origin = format!("Origin: {foreign}\r\n");
        for site in [String::new(), metadata("same-site"), metadata("cross-site")] {
            let (_, answer) = ask(&format!("{origin}{site}")).await;
            assert!(
                answer.starts_with("HTTP/1.1 403 "),
                "{origin}{site}: {answer}"
            );
        }
    }
    let (_, answer) = ask("").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "no origin: {answer}");
    assert_eq!(entry.rig.upstream.bytes(), 0);
    // As browsers ask: without Sec-Fetch-Site.
    let (mut client, answer) = ask(&format!("Origin: {own}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let sent = entry.rig.upstream.text().to_lowercase();
    for field in [
        format!("host: {upstream}"),
        format!("origin: {upstreams}"),
        "upgrade: websocket".to_owned(),
    ] {
        let field = format!("\r\n{field}\r\n");
        assert_eq!(sent.matches(&field).count(), 1, "{field}: {sent}");
    }
    assert!(!sent.contains("cookie:") && !sent.contains(&entry.host()));
    client.send(MASKED).await;
    client.read_until("Hello").await;
}

#[tokio::test]
async fn an_upgrade_needs_a_rule_that_says_so() {
    let rig = rig().await;
    let fields = FIELDS;
    let h2c = fields.replace("websocket", "h2c");
    let both = fields.replace("websocket", "websocket, h2c");
    let old = fields.replace("13", "8");
    for (line, fields, status, code) in [
        (format!("GET {OWN}/other"), fields, 403, "upgrade_refused"),
        (
            format!("GET {OWN}/live/socket"),
            h2c.as_str(),
            403,
            "upgrade_refused",
        ),
        (
            format!("GET {OWN}/live/socket"),
            both.as_str(),
            403,
            "upgrade_refused",
        ),
        (
            format!("GET {OWN}/live/socket"),
            old.as_str(),
            403,
            "upgrade_refused",
        ),
        (
            format!("POST {OWN}/live/socket"),
            fields,
            403,
            "upgrade_refused",
        ),
        (
            "GET /v1/tenants/bolt/live/socket".into(),
            fields,
            403,
            "wrong_tenant",
        ),
    ] {
        let answer = rig.raw(&format!("{}{fields}\r\n", rig.head(&line))).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{line} {fields}"
        );
    }
    assert_eq!(rig.upstream.bytes(), 0);
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn no_byte_of_the_client_passes_before_the_upstream_has_opened() {
    let rig = rig().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}/live/hang"));
    client.send(format!("{head}{FIELDS}\r\n").as_bytes()).await;
    client
        .send(b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    rig.one_request_arrives().await;
    rig.upstream.sent_so_far().await;
    assert!(!rig.upstream.text().contains("smuggled"));
}

#[tokio::test]
async fn an_answer_that_opens_something_else_opens_nothing() {
    for last in [
        "switch",
        "wrong-accept",
        "wrong-protocol",
        "wrong-extension",
    ] {
        let rig = rig().await;
        let (mut client, answer) = ask(&rig, last).await;
        assert!(answer.starts_with("HTTP/1.1 502 "), "{last}: {answer}");
        client.send(MASKED).await;
        let completed = rig.store.completed(1).await.remove(0);
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{last}");
        let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
        assert!(!seen[0].bytes.ends_with(MASKED), "{last}");
    }
}

#[tokio::test]
async fn an_upstream_may_decline_with_an_ordinary_answer() {
    let rig = rig().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}/live/teapot"));
    client.send(format!("{head}{FIELDS}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.status, 418);
    // What follows is a request like any other.
    let next = rig.head("GET /v1/tenants/bolt");
    client.send(format!("{next}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.code(), "wrong_tenant");
}

#[tokio::test]
async fn a_revocation_cuts_a_tunnel_with_a_reset() {
    let rig = rig().await;
    let (mut client, _) = ask(&rig, "socket").await;
    client.send(MASKED).await;
    client.read_until("Hello").await;
    assert_eq!(rig.revoke().await, 1);
    client.send(MASKED).await;
    client.rest().await;
    let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    assert_eq!(seen[0].ended, Some(false), "the upstream is reset");
    let completed = rig.store.completed(1).await.remove(0);
    assert_eq!(completed.outcome, RequestOutcome::Cut);
    assert_eq!(completed.tally.unwrap().to_upstream.frames, 1);
}

#[tokio::test]
async fn a_tunnel_ends_when_the_session_expires() {
    let rig = rig().await;
    let (mut client, _) = ask(&rig, "socket").await;
    rig.clock.advance(TimeDelta::minutes(15));
    client.rest().await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    assert_eq!(
        rig.upstream.until(|seen| seen[0].ended.is_some()).await[0].ended,
        Some(false)
    );
}

#[tokio::test]
async fn what_is_no_frame_ends_the_tunnel_before_it_passes() {
    let rig = rig().await;
    let (mut client, _) = ask(&rig, "socket").await;
    client.send(b"GET /v1/tenants/bolt HTTP/1.1\r\n\r\n").await;
    client.rest().await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    rig.upstream.until(|seen| seen[0].ended.is_some()).await;
    assert!(!rig.upstream.text().contains("bolt"));
}

#[tokio::test]
async fn frames_out_of_their_order_end_the_tunnel_before_they_pass() {
    const CLOSE: &[u8] = b"\x88\x80\x01\x02\x03\x04";
    const CONTINUATION: &[u8] = b"\x80\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    const UNFINISHED: &[u8] = b"\x01\x80\x01\x02\x03\x04";
    for (before, after) in [
        (CLOSE, MASKED),
        (CLOSE, CLOSE),
        (MASKED, CONTINUATION),
        (UNFINISHED, MASKED),
    ] {
        let rig = rig().await;
        let (mut client, _) = ask(&rig, "socket").await;
        client.send(before).await;
        rig.upstream
            .until(|seen| seen[0].bytes.ends_with(before))
            .await;
        client.send(after).await;
        client.rest().await;
        assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
        let seen = rig.upstream.until(|seen| seen[0].ended.is_some()).await;
        assert_eq!(seen[0].ended, Some(false), "the upstream is reset");
        assert!(seen[0].bytes.ends_with(before), "{before:?} {after:?}");
    }
    for last in ["socket-after-close", "socket-of-nothing"] {
        let rig = rig().await;
        let (mut client, _) = ask(&rig, last).await;
        client.send(MASKED).await;
        assert!(!client.rest().await.contains("Hello"), "{last}");
        let completed = rig.store.completed(1).await.remove(0);
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{last}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_asked_to_stop_ends_its_tunnels() {
    let rig = rig().await;
    let (mut client, _) = ask(&rig, "socket").await;
    rig.stop();
    client.rest().await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn what_a_client_sends_after_the_upstreams_last_word_still_arrives() {
    let rig = rig().await;
    let (mut client, answer) = ask(&rig, "socket-half").await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    client.send(MASKED).await;
    let rest = client.rest().await;
    assert!(rest.ends_with("Hello"), "{rest}");
    client.send(MASKED).await;
    rig.upstream
        .until(|seen| seen[0].bytes.ends_with(&[MASKED, MASKED].concat()))
        .await;
    drop(client);
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Done);
    assert_eq!(completed.tally.as_ref().unwrap().to_upstream.frames, 2);
}
