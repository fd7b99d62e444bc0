//! HTTP/2 towards the client: the same checks, the same record, the same ends, and no abuse.

use app::domain::access_log::RequestOutcome;

use crate::support::{
    Rig, Wanted,
    frames::{
        ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, FrameClient, HEADERS, StreamAnswer,
        block, frame,
    },
};

const OWN: &str = "/v1/tenants/acme";
const RESET: &str = "reset";

/// The fields of a request with the rig's token.
struct Fields {
    authority: String,
    bearer: String,
}

impl Fields {
    fn of(rig: &Rig) -> Self {
        Self {
            authority: rig.address.to_string(),
            bearer: format!("Bearer {}", rig.token),
        }
    }

    fn get<'f>(&'f self, path: &'f str) -> Vec<(&'f str, &'f str)> {
        self.ask("GET", path)
    }

    fn ask<'f>(&'f self, method: &'f str, path: &'f str) -> Vec<(&'f str, &'f str)> {
        vec![
            (":method", method),
            (":scheme", "http"),
            (":authority", &self.authority),
            (":path", path),
            ("authorization", &self.bearer),
        ]
    }
}

/// A client that has sent a request without a body.
async fn asking(rig: &Rig, fields: &[(&str, &str)]) -> FrameClient {
    let mut client = FrameClient::connect(rig.address).await;
    client.headers(1, fields, true).await;
    client
}

/// A client that has read the beginning of a stream.
async fn streaming() -> (Rig, Fields, FrameClient) {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/stream");
    let mut client = asking(&rig, &fields.get(&path)).await;
    client.until(1, |a| a.text() == "chunk 1;").await;
    (rig, fields, client)
}

/// One request without a body over its own connection.
async fn ask(rig: &Rig, fields: &[(&str, &str)]) -> (StreamAnswer, bool) {
    let mut client = asking(rig, fields).await;
    let answer = client.answer(1).await;
    (answer, client.ended)
}

/// A request with a body of two parts over its own connection.
async fn send(rig: &Rig, fields: &[(&str, &str)], parts: [&[u8]; 2]) -> StreamAnswer {
    let mut client = FrameClient::connect(rig.address).await;
    client.headers(1, fields, false).await;
    client.data(1, parts[0], false).await;
    client.data(1, parts[1], true).await;
    client.answer(1).await
}

#[tokio::test]
async fn a_request_is_recorded_forwarded_and_completed() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/invoices?page=2");
    let mut request = fields.get(&path);
    request.extend([
        ("user-agent", "frames"),
        ("cookie", "a=b"),
        ("cookie", "c=d"),
        ("support-tenant", "bolt"),
        ("te", "trailers"),
    ]);
    let (answer, _) = ask(&rig, &request).await;
    assert_eq!((answer.status, answer.text().as_str()), (Some(200), "ok"));
    assert!(answer.complete && answer.reset.is_none());

    let intent = &rig.store.begun()[0];
    assert_eq!(intent.path, format!("{OWN}/invoices"));
    assert_eq!(intent.user_agent, "frames");
    let sent = rig.upstream.text().to_ascii_lowercase();
    assert!(
        sent.starts_with(&format!("get {path} http/1.1\r\n")),
        "{sent}"
    );
    for field in [
        format!("host: {}", rig.upstream.address),
        "support-tenant: acme".into(),
        "authorization: bearer upstream-credential".into(),
    ] {
        assert_eq!(
            sent.matches(&format!("\r\n{field}\r\n")).count(),
            1,
            "{sent}"
        );
    }
    for never in ["scst_", "cookie", "bolt", "transfer-encoding"] {
        assert!(!sent.contains(never), "{never}: {sent}");
    }
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Done);
    assert_eq!((completed.status, completed.response_bytes), (Some(200), 2));
}

#[tokio::test]
async fn many_requests_at_once_are_each_recorded() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let mut client = FrameClient::connect(rig.address).await;
    let streams: Vec<u32> = (0..50).map(|n| 2 * n + 1).collect();
    for stream in &streams {
        let path = format!("{OWN}/{stream}");
        client.headers(*stream, &fields.get(&path), true).await;
    }
    for stream in &streams {
        assert_eq!(client.answer(*stream).await.status, Some(200));
    }
    assert_eq!(rig.store.begun().len(), 50);
    assert_eq!(rig.store.completed(50).await.len(), 50);
    assert_eq!(rig.upstream.requests(), 50);
}

#[tokio::test]
async fn bodies_keep_their_length_or_are_chunked() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let mut request = fields.ask("POST", OWN);
    let answer = send(&rig, &request, [b"hel", b"lo"]).await;
    assert_eq!(answer.status, Some(200));
    let sent = rig.upstream.text().to_ascii_lowercase();
    assert!(sent.contains("transfer-encoding: chunked\r\n"), "{sent}");
    assert!(!sent.contains("content-length"), "{sent}");

    request.push(("content-length", "5"));
    let answer = send(&rig, &request, [b"hel", b"lo"]).await;
    assert_eq!(answer.status, Some(200));
    let sent = rig.upstream.text();
    assert!(sent.contains("content-length: 5\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\nhello"), "{sent}");

    // An unusual body is not lost either: the upstream sees what was checked.
    let answer = send(&rig, &fields.get(OWN), [b"od", b"d"]).await;
    assert_eq!(answer.status, Some(200));
    let sent = rig.upstream.text();
    assert!(
        sent.contains("odd") || sent.contains("2\r\nod\r\n"),
        "{sent}"
    );
    let bytes: Vec<_> = rig.store.completed(3).await;
    let bytes: Vec<_> = bytes.iter().map(|c| c.request_bytes).collect();
    assert_eq!(bytes, [5, 5, 3]);
}

#[tokio::test]
async fn what_is_malformed_or_ambiguous_never_reaches_the_upstream() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let base = || fields.get(OWN);
    let with = |more: &[(&'static str, &'static str)]| [&base()[..], more].concat();
    let without =
        |name: &str| -> Vec<_> { base().into_iter().filter(|(n, _)| *n != name).collect() };
    let replaced = |name: &str, value: &'static str| -> Vec<(&str, &str)> {
        let replace = |(n, v)| if n == name { (n, value) } else { (n, v) };
        base().into_iter().map(replace).collect()
    };
    let mut attacks: Vec<(Vec<(&str, &str)>, &str)> = vec![
        // Connection-specific fields (RFC 9113 §8.2.2).
        (with(&[("transfer-encoding", "chunked")]), RESET),
        (with(&[("transfer-encoding", "identity")]), RESET),
        (with(&[("connection", "close")]), RESET),
        (with(&[("connection", "support-tenant")]), RESET),
        (with(&[("upgrade", "websocket")]), RESET),
        (with(&[("upgrade", "h2c")]), RESET),
        (with(&[("keep-alive", "1")]), RESET),
        (with(&[("proxy-connection", "close")]), RESET),
        (with(&[("te", "gzip")]), RESET),
        // Pseudo-header fields (§8.3).
        (with(&[(":path", "/v1/tenants/bolt")]), RESET),
        (with(&[(":late", "x")]), RESET),
        (
            [&[(":path", "/v1/tenants/bolt")][..], &base()].concat(),
            RESET,
        ),
        ([&[(":method", "DELETE")][..], &base()].concat(), RESET),
        ([&[(":authority", "bolt")][..], &base()].concat(), RESET),
        ([&[(":scheme", "https")][..], &base()].concat(), RESET),
        ([&[(":status", "200")][..], &base()].concat(), RESET),
        ([&[(":unknown", "x")][..], &base()].concat(), RESET),
        ([&[(":protocol", "websocket")][..], &base()].concat(), RESET),
        (without(":method"), RESET),
        (without(":scheme"), RESET),
        (without(":path"), RESET),
        // Would become a separate line in HTTP/1.1 (§8.2.1).
        (with(&[("accept", "a\r\nsupport-tenant: bolt")]), RESET),
        (with(&[("accept", "a\nb")]), RESET),
        (with(&[("accept", "a\rb")]), RESET),
        (with(&[("accept", "a\0b")]), RESET),
        (with(&[("accept: a\r\nx", "b")]), RESET),
        (with(&[("a b", "c")]), RESET),
        (with(&[("a:b", "c")]), RESET),
        (with(&[("Accept", "c")]), RESET),
        (with(&[("", "c")]), RESET),
        (replaced(":method", "GET / HTTP/1.1\r\nx: y"), RESET),
        (replaced(":method", ""), RESET),
        (replaced(":path", "/ HTTP/1.1\r\nHost: bolt\r\n\r\n"), RESET),
        (replaced(":path", "/a b"), RESET),
        (replaced(":path", ""), RESET),
        (replaced(":authority", "g\r\nx: y"), RESET),
        (replaced(":authority", "a b"), RESET),
        // What the library accepts.
        (with(&[("accept", " a")]), "malformed_request"),
        (
            with(&[("content-length", "0"), ("content-length", "0")]),
            "malformed_request",
        ),
        (
            with(&[("authorization", "Basic YTpi")]),
            "malformed_request",
        ),
        (with(&[("host", "bolt")]), "malformed_request"),
        (without(":authority"), "malformed_request"),
        (replaced(":scheme", "ftp"), "malformed_request"),
        (replaced(":method", "TRACE"), "malformed_request"),
        (replaced(":authority", "bolt"), "wrong_host"),
        (replaced(":authority", "a@bolt"), "wrong_host"),
        (replaced(":path", "/v1/tenants/bolt"), "wrong_tenant"),
        (replaced(":path", "*"), "ambiguous_path"),
        (replaced(":path", "http://bolt/v1/tenants/acme"), RESET),
    ];
    for path in [
        "/v1/tenants/acme/../bolt",
        "/v1/tenants/acme/%2e%2e/bolt",
        "/v1/tenants/acme%2fbolt",
        "/v1/tenants/acme;x",
        "/v1/tenants/acme//x",
        "//bolt/v1/tenants/acme",
        "/v1/tenants/acme\\bolt",
        "/v1/tenants/acme/%00",
        "/v1/tenants/acme/.%./bolt",
        "/v1/tenants/acme%FF",
    ] {
        attacks.push((replaced(":path", path), "ambiguous_path"));
    }
    for (attack, expected) in attacks {
        let (answer, ended) = ask(&rig, &attack).await;
        if expected == RESET {
            assert!(answer.reset.is_some() || ended, "{attack:?}: {answer:?}");
            assert!(answer.status != Some(200), "{attack:?}");
        } else {
            assert_eq!(answer.code(), expected, "{attack:?}: {answer:?}");
        }
        assert_eq!(rig.upstream.bytes(), 0, "{attack:?}");
    }
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn connect_is_refused_in_both_forms() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let plain = [
        (":method", "CONNECT"),
        (":authority", "bolt.example:443"),
        ("authorization", fields.bearer.as_str()),
    ];
    let (answer, _) = ask(&rig, &plain).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (Some(403), "upgrade_refused")
    );
    // RFC 8441 needs a setting that the gateway does not send.
    let mut extended = fields.ask("CONNECT", OWN);
    extended.insert(0, (":protocol", "websocket"));
    let (answer, _) = ask(&rig, &extended).await;
    assert!(
        answer.reset.is_some() || answer.code() == "upgrade_refused",
        "{answer:?}"
    );
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_it_says_never_smuggles() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let inner = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    for (length, parts) in [
        ("0", [&inner[..], b""]),
        ("2", [b"ok", &inner[..]]),
        ("100", [b"ok", b""]),
    ] {
        let mut request = fields.ask("POST", OWN);
        request.push(("content-length", length));
        let answer = send(&rig, &request, parts).await;
        assert!(answer.reset.is_some(), "{length}: {answer:?}");
    }
    // Whatever was begun is reset before it looks complete, and nothing came behind it.
    rig.upstream
        .until(|seen| seen.iter().all(|s| s.ended.is_some() || s.requests < 2))
        .await;
    assert!(!rig.upstream.text().contains("smuggled"));
}

#[tokio::test]
async fn a_trailer_can_not_bring_identity_in() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let mut request = fields.ask("POST", OWN);
    request.push(("trailer", "support-tenant, prefer"));
    let mut client = FrameClient::connect(rig.address).await;
    client.headers(1, &request, false).await;
    client.data(1, b"x", false).await;
    let trailers = [("support-tenant", "bolt"), ("prefer", "y")];
    client.headers(1, &trailers, true).await;
    assert_eq!(client.answer(1).await.status, Some(200));
    let sent = rig.upstream.text();
    assert!(sent.contains("prefer: y"), "{sent}");
    assert!(!sent.contains("bolt"), "{sent}");
}

#[tokio::test]
async fn neither_a_secret_nor_a_token_stands_in_the_record_of_what_is_refused() {
    let rig = Rig::with(Wanted {
        more: r#"hidden = { paths = ["/v1/tenants/{tenant_id}/resets/{secret}"], query = ["code"] }"#,
        ..Wanted::default()
    })
    .await;
    let fields = Fields::of(&rig);
    let paths = [
        "x/../resets/s3cret",
        "%2e/resets/s3cret",
        "resets%2Fs3cret",
        "a%00?code=s3cret",
    ];
    let paths = paths.map(|path| format!("{OWN}/{path}"));
    let mut requests: Vec<_> = paths.iter().map(|path| fields.get(path)).collect();
    requests.push(fields.ask(&rig.token, OWN));
    let lower = rig.token.to_lowercase();
    for field in ["referer", "origin", "if-match", "x-anything", &lower] {
        let mut request = fields.get(OWN);
        request.push((field, &rig.token));
        requests.push(request);
    }
    for request in &requests {
        let (answer, _) = ask(&rig, request).await;
        assert_eq!(answer.status, Some(400), "{request:?}");
    }
    let refused = rig.store.refused();
    assert_eq!(refused.len(), requests.len());
    let recorded = format!("{refused:?}");
    for secret in ["s3cret", &rig.token[5..25], &lower[5..25]] {
        assert!(!recorded.contains(secret), "{recorded}");
    }
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_revocation_cuts_the_sessions_streams_and_no_others() {
    let rig = Rig::new().await;
    let (other, token) = rig.another_session();
    let fields = Fields::of(&rig);
    let others = Fields {
        bearer: format!("Bearer {token}"),
        authority: fields.authority.clone(),
    };
    let path = format!("{OWN}/stream");
    let mut client = asking(&rig, &fields.get(&path)).await;
    client.headers(3, &others.get(&path), true).await;
    client.until(1, |a| a.text() == "chunk 1;").await;
    client.until(3, |a| a.text() == "chunk 1;").await;

    assert_eq!(rig.revoke().await, 1);

    let cut = client.answer(1).await;
    assert!(cut.reset.is_some() && !cut.complete, "{cut:?}");
    assert_eq!(cut.text(), "chunk 1;");
    rig.upstream.allow_chunks(3);
    let on = client.until(3, |a| a.text().contains("chunk 3;")).await;
    assert!(on.reset.is_none(), "another session's stream goes on");
    // And the connection takes new requests, of the ended session only to refuse them.
    client.headers(5, &fields.get(OWN), true).await;
    assert_eq!(client.answer(5).await.code(), "session_revoked");
    client.headers(7, &others.get(OWN), true).await;
    assert_eq!(client.answer(7).await.status, Some(200));
    assert_eq!(rig.gates.in_flight(other.id), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_all_the_same() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/stream");
    let mut client = FrameClient::with_window(rig.address, Some(0)).await;
    client.headers(1, &fields.get(&path), true).await;
    client.until(1, |a| a.status.is_some()).await;
    rig.upstream.allow_chunks(usize::MAX);
    rig.revoke().await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    rig.upstream
        .until(|seen| seen[0].ended == Some(false))
        .await;
    let cut = client.answer(1).await;
    assert!(cut.reset.is_some() && !cut.complete, "{cut:?}");
}

#[tokio::test]
async fn a_request_that_waits_for_its_answer_is_told_of_the_end() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/hang");
    let mut client = asking(&rig, &fields.get(&path)).await;
    rig.one_request_arrives().await;
    rig.revoke().await;
    assert_eq!(client.answer(1).await.code(), "session_revoked");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_reset() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let (answer, _) = ask(&rig, &fields.get(&format!("{OWN}/broken"))).await;
    assert_eq!((answer.status, answer.text().as_str()), (Some(200), "half"));
    assert!(answer.reset.is_some() && !answer.complete);
    let completed = &rig.store.completed(1).await[0];
    assert_eq!(completed.outcome, RequestOutcome::Failed);
}

#[tokio::test]
async fn a_client_that_takes_a_request_back_ends_it_upstream_too() {
    let (rig, fields, mut client) = streaming().await;
    client.reset(1).await;
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
    rig.upstream
        .until(|seen| seen[0].ended == Some(false))
        .await;
    client.headers(3, &fields.get(OWN), true).await;
    assert_eq!(client.answer(3).await.status, Some(200));
}

#[tokio::test]
async fn no_more_streams_are_open_than_the_gateway_allows() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/stream");
    let mut client = FrameClient::connect(rig.address).await;
    for stream in (0..150).map(|n| 2 * n + 1) {
        client.headers(stream, &fields.get(&path), true).await;
    }
    // REFUSED_STREAM (RFC 9113 §8.7), or the end of a connection that ignores the setting.
    let last = client.answer(299).await;
    assert!(last.reset == Some(7) || client.ended, "{last:?}");
    assert!(rig.upstream.requests() <= 100);
}

#[tokio::test]
async fn a_client_that_resets_what_it_asks_for_is_turned_away() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let path = format!("{OWN}/hang");
    let mut client = FrameClient::connect(rig.address).await;
    // Before it has begun.
    for stream in (0..2000).map(|n| 2 * n + 1) {
        client.headers(stream, &fields.get(&path), true).await;
        client.reset(stream).await;
    }
    client.until_it_ends().await;
    assert!(
        rig.store.begun().len() <= 300,
        "{}",
        rig.store.begun().len()
    );

    // Once it is upstream.
    let before = rig.upstream.requests();
    let mut client = FrameClient::connect(rig.address).await;
    let mut asked = 0;
    while !client.ended && asked < 2000 {
        let stream = 2 * asked + 1;
        client.headers(stream, &fields.get(&path), true).await;
        tokio::select! {
            _ = rig.upstream.until(|seen| {
                let all: usize = seen.iter().map(|s| s.requests).sum();
                all > before + asked as usize
            }) => {}
            _ = client.answer(stream) => {}
        }
        client.reset(stream).await;
        asked += 1;
    }
    assert!(asked < 200, "it went on for {asked} requests");
    // Others are served.
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 200);
}

#[tokio::test]
async fn a_client_that_floods_its_connection_with_frames_is_turned_away() {
    // PING, SETTINGS, PRIORITY, WINDOW_UPDATE, PRIORITY_UPDATE, an unknown type.
    for (kind, payload) in [
        (6, &[0; 8][..]),
        (4, &[]),
        (4, &[0, 4, 0, 1, 0, 0]),
        (2, &[0, 0, 0, 0, 1]),
        (8, &[0, 0, 0, 1]),
        (0x10, &[0, 0, 0, 1, b'u']),
        (0xbe, &[]),
    ] {
        let rig = Rig::new().await;
        let mut client = FrameClient::connect(rig.address).await;
        let stream = u32::from(kind == 2);
        let flood = frame(kind, 0, stream, payload).repeat(100);
        for _ in 0..100 {
            client.send(&flood).await;
        }
        client.until_it_ends().await;
        assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 200, "{kind}");
    }
}

#[tokio::test]
async fn empty_frames_of_a_body_are_a_flood_too() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    for (flags, payload) in [(0, &[][..]), (8, &[0])] {
        let mut client = FrameClient::connect(rig.address).await;
        client.headers(1, &fields.ask("POST", OWN), false).await;
        let flood = frame(DATA, flags, 1, payload).repeat(100);
        for _ in 0..100 {
            client.send(&flood).await;
        }
        client.until_it_ends().await;
    }
    assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 200);
}

#[tokio::test]
async fn a_client_that_pings_and_acknowledges_is_served() {
    let (rig, fields, mut client) = streaming().await;
    for stream in (0..100).map(|n| 2 * n + 3) {
        client.frame(6, 0, 0, &[0; 8]).await;
        client.frame(2, 0, stream, &[0, 0, 0, 0, 1]).await;
        client.headers(stream, &fields.get(OWN), true).await;
        assert_eq!(client.answer(stream).await.status, Some(200), "{stream}");
        rig.upstream.allow_chunks(stream as usize);
    }
    let streamed = client
        .until(1, |answer| answer.text().contains("chunk 100;"))
        .await;
    assert!(!streamed.complete && streamed.reset.is_none());
}

#[tokio::test]
async fn a_head_without_an_end_is_not_kept() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let mut client = FrameClient::connect(rig.address).await;
    let head = block(&fields.get(OWN));
    client.frame(HEADERS, END_STREAM, 1, &head).await;
    let more = block(&[("x", &"y".repeat(8000))]);
    for _ in 0..10_000 {
        client.send(&frame(CONTINUATION, 0, 1, &more)).await;
    }
    client.until_it_ends().await;
    // Frames without anything in them are no way around it.
    let mut client = FrameClient::connect(rig.address).await;
    client.frame(HEADERS, END_STREAM, 1, &head).await;
    for _ in 0..100_000 {
        client.send(&frame(CONTINUATION, 0, 1, &[])).await;
    }
    client.until_it_ends().await;
    assert_eq!(rig.upstream.bytes(), 0);
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let rig = Rig::new().await;
    let fields = Fields::of(&rig);
    let long = "y".repeat(15_000);
    // The last is more than the library reads.
    for (frames, code) in [
        (5, "malformed_request"),
        (12, "malformed_request"),
        (14, ""),
    ] {
        let mut client = FrameClient::connect(rig.address).await;
        client
            .frame(HEADERS, END_STREAM, 1, &block(&fields.get(OWN)))
            .await;
        for _ in 0..frames {
            client
                .frame(CONTINUATION, 0, 1, &block(&[("x", &long)]))
                .await;
        }
        client.frame(CONTINUATION, END_HEADERS, 1, &[]).await;
        let answer = client.answer(1).await;
        assert_eq!((answer.status, answer.code().as_str()), (Some(431), code));
    }
    assert_eq!(rig.store.refused().len(), 2);
    let many = [&fields.get(OWN)[..], &[("accept", "a"); 200]].concat();
    let (answer, _) = ask(&rig, &many).await;
    assert_eq!(answer.code(), "malformed_request");
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn an_upgrade_to_another_protocol_is_ignored() {
    // As curl and Java's HttpClient ask for HTTP/2 in clear text, and some proxies always send.
    for asking in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: upgrade\r\nConnection: http2-settings\r\nUpgrade: H2C, TLS/1.3\r\nHTTP2-Settings: \r\n",
        "Connection: upgrade\r\n",
        "Upgrade: h2c\r\n",
    ] {
        let rig = Rig::new().await;
        let mut client = rig.client().await;
        // What follows on the connection is the next request, not a tunnel.
        let post = rig.head(&format!("POST {OWN}/first"));
        let post = format!("{post}{asking}Content-Length: 5\r\n\r\nhello");
        let get = rig.head(&format!("GET {OWN}/second"));
        let get = format!("{get}{asking}Connection: close, accept\r\nAccept: x/y\r\n\r\n");
        client.send(format!("{post}{get}").as_bytes()).await;
        let answers = client.rest().await;
        assert_eq!(answers.matches("HTTP/1.1 200 ").count(), 2, "{answers}");
        assert!(!answers.contains(" 101 "), "{answers}");
        let sent = rig.upstream.text().to_lowercase();
        // A signature may have any letters.
        let sent = sent
            .lines()
            .filter(|line| !line.starts_with("support-identity:"));
        let sent = sent.collect::<Vec<_>>().join("\n");
        for never in ["upgrade", "h2c", "http2-settings", "x/y"] {
            assert!(!sent.contains(never), "{never}: {sent}");
        }
        let paths: Vec<_> = rig.store.begun().into_iter().map(|r| r.path).collect();
        assert_eq!(paths, [format!("{OWN}/first"), format!("{OWN}/second")]);
    }
}

#[tokio::test]
async fn a_listener_that_is_asked_to_stop_lets_streams_end_and_then_ends_them() {
    let (rig, _, mut client) = streaming().await;
    rig.stop();
    client.until_it_ends().await;
    assert!(!client.answer(1).await.complete);
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn a_preface_that_comes_in_pieces_is_understood() {
    let rig = Rig::new().await;
    // "P", "PR" and "PRI" could still become PUT, PROPFIND and nothing else.
    let mut client = rig.client().await;
    client.send(b"P").await;
    client.send(b"R").await;
    let head = rig.head(&format!("OPFIND {OWN}"));
    client.send(format!("{head}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.code(), "out_of_scope");
    let mut frames = FrameClient::connect(rig.address).await;
    frames.frame(6, 0, 0, &[0; 8]).await;
    frames.frame(6, ACK, 0, &[0; 8]).await;
    frames.headers(1, &Fields::of(&rig).get(OWN), true).await;
    assert_eq!(frames.answer(1).await.status, Some(200));
}
