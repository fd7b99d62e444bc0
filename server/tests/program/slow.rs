//! A thousand slow clients: a support session is still served, memory is bounded, and the gateway
//! waits for none of them for long.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::Instant,
};

use crate::support::prelude::*;

const MIB: u64 = 1024 * 1024;
/// The most memory that a slow client may take, in bytes.
const EACH: u64 = 96 * 1024;
/// Longer than any of them may stay.
const LONG: Duration = Duration::from_secs(150);
/// The preface of HTTP/2, and settings that give each stream no window (RFC 9113 §3.4, §6.5).
const NO_WINDOW: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0";
/// `GET /` with the indices of the static table (RFC 7541 §6.1), `:authority` `x`, on stream 1.
const REFUSED: &[u8] = b"\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01x";

async fn ask(program: &Program, session: &Granted) -> Answer {
    crate::support::ask(program.gateway, "x", &session.token).await
}

/// Sends this, and then nothing more, and reads nothing.
async fn stalls(gateway: SocketAddr, bytes: &'static [u8]) -> TcpStream {
    let mut tcp = TcpStream::connect(gateway).await.unwrap();
    tcp.write_all(bytes).await.unwrap();
    tcp
}

/// Sends refused requests again and again, and never reads a response.
async fn never_reads(gateway: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Its receive buffer is small.
    socket.set_recv_buffer_size(4096).unwrap();
    let tcp = socket.connect(gateway).await.unwrap();
    let requests = "GET /v1/tenants/acme/x HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    let mut sent = 0;
    // Until neither side's buffers take more, or enough that they would.
    while sent < 16 * MIB {
        let writable = tokio::time::timeout(Duration::from_millis(300), tcp.writable());
        let Ok(Ok(())) = writable.await else { break };
        match tcp.try_write(requests.as_bytes()) {
            Ok(more) => sent += more as u64,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => break,
        }
    }
    tcp
}

/// Lets its connection look alive, but takes no answer.
async fn takes_no_answer(gateway: SocketAddr) {
    const PING: u8 = 6;
    let mut tcp = stalls(gateway, NO_WINDOW).await;
    tcp.write_all(REFUSED).await.unwrap();
    let mut head = [0; 9];
    while tcp.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        if tcp.read_exact(&mut payload).await.is_err() {
            return;
        }
        if head[3] == PING && head[4] == 0 {
            let answer = [&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &payload].concat();
            let _ = tcp.write_all(&answer).await;
        }
    }
}

#[tokio::test]
async fn a_thousand_slow_clients_delay_nobody_and_are_disconnected() {
    let upstream = Upstream::start().await;
    let program = Program::start_in_memory(upstream.address, BY_PATH).await;
    let (_, staff) = acme_and_jo(&program).await;
    let session = staff.create_session("acme", None).await;
    assert_eq!(ask(&program, &session).await.status, 200);
    let (memory, files) = (program.memory(), program.open_files());

    let mut slow = Vec::new();
    for bytes in [
        &b""[..],
        b"GET /v1/tenants/acme/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bea",
        b"GET /v1/tenants/acme/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
        b"PRI * HTTP/2.0\r\n\r\nS",
        NO_WINDOW,
    ] {
        for _ in 0..160 {
            slow.push(stalls(program.gateway, bytes).await);
        }
    }
    let mut tasks = JoinSet::new();
    for _ in 0..170 {
        tasks.spawn(takes_no_answer(program.gateway));
    }
    let greedy = (0..30).map(|_| never_reads(program.gateway));
    slow.extend(futures::future::join_all(greedy).await);

    for _ in 0..20 {
        assert_eq!(ask(&program, &session).await.status, 200);
    }
    let grown = program.memory().saturating_sub(memory);
    assert!(grown < 1000 * EACH, "{} KiB for each", grown / 1024 / 1000);
    let begun = Instant::now();
    while program.open_files() > files + 20 {
        assert_eq!(ask(&program, &session).await.status, 200);
        let left = program.open_files() - files;
        assert!(begun.elapsed() < LONG, "{left} of them are still there");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    drop(slow);
}
