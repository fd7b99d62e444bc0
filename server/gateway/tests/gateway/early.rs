//! Answers that come while the client is still sending.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use app::domain::access_log::{Refusal, RequestOutcome};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::{
    browser::{Entry, wanted},
    support::{
        Rig, Wanted,
        client::{Client, Io},
        frames::FrameClient,
        pki::Pki,
    },
};

const OWN: &str = "/v1/tenants/acme";
/// The upstream answers before the body is there.
const TOO_LARGE: &str = "/v1/tenants/acme/too-large";
/// The gateway answers, where no scope permits it.
const DENIED: &str = "/v1/tenants/acme/x";
const LARGE: usize = 8 * 1024 * 1024;

/// A large POST.
struct Post {
    host: String,
    path: &'static str,
    fields: Vec<(&'static str, String)>,
    /// Whether it says how long its body is.
    says_length: bool,
}

impl Post {
    /// By a program.
    fn of(rig: &Rig, path: &'static str) -> Self {
        Self {
            host: rig.address.to_string(),
            path,
            fields: vec![("authorization", format!("Bearer {}", rig.token))],
            says_length: true,
        }
    }

    /// By a page of the session's host.
    fn from_page(entry: &Entry, path: &'static str) -> Self {
        let fields = [
            ("sec-fetch-site", "same-origin".to_owned()),
            ("sec-fetch-mode", "cors".to_owned()),
            ("sec-fetch-dest", "empty".to_owned()),
            ("cookie", entry.cookie()),
        ];
        Self {
            host: entry.host(),
            fields: fields.into(),
            ..Self::of(&entry.rig, path)
        }
    }

    fn without_length(self) -> Self {
        Self {
            says_length: false,
            ..self
        }
    }

    /// Sends it as a client that reads nothing before it has sent everything, and then reads.
    async fn over_http11(&self, io: impl Io + 'static) -> (u16, String) {
        let (mut reader, mut writer) = tokio::io::split(io);
        let mut head = format!("POST {} HTTP/1.1\r\nHost: {}\r\n", self.path, self.host);
        for (name, value) in &self.fields {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let bytes = vec![b'x'; 64 * 1024];
        let (framing, piece, end) = match self.says_length {
            true => (format!("Content-Length: {LARGE}"), bytes, ""),
            false => {
                let chunk = [&b"10000\r\n"[..], &bytes[..], &b"\r\n"[..]].concat();
                ("Transfer-Encoding: chunked".to_owned(), chunk, "0\r\n\r\n")
            }
        };
        let head = format!("{head}{framing}\r\n\r\n");
        let _ = writer.write_all(head.as_bytes()).await;
        for _ in 0..LARGE / (64 * 1024) {
            if writer.write_all(&piece).await.is_err() {
                break;
            }
        }
        let _ = writer.write_all(end.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = reader.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12).and_then(|status| status.parse().ok());
        (status.unwrap_or(0), answer)
    }

    /// The answer is whole.
    async fn over_http2(&self, io: impl Io + 'static, scheme: &str) -> (u16, String) {
        let length = LARGE.to_string();
        let mut fields = vec![
            (":method", "POST"),
            (":scheme", scheme),
            (":authority", self.host.as_str()),
            (":path", self.path),
        ];
        fields.extend(
            self.fields
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        if self.says_length {
            fields.push(("content-length", length.as_str()));
        }
        let mut client = FrameClient::over(io, None).await;
        client.headers(1, &fields, false).await;
        let sent = client.body(1, LARGE).await;
        let answer = client.answer(1).await;
        assert!(answer.complete, "{answer:?}");
        // Many clients drop an answer whose stream is reset.
        assert_eq!((sent, answer.reset), (LARGE, None), "{scheme}");
        (answer.status.unwrap_or_default(), answer.text())
    }
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

    /// Sends it over its own connection; gives what is answered, which is whole.
    async fn send(self, rig: &Rig, pki: &Pki, post: &Post) -> (u16, String) {
        let io = self.connect(rig, pki).await;
        match self.http2 {
            true => {
                let scheme = if self.tls { "https" } else { "http" };
                post.over_http2(io, scheme).await
            }
            false => post.over_http11(io).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upstreams_early_answer_reaches_the_client_each_time() {
    let pki = Pki::new();
    pki.sign("127.0.0.1");
    for way in TRANSPORTS {
        let rig = way.rig(&pki, &["read_only", "all:write"]).await;
        for round in 0..TIMES {
            let (status, answer) = way.send(&rig, &pki, &Post::of(&rig, TOO_LARGE)).await;
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
            let (status, answer) = way.send(&rig, &pki, &Post::of(&rig, DENIED)).await;
            assert_eq!(status, 403, "{way:?} {round}: {answer}");
            assert!(answer.contains("out_of_scope"), "{way:?} {round}: {answer}");
        }
        let refusals = rig.store.refused();
        assert_eq!(refusals.len(), TIMES, "{way:?}");
        assert!(refusals.iter().all(|r| r.refusal == Refusal::OutOfScope));
        assert_eq!(rig.upstream.bytes(), 0, "{way:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn early_answers_reach_a_client_that_does_not_say_how_much_it_sends() {
    let pki = Pki::new();
    pki.sign("127.0.0.1");
    for way in TRANSPORTS {
        let writing = way.rig(&pki, &["read_only", "all:write"]).await;
        let post = Post::of(&writing, TOO_LARGE).without_length();
        let (status, answer) = way.send(&writing, &pki, &post).await;
        assert_eq!(status, 413, "{way:?}: {answer}");
        assert!(answer.ends_with("big\n"), "{way:?}: {answer}");
        let completed = &writing.store.completed(1).await[0];
        let recorded = (completed.status, completed.outcome);
        assert_eq!(recorded, (Some(413), RequestOutcome::Done), "{way:?}");

        let reading = way.rig(&pki, &["read_only"]).await;
        let post = Post::of(&reading, DENIED).without_length();
        let (status, answer) = way.send(&reading, &pki, &post).await;
        assert_eq!(status, 403, "{way:?}: {answer}");
        assert!(answer.contains("out_of_scope"), "{way:?}: {answer}");
        assert_eq!(reading.upstream.bytes(), 0, "{way:?}");
    }
}

/// An upstream with TLS that answers each head at once and reads no body.
async fn early_over_tls(pki: &Pki) -> SocketAddr {
    let acceptor = pki.acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let Ok(mut tls) = acceptor.accept(tcp).await else {
                continue;
            };
            let (mut head, mut bytes) = (Vec::new(), [0; 4096]);
            while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                match tls.read(&mut bytes).await {
                    Ok(length @ 1..) => head.extend_from_slice(&bytes[..length]),
                    _ => break,
                }
            }
            let answer = "HTTP/1.1 413 X\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbig\n";
            let _ = tls.write_all(answer.as_bytes()).await;
            let _ = tls.shutdown().await;
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_early_answer_of_an_upstream_with_tls_reaches_the_client_each_time() {
    const ROUNDS: usize = 10;
    let (pki, ca) = (Pki::new(), Pki::new());
    pki.sign("127.0.0.1");
    ca.sign("localhost");
    let port = early_over_tls(&ca).await.port();
    for way in TRANSPORTS.into_iter().filter(|way| !way.tls) {
        let rig = Rig::with(Wanted {
            upstream: Some(format!(
                "upstream = \"https://localhost:{port}\"\nupstream_ca = \"{}\"",
                ca.path("ca.pem").display()
            )),
            ..Wanted::default()
        })
        .await;
        for round in 0..ROUNDS {
            let (status, answer) = way.send(&rig, &pki, &Post::of(&rig, TOO_LARGE)).await;
            assert_eq!(status, 413, "{way:?} {round}: {answer}");
            assert!(answer.ends_with("big\n"), "{way:?} {round}: {answer}");
        }
        for completed in rig.store.completed(ROUNDS).await {
            let recorded = (completed.status, completed.outcome);
            assert_eq!(recorded, (Some(413), RequestOutcome::Done), "{way:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn early_answers_reach_a_page_that_is_still_sending() {
    let pki = Pki::new();
    for way in TRANSPORTS.into_iter().filter(|way| !way.tls) {
        for says_length in [true, false] {
            let writing = Entry::new().await;
            let reading = Entry::with(Wanted {
                scopes: &["read_only"],
                ..wanted()
            })
            .await;
            for (entry, path, expected, part) in [
                (&writing, TOO_LARGE, 413, "big\n"),
                (&reading, DENIED, 403, "out_of_scope"),
            ] {
                let post = Post {
                    says_length,
                    ..Post::from_page(entry, path)
                };
                let (status, answer) = way.send(&entry.rig, &pki, &post).await;
                assert_eq!(status, expected, "{way:?} {says_length}: {answer}");
                assert!(answer.contains(part), "{way:?} {says_length}: {answer}");
            }
            assert_eq!(reading.rig.upstream.bytes(), 0, "{way:?}");
        }
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

/// An upstream that answers each head with a refusal, part by part, and reads no body.
async fn early_in_parts() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        // If they were closed with unread bytes, they would be reset.
        let mut answered = Vec::new();
        while let Ok((mut tcp, _)) = listener.accept().await {
            tcp.set_nodelay(true).unwrap();
            let (mut head, mut bytes) = (Vec::new(), [0; 4096]);
            while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                match tcp.read(&mut bytes).await {
                    Ok(length @ 1..) => head.extend_from_slice(&bytes[..length]),
                    _ => break,
                }
            }
            for part in [
                "HTTP/1.1 413 X\r\nTransfer-Encoding: chunked\r\n\r\n",
                "4\r\nbig\n\r\n",
                "0\r\n\r\n",
            ] {
                let _ = tcp.write_all(part.as_bytes()).await;
                // Everybody else gets a turn before the next part.
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
            }
            answered.push(tcp);
        }
    });
    address
}

// On one thread: the library doesn't hand over the head and the rest of an answer in one step.
#[tokio::test]
async fn over_http_2_the_answer_is_whole_for_a_client_that_stops_at_its_head() {
    let port = early_in_parts().await.port();
    let rig = Rig::with(Wanted {
        upstream: Some(format!("upstream = \"http://127.0.0.1:{port}\"")),
        ..Wanted::default()
    })
    .await;
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let (path, length) = (format!("{OWN}/x"), LARGE.to_string());
    let mut fields = posting(&authority, &bearer, &path).to_vec();
    fields.push(("content-length", length.as_str()));
    for round in 0..TIMES {
        let mut client = FrameClient::connect(rig.address).await;
        client.headers(1, &fields, false).await;
        client.data(1, &[b'x'; 16_000], false).await;
        let begun = client.until(1, |answer| answer.status.is_some()).await;
        assert_eq!(begun.status, Some(413), "{round}: {begun:?}");
        // Less than it has declared. The stream may be reset for that.
        client.data(1, b"", true).await;
        let answer = client.answer(1).await;
        assert!(answer.complete, "{round}: {answer:?}");
        assert_eq!(answer.text(), "big\n", "{round}");
    }
    for completed in rig.store.completed(TIMES).await {
        let recorded = (completed.status, completed.outcome);
        assert_eq!(recorded, (Some(413), RequestOutcome::Done));
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
async fn a_client_that_waits_to_be_asked_is_asked_for_nothing_that_would_not_be_sent_on() {
    let refusing = Rig::with(Wanted {
        scopes: &["read_only"],
        ..Wanted::default()
    });
    let broken = Rig::new().await;
    broken.store.break_down();
    // Nothing listens there.
    let unreachable = Rig::with(Wanted {
        upstream: Some("upstream = \"http://127.0.0.1:1\"".to_owned()),
        ..Wanted::default()
    });
    for (rig, status) in [
        (refusing.await, 403),
        (broken, 503),
        (unreachable.await, 502),
    ] {
        let (_, answer) = waiting(&rig, DENIED, LARGE).await;
        let first = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&first), "{status}: {answer}");
    }
}

/// A client that sends a body only when it is asked for it, and what it is answered at first.
async fn waiting(rig: &Rig, path: &str, length: usize) -> (Client, String) {
    let mut client: Client = rig.client().await;
    let head = rig.head(&format!("POST {path}"));
    let head = format!("{head}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
    client.send(head.as_bytes()).await;
    let answer = client.read_until("\r\n\r\n").await;
    (client, answer)
}

#[tokio::test]
async fn the_upstream_decides_by_the_head_whether_a_body_is_asked_for() {
    let rig = Rig::new().await;
    let (_, refused) = waiting(&rig, TOO_LARGE, LARGE).await;
    assert!(refused.starts_with("HTTP/1.1 413 "), "{refused}");
    let head = rig.upstream.text().to_ascii_lowercase();
    assert!(head.contains("\r\nexpect: 100-continue\r\n"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "nothing of the body: {head}");

    let (mut client, asked) = waiting(&rig, OWN, 4).await;
    assert_eq!(asked, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"body").await;
    client.read_until("HTTP/1.1 200 ").await;
    assert!(rig.upstream.text().ends_with("\r\n\r\nbody"));
}

// The upstream would take the next request for the body that never came.
#[tokio::test]
async fn nothing_follows_a_head_whose_body_was_never_sent() {
    let port = early_in_parts().await.port();
    let rig = Rig::with(Wanted {
        upstream: Some(format!("upstream = \"http://127.0.0.1:{port}\"")),
        ..Wanted::default()
    })
    .await;
    for _ in 0..3 {
        let (_client, answer) = waiting(&rig, OWN, LARGE).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
}
