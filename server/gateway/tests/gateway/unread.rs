//! The gateway waits for clients that read slowly, and cuts those that read nothing.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    time::{Instant, sleep, timeout},
};

use crate::support::{Rig, Wanted, frames::FrameClient};

/// The limit for a client that reads nothing, in these tests.
const UNREAD: Duration = Duration::from_secs(2);
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

async fn rig() -> Rig {
    Rig::with(Wanted {
        unread: UNREAD,
        // Of which a session has an eighth.
        places: Some(8 * 8),
        ..Wanted::default()
    })
    .await
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
    let rig = rig().await;
    let mut client = asking(&rig, "/v1/tenants/acme/bytes-60000", 1024, true).await;
    let begun = Instant::now();
    let mut taken = 1024;
    while taken < 60_000 {
        client
            .until(1, |a| a.body.len() >= taken || a.reset.is_some())
            .await;
        sleep(Duration::from_millis(60)).await;
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
    let rig = rig().await;
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
        sleep(Duration::from_millis(30)).await;
    }
    assert!(taken > LENGTH, "{taken}");
    assert!(begun.elapsed() > UNREAD);
}

/// Waits for the reset of an answer of which no more is taken.
async fn time_out(client: &mut FrameClient, what: &str) {
    let begun = Instant::now();
    let answer = client.answer(1).await;
    let waited = begun.elapsed();
    let is_reset = !answer.complete && answer.reset.is_some();
    assert!(is_reset && !client.ended, "{what}: {answer:?}");
    assert!(
        waited + UNREAD / 4 > UNREAD && waited < UNREAD * 2,
        "{what}: {waited:?}"
    );
}

#[tokio::test]
async fn who_never_takes_the_last_of_an_answer_is_timed_over_http_2() {
    let rig = rig().await;
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
        time_out(&mut client, &format!("{path} {window}")).await;
    });
    futures::future::join_all(never).await;
}

#[tokio::test]
async fn who_has_taken_much_is_given_no_more_time_for_the_last_frame() {
    let rig = rig().await;
    let mut client = asking(&rig, "/v1/tenants/acme/bytes-200000", 8000, true).await;
    let mut taken = 8000;
    while taken < 199_999 {
        client.until(1, |a| a.body.len() >= taken).await;
        let more = 8000.min(199_999 - taken);
        for stream in [0, 1] {
            client.grant(stream, u32::try_from(more).unwrap()).await;
        }
        taken += more;
    }
    client.until(1, |a| a.body.len() == 199_999).await;
    time_out(&mut client, "the last byte").await;
}

#[tokio::test]
async fn an_answer_holds_its_place_until_the_client_has_taken_it() {
    let rig = Rig::with(Wanted {
        unread: UNREAD,
        // One of a session.
        places: Some(8),
        ..Wanted::default()
    })
    .await;
    let mut client = asking(&rig, "/v1/tenants/acme/bytes-3000", 2999, true).await;
    client.until(1, |a| a.body.len() == 2999).await;
    rig.store.completed(1).await;
    let ask = async || rig.ask("GET /v1/tenants/acme").await.status;
    let served = async || {
        let asking = async {
            while ask().await != 200 {
                sleep(UNREAD / 100).await;
            }
        };
        timeout(UNREAD / 2, asking).await.expect("a place");
    };
    assert_eq!(ask().await, 429, "the record is complete, the answer isn't");
    client.grant(1, 1).await;
    assert!(client.answer(1).await.complete);
    served().await;
    // And one that it never takes, no longer.
    let mut client = asking(&rig, "/v1/tenants/acme/bytes-3000", 2999, true).await;
    time_out(&mut client, "what holds a place").await;
    served().await;
}
