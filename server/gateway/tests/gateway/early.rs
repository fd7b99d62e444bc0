//! Answers that come while the client is still sending.

use std::time::Duration;

use app::domain::access_log::{Refusal, RequestOutcome};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::support::{
    Rig, Wanted,
    client::{Client, Io},
    frames::FrameClient,
    pki::Pki,
};

const OWN: &str = "/v1/tenants/acme";
const LARGE: usize = 8 * 1024 * 1024;

/// Sends a large body, as a client that reads nothing before it has sent everything, and then reads.
async fn send_all(io: impl Io + 'static, head: &str) -> (u16, String) {
    let (mut reader, mut writer) = tokio::io::split(io);
    let head = format!("{head}Content-Length: {LARGE}\r\n\r\n");
    let _ = writer.write_all(head.as_bytes()).await;
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..LARGE / piece.len() {
        if writer.write_all(&piece).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _ = reader.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|status| status.parse().ok());
    (status.unwrap_or(0), answer)
}

/// How a client reaches the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Transport {
    http2: bool,
    tls: bool,
}

const TRANSPORTS: [Transport; 4] = [
    Transport {
        http2: false,
        tls: false,
    },
    Transport {
        http2: false,
        tls: true,
    },
    Transport {
        http2: true,
        tls: false,
    },
    Transport {
        http2: true,
        tls: true,
    },
];

/// How often the answer must arrive, of as many times.
const TIMES: usize = 50;

impl Transport {
    async fn rig(self, pki: &Pki, scopes: &'static [&'static str]) -> Rig {
        let (scheme, tables) = match self.tls {
            true => ("https", pki.table()),
            false => ("http", String::new()),
        };
        Rig::with(Wanted {
            scopes,
            scheme,
            tables,
            ..Wanted::default()
        })
        .await
    }

    async fn connect(self, rig: &Rig, pki: &Pki) -> Box<dyn Io> {
        let protocol = if self.http2 { "h2" } else { "http/1.1" };
        match self.tls {
            true => Box::new(pki.connect(rig.address, &[protocol]).await.unwrap()),
            false => Box::new(TcpStream::connect(rig.address).await.unwrap()),
        }
    }

    /// Sends a large POST over its own connection; gives what is answered, which is whole.
    async fn post(self, rig: &Rig, pki: &Pki, path: &str) -> (u16, String) {
        let io = self.connect(rig, pki).await;
        if !self.http2 {
            return send_all(io, &rig.head(&format!("POST {path}"))).await;
        }
        let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
        let length = LARGE.to_string();
        let scheme = if self.tls { "https" } else { "http" };
        let fields = [
            (":method", "POST"),
            (":scheme", scheme),
            (":authority", authority.as_str()),
            (":path", path),
            ("authorization", bearer.as_str()),
            ("content-length", length.as_str()),
        ];
        let mut client = FrameClient::over(io, None).await;
        client.headers(1, &fields, false).await;
        let sent = client.body(1, LARGE).await;
        let answer = client.answer(1).await;
        assert!(answer.complete, "{answer:?}");
        // Many clients drop an answer whose stream is reset.
        assert_eq!((sent, answer.reset), (LARGE, None), "{self:?}");
        (answer.status.unwrap_or_default(), answer.text())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_early_answer_reaches_the_client_each_time() {
    let pki = Pki::new();
    pki.sign("127.0.0.1");
    for way in TRANSPORTS {
        let rig = way.rig(&pki, &["read_only", "all:write"]).await;
        for round in 0..TIMES {
            let (status, answer) = way.post(&rig, &pki, &format!("{OWN}/too-large")).await;
            assert_eq!(status, 413, "{way:?} {round}: {answer}");
            assert!(answer.ends_with("big\n"), "{way:?} {round}: {answer}");
        }
        for completed in rig.store.completed(TIMES).await {
            assert_eq!(completed.status, Some(413), "{way:?}");
            assert_eq!(completed.outcome, RequestOutcome::Done, "{way:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_a_client_that_is_still_sending_each_time() {
    let pki = Pki::new();
    pki.sign("127.0.0.1");
    for way in TRANSPORTS {
        let rig = way.rig(&pki, &["read_only"]).await;
        for round in 0..TIMES {
            let (status, answer) = way.post(&rig, &pki, &format!("{OWN}/x")).await;
            assert_eq!(status, 403, "{way:?} {round}: {answer}");
            assert!(answer.contains("out_of_scope"), "{way:?} {round}: {answer}");
        }
        let refusals = rig.store.refused();
        assert_eq!(refusals.len(), TIMES, "{way:?}");
        assert!(refusals.iter().all(|r| r.refusal == Refusal::OutOfScope));
        assert_eq!(rig.upstream.bytes(), 0, "{way:?}");
    }
}

#[tokio::test]
async fn over_http_2_the_stream_ends_and_the_answer_is_whole() {
    let rig = Rig::new().await;
    let reading = Rig::with(Wanted {
        scopes: &["read_only"],
        ..Wanted::default()
    })
    .await;
    for (rig, path, status) in [(&rig, "too-large", 413), (&reading, "x", 403)] {
        let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
        let path = format!("{OWN}/{path}");
        let length = LARGE.to_string();
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", authority.as_str()),
            (":path", path.as_str()),
            ("authorization", bearer.as_str()),
            ("content-length", length.as_str()),
        ];
        let mut client = FrameClient::connect(rig.address).await;
        client.headers(1, &fields, false).await;
        for _ in 0..3 {
            client.data(1, &[b'x'; 16_000], false).await;
        }
        let answer = client.answer(1).await;
        assert_eq!(answer.status, Some(status));
        assert!(answer.complete, "{answer:?}");
        // The connection continues.
        let get = [
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", authority.as_str()),
            (":path", OWN),
            ("authorization", bearer.as_str()),
        ];
        client.headers(3, &get, true).await;
        assert_eq!(client.answer(3).await.status, Some(200));
    }
}

/// The fields of a POST over HTTP/2.
fn posting<'f>(authority: &'f str, bearer: &'f str, path: &'f str) -> [(&'f str, &'f str); 5] {
    [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", authority),
        (":path", path),
        ("authorization", bearer),
    ]
}

#[tokio::test]
async fn over_http_2_a_client_that_sends_endlessly_is_ended() {
    let unread = Duration::from_millis(500);
    let rig = Rig::with(Wanted {
        scopes: &["read_only"],
        unread,
        ..Wanted::default()
    })
    .await;
    let authority = rig.address.to_string();
    let path = format!("{OWN}/x");
    for token in [rig.token.as_str(), "scst_unknown"] {
        let begun = Instant::now();
        let bearer = format!("Bearer {token}");
        let mut client = FrameClient::connect(rig.address).await;
        let fields = posting(&authority, &bearer, &path);
        client.headers(1, &fields, false).await;
        let sent = client.body(1, usize::MAX).await;
        assert!(sent > 1024 * 1024, "{sent}");
        let answer = client.answer(1).await;
        assert!(matches!(answer.status, Some(401 | 403)), "{answer:?}");
        assert_eq!(answer.reset, Some(0), "{answer:?}");
        // Its next request isn't served, and what it still sends ends the connection.
        client.headers(3, &fields, false).await;
        for _ in 0..1000 {
            client.data(1, &[b'x'; 1000], false).await;
        }
        client.until_it_ends().await;
        assert_eq!(client.answer(3).await.status, None);
        assert!(begun.elapsed() < unread * 10, "{:?}", begun.elapsed());
    }
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn over_http_2_a_stream_that_sends_endlessly_takes_no_room_from_others() {
    let rig = Rig::new().await;
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let mut client = FrameClient::connect(rig.address).await;
    let path = format!("{OWN}/too-large");
    client
        .headers(1, &posting(&authority, &bearer, &path), false)
        .await;
    // More than the connection's window.
    client.body(1, 4 * 1024 * 1024).await;
    assert_eq!(client.answer(1).await.status, Some(413));
    client
        .headers(3, &posting(&authority, &bearer, OWN), false)
        .await;
    client.data(3, &[b'x'; 16_000], true).await;
    let answer = client.answer(3).await;
    assert_eq!((answer.status, answer.reset), (Some(200), None));
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_sends_nothing_of_what_is_refused() {
    let rig = Rig::with(Wanted {
        scopes: &["read_only"],
        ..Wanted::default()
    })
    .await;
    let mut client: Client = rig.client().await;
    let head = rig.head(&format!("POST {OWN}/x"));
    let head = format!("{head}Expect: 100-continue\r\nContent-Length: {LARGE}\r\n\r\n");
    client.send(head.as_bytes()).await;
    let rest = client.rest().await;
    assert!(
        rest.starts_with("HTTP/1.1 403"),
        "and no 100 before: {rest}"
    );
}
