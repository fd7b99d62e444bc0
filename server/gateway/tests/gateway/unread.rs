//! The gateway waits for clients that read slowly, and cuts those that read nothing.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::{Instant, sleep, timeout},
};

use crate::support::{Rig, frames::FrameClient};

/// The limit for a client that reads nothing.
const UNREAD: Duration = Duration::from_secs(15);
/// Longer than any of this takes.
const LONG: Duration = Duration::from_mins(1);

/// The fields of a request over HTTP/2, without the credential.
fn fields<'f>(authority: &'f str, path: &'f str) -> Vec<(&'f str, &'f str)> {
    vec![
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", authority),
        (":path", path),
    ]
}

/// Asks over HTTP/2, with a window of this size for each stream.
async fn asking(rig: &Rig, path: &str, window: u32, with_token: bool) -> FrameClient {
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let mut fields = fields(&authority, path);
    if with_token {
        fields.push(("authorization", &bearer));
    }
    let client = FrameClient::with_window(rig.address, Some(window)).await;
    let mut client = client.waiting(LONG);
    client.headers(1, &fields, true).await;
    client
}

#[tokio::test]
async fn a_slow_reader_gets_the_whole_of_a_large_answer_over_http_2() {
    let rig = Rig::new().await;
    let mut client = asking(&rig, "/v1/tenants/acme/bytes-60000", 1024, true).await;
    let begun = Instant::now();
    let mut taken = 1024;
    while taken < 60_000 {
        client
            .until(1, |a| a.body.len() >= taken || a.reset.is_some())
            .await;
        sleep(Duration::from_millis(350)).await;
        client.grant(1, 1024).await;
        taken += 1024;
    }
    let answer = client.answer(1).await;
    assert_eq!((answer.body.len(), answer.reset), (60_000, None));
    assert!(answer.complete && begun.elapsed() > UNREAD);
}

#[tokio::test]
async fn a_slow_reader_gets_the_whole_of_a_large_answer_over_http_11() {
    const LENGTH: usize = 500_000;
    let rig = Rig::new().await;
    let socket = TcpSocket::new_v4().unwrap();
    // Little of the answer finds room on the client's side.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut tcp = socket.connect(rig.address).await.unwrap();
    let head = rig.head(&format!("GET /v1/tenants/acme/bytes-{LENGTH}"));
    let head = format!("{head}Connection: close\r\n\r\n");
    tcp.write_all(head.as_bytes()).await.unwrap();
    let (begun, mut taken, mut piece) = (Instant::now(), 0, [0; 4096]);
    loop {
        let read = timeout(LONG, tcp.read(&mut piece)).await.unwrap();
        match read.expect("it was not reset") {
            0 => break,
            more => taken += more,
        }
        sleep(Duration::from_millis(180)).await;
    }
    assert!(taken > LENGTH, "{taken}");
    assert!(begun.elapsed() > UNREAD);
}

#[tokio::test]
async fn who_never_takes_the_last_of_an_answer_is_timed_over_http_2() {
    let rig = Rig::new().await;
    // Of an answer of "ok", of a larger one, of one without a length, and of a refusal.
    let cases = [
        ("/v1/tenants/acme", 0, true),
        ("/v1/tenants/acme", 1, true),
        ("/v1/tenants/acme/bytes-3000", 2999, true),
        ("/v1/tenants/acme/trailers", 1, true),
        ("/v1/tenants/acme", 20, false),
    ];
    let never = cases.map(async |(path, window, with_token)| {
        let mut client = asking(&rig, path, window, with_token).await;
        client.until(1, |a| a.status.is_some()).await;
        let begun = Instant::now();
        let answer = client.answer(1).await;
        let waited = begun.elapsed();
        let is_reset = !answer.complete && answer.reset.is_some();
        assert!(is_reset && !client.ended, "{path} {window}: {answer:?}");
        assert!(
            waited + Duration::from_secs(1) > UNREAD && waited < UNREAD * 2,
            "{waited:?}"
        );
    });
    futures::future::join_all(never).await;
}
