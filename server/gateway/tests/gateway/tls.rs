//! The gateway's own TLS, and who may connect in clear text.

use std::{
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::Arc,
    time::Duration,
};

use app::domain::access_log::RequestOutcome;
use tokio::io::AsyncWriteExt;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::support::{
    Rig, Wanted,
    client::{Client, PATIENCE},
    frames::FrameClient,
    pki::Pki,
    upstream::Upstream,
};

const OWN: &str = "/v1/tenants/acme";

async fn rig() -> (Rig, Pki) {
    let pki = Pki::new();
    pki.sign("127.0.0.1");
    let rig = Rig::with(Wanted {
        scheme: "https",
        tables: pki.table(),
        ..Wanted::default()
    })
    .await;
    (rig, pki)
}

async fn http11(rig: &Rig, pki: &Pki) -> Client {
    let tls = pki.connect(rig.address, &["http/1.1"]).await.unwrap();
    Client::over(tls)
}

#[tokio::test]
async fn over_tls_the_client_chooses_what_is_spoken() {
    let (rig, pki) = rig().await;
    let request = format!("{}\r\n", rig.head(&format!("GET {OWN}/1")));
    for protocols in [&["http/1.1"][..], &[]] {
        let tls = pki.connect(rig.address, protocols).await.unwrap();
        let mut client = Client::over(tls);
        client.send(request.as_bytes()).await;
        assert_eq!(client.answer().await.status, 200);
    }
    let tls = pki.connect(rig.address, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut client = FrameClient::over(tls, None).await;
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    for (stream, scheme, status) in [(1, "https", 200), (3, "http", 400)] {
        let fields = [
            (":method", "GET"),
            (":scheme", scheme),
            (":authority", authority.as_str()),
            (":path", OWN),
            ("authorization", bearer.as_str()),
        ];
        client.headers(stream, &fields, true).await;
        assert_eq!(client.answer(stream).await.status, Some(status), "{scheme}");
    }
    let other = pki.connect(rig.address, &["spdy/3"]).await;
    assert!(other.is_err(), "a protocol that nobody speaks here");
}

#[tokio::test]
async fn the_upstream_is_told_that_a_request_came_over_tls() {
    let (rig, pki) = rig().await;
    let mut client = http11(&rig, &pki).await;
    // No word of a client counts.
    let lies = "X-Forwarded-Proto: http\r\nForwarded: proto=http\r\n";
    let head = rig.head(&format!("GET {OWN}/1"));
    client.send(format!("{head}{lies}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    let sent = rig.upstream.text().to_ascii_lowercase();
    assert!(sent.contains("\r\nx-forwarded-proto: https\r\n"), "{sent}");
    let forwarded = format!(
        "\r\nforwarded: for=127.0.0.1;host=\"{}\";proto=https\r\n",
        rig.upstream.address
    );
    assert!(sent.contains(&forwarded), "{sent}");
    assert!(!sent.contains("proto: http\r\n") && !sent.contains("proto=http\r\n"));
}

#[tokio::test]
async fn clear_text_gets_nothing_where_there_is_tls() {
    let (rig, _pki) = rig().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("GET {OWN}"));
    client.send(format!("{head}\r\n").as_bytes()).await;
    assert!(!client.rest().await.contains("HTTP/"));
    let mut frames = FrameClient::connect(rig.address).await;
    frames.until_it_ends().await;
    assert!(rig.store.begun().is_empty() && rig.upstream.bytes() == 0);
}

#[tokio::test]
async fn a_revocation_cuts_over_tls_too() {
    let (rig, pki) = rig().await;
    let mut client = http11(&rig, &pki).await;
    let head = rig.head(&format!("GET {OWN}/stream"));
    client.send(format!("{head}\r\n").as_bytes()).await;
    client.read_until("chunk 1;").await;
    rig.revoke().await;
    assert!(!client.rest().await.contains("0\r\n\r\n"));
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn a_new_certificate_is_taken_and_no_connection_is_dropped() {
    let (rig, pki) = rig().await;
    let mut before = http11(&rig, &pki).await;
    pki.sign("127.0.0.1");
    let new = CertificateDer::from_pem_file(pki.path("cert.pem")).unwrap();
    let taken = async {
        loop {
            let tls = pki.connect(rig.address, &[]).await.unwrap();
            if tls.get_ref().1.peer_certificates().unwrap()[0] == new {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE * 3, taken)
        .await
        .expect("the old certificate is still shown");
    let head = rig.head(&format!("GET {OWN}/x"));
    before.send(format!("{head}\r\n").as_bytes()).await;
    assert_eq!(before.answer().await.status, 200);
}

#[tokio::test]
async fn clear_text_from_another_machine_is_not_as_much_as_read() {
    // This machine's address from outside; none without a network.
    let probe = UdpSocket::bind("0.0.0.0:0").unwrap();
    let outside = match probe.connect("192.0.2.1:9") {
        Ok(()) => probe.local_addr().unwrap().ip(),
        Err(_) => return,
    };
    let rig = Rig::with(Wanted {
        listen: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        scheme: "https",
        ..Wanted::default()
    })
    .await;
    let mut client = Client::connect((outside, rig.address.port()).into()).await;
    client
        .send(rig.head(&format!("GET {OWN}")).as_bytes())
        .await;
    assert_eq!(client.rest().await, "");
    assert!(rig.store.refused().is_empty() && rig.store.begun().is_empty());
    // From this machine itself it is served.
    let mut client = Client::connect((Ipv4Addr::LOCALHOST, rig.address.port()).into()).await;
    let head = rig.head(&format!("GET {OWN}/x"));
    client.send(format!("{head}\r\n").as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
}

/// A gateway whose upstream is `https://{host}:…`, before `upstream`.
async fn before_tls(upstream: &Upstream, pki: &Pki, host: &str, ca: &Pki) -> Rig {
    let port = pki.before(upstream.address).await.port();
    let lines = format!(
        "upstream = \"https://{host}:{port}\"\nupstream_ca = \"{}\"",
        ca.path("ca.pem").display()
    );
    Rig::before(
        upstream.clone(),
        Wanted {
            upstream: Some(lines),
            ..Wanted::default()
        },
    )
    .await
}

#[tokio::test]
async fn an_upstream_with_tls_gets_what_one_without_gets() {
    let (upstream, pki) = (Upstream::start().await, Pki::new());
    pki.sign("localhost");
    let rig = before_tls(&upstream, &pki, "localhost", &pki).await;
    for number in 0..3 {
        assert_eq!(rig.ask(&format!("GET {OWN}/{number}")).await.status, 200);
    }
    assert!(upstream.text().contains("support-tenant: acme\r\n"));
    assert_eq!(upstream.seen().len(), 1, "one connection is kept alive");
}

#[tokio::test]
async fn an_upload_over_tls_is_cut() {
    let (upstream, pki) = (Upstream::start().await, Pki::new());
    pki.sign("localhost");
    let rig = before_tls(&upstream, &pki, "localhost", &pki).await;
    let mut client = rig.uploading("x", &upstream).await;
    rig.revoke().await;
    client.send(b"3\r\ntwo\r\n0\r\n\r\n").await;
    let seen = upstream.until(|seen| seen[0].ended.is_some()).await;
    assert!(!seen[0].text().contains("two") && !seen[0].text().contains("0\r\n\r\n"));
    assert_eq!(rig.store.completed(1).await[0].outcome, RequestOutcome::Cut);
}

#[tokio::test]
async fn an_upstream_that_is_not_who_it_should_be_gets_nothing_and_one_is_told_what_to_change() {
    let (upstream, other) = (Upstream::start().await, Pki::new());
    let (ours, named, expired) = (Pki::new(), Pki::new(), Pki::new());
    ours.sign("localhost");
    named.sign("elsewhere.example");
    expired.sign_until("localhost", 2020);
    for (shown, ca, part) in [
        (&ours, &other, "gateway.upstream_ca"),
        (&named, &named, "for another name"),
        (&expired, &expired, "has expired: renew it"),
    ] {
        let rig = before_tls(&upstream, shown, "localhost", ca).await;
        let answer = rig.ask(&format!("GET {OWN}/x")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (502, "upstream_failed"),
            "{part}"
        );
        assert_eq!(upstream.bytes(), 0, "{part}");
        let completed = &rig.store.completed(1).await[0];
        assert_eq!(completed.outcome, RequestOutcome::Failed, "{part}");
        let told = probe(&rig).await;
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[tokio::test]
async fn an_upstream_without_tls_or_without_anyone_is_told_apart() {
    let (upstream, pki) = (Upstream::start().await, Pki::new());
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let without_tls = plain.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = plain.accept().await {
            let _ = tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = gone.local_addr().unwrap();
    drop(gone);
    for (url, part) in [
        (format!("https://{without_tls}"), "doesn't speak TLS"),
        (format!("http://{nobody}"), "start the upstream"),
        (format!("https://{nobody}"), "start the upstream"),
    ] {
        let ca = if url.starts_with("https") {
            format!("upstream_ca = \"{}\"", pki.path("ca.pem").display())
        } else {
            String::new()
        };
        let wanted = Wanted {
            upstream: Some(format!("upstream = \"{url}\"\n{ca}")),
            ..Wanted::default()
        };
        let rig = Rig::before(upstream.clone(), wanted).await;
        assert_eq!(rig.ask(&format!("GET {OWN}/x")).await.status, 502);
        let told = probe(&rig).await;
        assert!(told.contains(part), "{part}: {told}");
    }
}

/// What `doctor` would say of the one upstream.
async fn probe(rig: &Rig) -> String {
    let settings = Arc::new(rig.settings());
    let mut probed = settings.probe_upstreams().await;
    probed.remove(0).1.unwrap_err()
}
