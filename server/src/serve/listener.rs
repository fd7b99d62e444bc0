//! The listeners of console and metrics: HTTP/1.1 with timeouts for heads, bodies and answers, and
//! a limit of connections for each address, so that no client can take what others need. A client
//! that is still sending when it is refused gets its answer.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo};
use gateway::{
    ReadSoon, UNREAD,
    accept::{MAX_CONNECTIONS, Slots},
    notice_reading,
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::middleware::address::HEAD;

/// The limits of a listener's clients.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// For each request's head.
    head: Duration,
    /// For silence within the body of a request.
    body: Duration,
    /// For a client that reads nothing of an answer.
    unread: Duration,
    /// Connections of one address: a sixteenth of all, because an office may share one.
    per_address: usize,
    /// Connections of one proxy, and of this machine, which are used by many clients.
    per_proxy: usize,
}

const LIMITS: Limits = Limits {
    head: Duration::from_secs(30),
    body: Duration::from_secs(30),
    unread: UNREAD,
    per_address: MAX_CONNECTIONS / 16,
    per_proxy: usize::MAX,
};

/// Serves until `end`, then lets open requests finish. If it is dropped before, they are cut.
/// `proxies` and this machine have no limit.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: Vec<IpNet>,
    end: CancellationToken,
) {
    serve_within(LIMITS, listener, router, proxies, end).await;
}

async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    router: Router,
    proxies: Vec<IpNet>,
    end: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let cut = CancellationToken::new();
    let _cuts = cut.clone().drop_guard();
    let slots = Slots::new("console", MAX_CONNECTIONS);
    let addresses = Addresses::default();
    let router = router.layer(RequestBodyTimeoutLayer::new(limits.body));
    while let Some((slot, (tcp, peer))) = slots.accept(|| listener.accept(), &end).await {
        let ip = peer.ip().to_canonical();
        let is_proxy = ip.is_loopback() || proxies.iter().any(|net| net.contains(&ip));
        let limit = match is_proxy {
            true => limits.per_proxy,
            false => limits.per_address,
        };
        let Some(place) = addresses.take(ip, limit) else {
            tracing::debug!(client.ip = %ip, "an address has too many connections");
            continue;
        };
        let router = router.clone().layer(Extension(ConnectInfo(peer)));
        let (end, cut) = (end.clone(), cut.clone());
        tracker.spawn(async move {
            cut.run_until_cancelled(connection(tcp, router, limits, end))
                .await;
            drop((slot, place));
        });
    }
    drop(listener);
    tracker.close();
    tracker.wait().await;
}

/// How many connections each address has open.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place among those of its address.
struct Place {
    addresses: Addresses,
    network: IpAddr,
}

impl Addresses {
    fn take(&self, ip: IpAddr, limit: usize) -> Option<Place> {
        let network = network(ip);
        let mut open = self.0.lock();
        let count = open.entry(network).or_default();
        if *count >= limit {
            return None;
        }
        *count += 1;
        Some(Place {
            addresses: self.clone(),
            network,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.addresses.0.lock();
        if let Some(count) = open.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.network);
            }
        }
    }
}

/// The owner of one IPv6 address has at least a /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => {
            let prefix = ip.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(prefix).into()
        }
    }
}

async fn connection(tcp: TcpStream, router: Router, limits: Limits, end: CancellationToken) {
    // Otherwise small responses are delayed. A socket that refuses this is about to fail anyway.
    let _ = tcp.set_nodelay(true);
    notice_reading(&tcp);
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(HEAD.seen_fields())
        .serve_connection(
            TokioIo::new(ReadSoon::within(limits.unread, HEAD, tcp)),
            TowerToHyperService::new(router),
        );
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = end.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of the console ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::{body::Bytes, middleware::from_fn, routing::post};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpSocket,
        time::timeout,
    };

    use super::*;

    /// Much longer than the limits of these tests, and shorter than those that are served.
    const LONG: Duration = Duration::from_secs(5);
    const SHORT: Limits = Limits {
        head: Duration::from_millis(300),
        body: Duration::from_millis(300),
        unread: Duration::from_millis(300),
        ..LIMITS
    };

    /// Counts the bytes of a body. With none it answers with megabytes.
    async fn counting(body: Bytes) -> Vec<u8> {
        match body.len() {
            0 => vec![b'x'; 32 << 20],
            length => length.to_string().into_bytes(),
        }
    }

    /// A listener with these limits: where it is, what ends it, and when it has ended.
    async fn serving(
        limits: Limits,
    ) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, end) = (
            Router::new().route("/", post(counting)),
            CancellationToken::new(),
        );
        let serving = serve_within(limits, listener, router, Vec::new(), end.clone());
        (address, end, tokio::spawn(serving))
    }

    /// All that comes until the connection ends; `None` if it doesn't.
    async fn rest(mut client: TcpStream) -> Option<String> {
        let mut read = Vec::new();
        // A reset is an end too.
        let _ = timeout(LONG, client.read_to_end(&mut read)).await.ok()?;
        Some(String::from_utf8_lossy(&read).into_owned())
    }

    #[tokio::test]
    async fn a_client_that_is_silent_in_a_head_or_a_body_is_let_go() {
        let (address, ..) = serving(SHORT).await;
        for (sent, answered) in [
            ("", false),
            ("POST / HTTP/1.1\r\nHost: a\r\n", false),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
                true,
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                true,
            ),
            // And between two requests.
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
                true,
            ),
        ] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(sent.as_bytes()).await.unwrap();
            let rest = rest(client).await;
            let rest = rest.unwrap_or_else(|| panic!("still open after {sent:?}"));
            assert_eq!(rest.starts_with("HTTP/1.1 "), answered, "{sent:?}: {rest}");
        }
    }

    #[tokio::test]
    async fn a_slow_body_that_goes_on_is_read_to_its_end() {
        let (address, ..) = serving(SHORT).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\n";
        client.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..8 {
            tokio::time::sleep(SHORT.body / 3).await;
            client.write_all(b"x").await.unwrap();
        }
        assert!(rest(client).await.unwrap().ends_with("\r\n\r\n8"));
    }

    #[tokio::test]
    async fn a_head_that_is_too_long_is_refused_in_words() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let long = from_fn(crate::middleware::address::refuse_long);
        let router = Router::new().route("/", post(counting)).layer(long);
        let end = CancellationToken::new();
        tokio::spawn(serve_within(LIMITS, listener, router, Vec::new(), end));
        let next = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        for (target, fields, status, words) in [
            (70_000, String::new(), 414, "longer than 32 KiB"),
            (33_000, String::new(), 414, "longer than 32 KiB"),
            (2_000_000, String::new(), 414, "longer than 32 KiB"),
            (
                1,
                "X: 1\r\n".repeat(129),
                431,
                "more than 128 header fields",
            ),
            (
                1,
                format!("Cookie: {}\r\n", "c".repeat(100_000)),
                431,
                "64 KiB",
            ),
            (
                1,
                format!("X: {}\r\n", "x".repeat(9_000)).repeat(100),
                431,
                "64 KiB",
            ),
        ] {
            let mut client = TcpStream::connect(address).await.unwrap();
            let head = format!(
                "POST /?{} HTTP/1.1\r\nHost: a\r\n{fields}",
                "q".repeat(target)
            );
            let request = format!("{head}Content-Length: {}\r\n\r\n{next}", next.len());
            let _ = client.write_all(request.as_bytes()).await;
            let answer = rest(client).await.unwrap();
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            assert!(answer.contains(words), "{answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        }
    }

    /// Sends all of a large body before it reads anything.
    async fn refused(address: SocketAddr, path: &str) -> String {
        const LARGE: usize = 8 << 20;
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGE}\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        // The answer alone counts.
        let _ = client.write_all(&vec![b'x'; LARGE]).await;
        rest(client).await.unwrap_or_default()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_refusal_reaches_a_client_that_is_still_sending_each_time() {
        let (address, ..) = serving(LIMITS).await;
        for round in 0..50 {
            for (path, status) in [("/", "413"), ("/none", "404")] {
                let answer = refused(address, path).await;
                let wanted = format!("HTTP/1.1 {status} ");
                assert!(answer.starts_with(&wanted), "{round} {path}: {answer}");
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_reads_nothing_of_its_answer_holds_up_no_end() {
        let (address, end, serving) = serving(SHORT).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let ask = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
        client.write_all(ask).await.unwrap();
        client.readable().await.unwrap();
        end.cancel();
        timeout(LONG, serving).await.expect("cut").unwrap();
    }

    #[tokio::test]
    async fn an_address_opens_so_many_connections_and_another_its_own() {
        let limits = Limits {
            per_proxy: 2,
            head: LONG * 4,
            ..SHORT
        };
        let (address, ..) = serving(limits).await;
        let ask = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
        let asking = async |from: &str| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
            let mut client = socket.connect(address).await.unwrap();
            // One that is closed at once may not even take this.
            let _ = client.write_all(ask.as_bytes()).await;
            let mut first = [0];
            let read = timeout(LONG, client.read(&mut first)).await.unwrap();
            (client, read.is_ok_and(|length| length == 1))
        };
        let (one, answered) = asking("127.0.0.1").await;
        assert!(answered);
        let (_two, answered) = asking("127.0.0.1").await;
        assert!(answered);
        assert!(!asking("127.0.0.1").await.1, "a third");
        assert!(asking("127.0.0.2").await.1, "another address");
        drop(one);
        let again = async {
            while !asking("127.0.0.1").await.1 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, again).await.expect("its place is free again");
        // What is served limits neither this machine nor proxies, and everyone else.
        assert_eq!((LIMITS.per_proxy, LIMITS.per_address), (usize::MAX, 512));
    }

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let addresses = Addresses::default();
        let take = |ip: &str| addresses.take(ip.parse().unwrap(), 2);
        let held = [take("203.0.113.7"), take("203.0.113.7")];
        assert!(held.iter().all(Option::is_some));
        assert!(take("203.0.113.7").is_none());
        assert!(take("203.0.113.8").is_some(), "another");
        drop(held);
        assert!(take("203.0.113.7").is_some());
        assert!(
            addresses.0.lock().is_empty(),
            "nothing is kept of who has gone"
        );
        let held = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(take("2001:db8::3").is_none(), "the same network");
        drop(held);
    }
}
