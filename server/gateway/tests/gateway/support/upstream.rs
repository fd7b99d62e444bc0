//! An upstream that keeps every byte that it receives. The last segment of the path selects its
//! answer.

use std::{io::Read, net::SocketAddr, os::fd::AsFd, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::{client::PATIENCE, pages};

/// What came on one connection.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    peer: SocketAddr,
    pub(crate) bytes: Vec<u8>,
    pub(crate) requests: usize,
    /// The mark that was seen last, and how many bytes had been sent before it.
    pub(crate) mark: (usize, usize),
    /// Whether it has ended, and whether in order.
    pub(crate) ended: Option<bool>,
}

impl Seen {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    connections: Arc<watch::Sender<Vec<Seen>>>,
    /// How many more chunks a `/stream` may send.
    chunks: Arc<watch::Sender<usize>>,
    marks: Arc<watch::Sender<usize>>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            chunks: Arc::new(watch::Sender::new(1)),
            marks: Arc::default(),
        };
        let serving = upstream.clone();
        tokio::spawn(async move {
            loop {
                let (tcp, peer) = listener.accept().await.unwrap();
                let index = serving.accepted(peer);
                let upstream = serving.clone();
                tokio::spawn(async move { upstream.connection(index, tcp).await });
            }
        });
        upstream
    }

    /// How many requests have begun to arrive, on all connections.
    pub(crate) fn requests(&self) -> usize {
        self.connections.borrow().iter().map(|c| c.requests).sum()
    }

    /// How many bytes have arrived.
    pub(crate) fn bytes(&self) -> usize {
        self.connections
            .borrow()
            .iter()
            .map(|c| c.bytes.len())
            .sum()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.connections.borrow().clone()
    }

    /// Everything that has arrived, as text.
    pub(crate) fn text(&self) -> String {
        self.seen().iter().map(Seen::text).collect()
    }

    /// Lets each stream send up to its `count`th chunk.
    pub(crate) fn allow_chunks(&self, count: usize) {
        self.chunks.send_replace(count);
    }

    /// How many bytes had been sent when this was called, whether or not they had been read. (On the
    /// loopback what was sent is in the receiver's queue.)
    pub(crate) async fn sent_so_far(&self) -> usize {
        // Connections are accepted in order: when this one was, those before it were.
        let probe = TcpStream::connect(self.address).await.unwrap();
        let own = probe.local_addr().unwrap();
        self.until(|seen| seen.iter().any(|s| s.peer == own)).await;
        self.marks.send_modify(|mark| *mark += 1);
        let mark = *self.marks.borrow();
        let seen = self
            .until(|seen| seen.iter().all(|s| s.ended.is_some() || s.mark.0 == mark))
            .await;
        let before = |s: &Seen| {
            if s.mark.0 == mark {
                s.mark.1
            } else {
                s.bytes.len()
            }
        };
        seen.iter().map(before).sum()
    }

    /// Waits until the arrived bytes are as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut connections = self.connections.subscribe();
        let wait = connections.wait_for(|seen| wanted(seen));
        let seen = timeout(PATIENCE, wait).await.expect("it never arrived");
        seen.unwrap().clone()
    }

    fn note(&self, index: usize, note: impl FnOnce(&mut Seen)) {
        self.connections.send_modify(|all| note(&mut all[index]));
    }

    fn accepted(&self, peer: SocketAddr) -> usize {
        self.connections.send_modify(|all| {
            all.push(Seen {
                peer,
                bytes: Vec::new(),
                requests: 0,
                mark: (0, 0),
                ended: None,
            });
        });
        self.connections.borrow().len() - 1
    }

    async fn connection(self, index: usize, mut tcp: TcpStream) {
        let mut buffer = Vec::new();
        while let Some((path, head)) = self.request(index, &mut tcp, &mut buffer).await {
            let last = path.rsplit('/').next().unwrap_or_default();
            let page = pages::answer(last, &head, self.address);
            let goes_on = match page {
                Some(page) => tcp.write_all(page.as_bytes()).await.is_ok(),
                None => self.answer(index, &path, &mut tcp, &mut buffer).await,
            };
            if !goes_on {
                break;
            }
        }
        self.note(index, |seen| {
            seen.ended.get_or_insert(false);
        });
    }

    /// Reads more; `false` at the end.
    async fn more(&self, index: usize, tcp: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
        let mut marks = self.marks.subscribe();
        let mut bytes = [0; 4096];
        loop {
            let known = self.connections.borrow()[index].mark.0;
            tokio::select! {
                biased;
                mark = marks.wait_for(|mark| *mark > known) => {
                    let mark = *mark.unwrap();
                    let mut arrived = Vec::new();
                    // Asks the kernel itself, because the runtime may not know yet what has
                    // arrived.
                    let mut kernel = std::net::TcpStream::from(tcp.as_fd().try_clone_to_owned().unwrap());
                    while let Ok(length @ 1..) = kernel.read(&mut bytes) {
                        arrived.extend_from_slice(&bytes[..length]);
                    }
                    buffer.extend_from_slice(&arrived);
                    self.note(index, |seen| {
                        seen.bytes.extend_from_slice(&arrived);
                        seen.mark = (mark, seen.bytes.len());
                    });
                    if !arrived.is_empty() {
                        return true;
                    }
                }
                read = tcp.read(&mut bytes) => return self.took(index, read, &bytes, buffer),
            }
        }
    }

    fn took(
        &self,
        index: usize,
        read: std::io::Result<usize>,
        bytes: &[u8],
        buffer: &mut Vec<u8>,
    ) -> bool {
        match read {
            Ok(length) if length > 0 => {
                buffer.extend_from_slice(&bytes[..length]);
                self.note(index, |seen| seen.bytes.extend_from_slice(&bytes[..length]));
                true
            }
            end => {
                self.note(index, |seen| seen.ended = Some(end.is_ok()));
                false
            }
        }
    }

    /// Reads a request with its whole body. Returns its path, and its head in lower case.
    async fn request(
        &self,
        index: usize,
        tcp: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> Option<(String, String)> {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            let first = buffer.is_empty();
            if !self.more(index, tcp, buffer).await {
                return None;
            }
            if first {
                self.note(index, |seen| seen.requests += 1);
            }
        };
        let head: Vec<u8> = buffer.drain(..end).collect();
        let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
        if head.contains("/too-large ") {
            // It has seen enough, and doesn't read what still comes.
            let answer = "HTTP/1.1 413 X\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbig\n";
            let _ = tcp.write_all(answer.as_bytes()).await;
            return None;
        }
        if head.contains("expect: 100-continue") {
            let _ = tcp.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        let length = head.split("\r\n").find_map(|line| {
            let length = line.strip_prefix("content-length: ")?;
            length.parse::<usize>().ok()
        });
        if head.contains("transfer-encoding: chunked") {
            while !buffer.windows(5).any(|w| w == b"0\r\n\r\n") && !buffer.ends_with(b"\r\n\r\n") {
                if !self.more(index, tcp, buffer).await {
                    return None;
                }
            }
            buffer.clear();
        }
        let length = length.unwrap_or(0);
        while buffer.len() < length {
            if !self.more(index, tcp, buffer).await {
                return None;
            }
        }
        buffer.drain(..length);
        let target = head.split(' ').nth(1).unwrap_or_default();
        let path = target.split('?').next().unwrap_or_default().to_owned();
        Some((path, head))
    }

    /// Answers. Returns whether the connection continues.
    async fn answer(
        &self,
        index: usize,
        path: &str,
        tcp: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> bool {
        let last = path.rsplit('/').next().unwrap_or_default();
        if let Some(length) = last.strip_prefix("bytes-") {
            return large(tcp, length.parse().unwrap()).await;
        }
        let (text, go_on) = match last {
            "stream" => {
                self.stream(index, tcp, buffer).await;
                return false;
            }
            "unframed-stream" => {
                let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nchunk 1;";
                let _ = tcp.write_all(head.as_bytes()).await;
                while self.more(index, tcp, buffer).await {}
                return false;
            }
            socket @ ("socket" | "socket-chat" | "socket-half" | "socket-after-close"
            | "socket-of-nothing") => {
                let greeting: &[u8] = match socket {
                    "socket-after-close" => b"\x88\x00\x81\x05Hello",
                    "socket-of-nothing" => b"\x80\x05Hello",
                    _ => b"\x81\x05Hello",
                };
                let chosen = match socket {
                    "socket-chat" => "Sec-WebSocket-Protocol: chat\r\n",
                    _ => "",
                };
                // The answer to the key of RFC 6455 §1.3, and "Hello" once something has come.
                let _ = tcp
                    .write_all(opened(chosen, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").as_bytes())
                    .await;
                let mut greeted = false;
                while self.more(index, tcp, buffer).await {
                    if !std::mem::replace(&mut greeted, true) {
                        let _ = tcp.write_all(greeting).await;
                        if socket == "socket-half" {
                            // It says no more, and still listens.
                            let _ = tcp.shutdown().await;
                        }
                    }
                }
                return false;
            }
            "wrong-accept" | "wrong-protocol" | "wrong-extension" => {
                let answer = match path.rsplit('-').next() {
                    Some("accept") => opened("", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
                    Some("protocol") => opened(
                        "Sec-WebSocket-Protocol: admin\r\n",
                        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                    ),
                    _ => opened(
                        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
                        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                    ),
                };
                let _ = tcp.write_all(answer.as_bytes()).await;
                while self.more(index, tcp, buffer).await {}
                return false;
            }
            "hang" => {
                while self.more(index, tcp, buffer).await {}
                return false;
            }
            "slam" => return false,
            "reset" => {
                let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
                let _ = tcp.write_all(begun.as_bytes()).await;
                let _ = tcp.set_zero_linger();
                return false;
            }
            "stall" => {
                let begun = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf";
                let _ = tcp.write_all(begun.as_bytes()).await;
                while self.more(index, tcp, buffer).await {}
                return false;
            }
            "early-for-ever" | "head-for-ever" | "line-for-ever" => {
                let piece = match path.rsplit('/').next() {
                    Some("early-for-ever") => {
                        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(16)
                    }
                    Some("head-for-ever") => "X-Line: and another one\r\n".repeat(64),
                    _ => "x".repeat(4096),
                };
                let _ = tcp.write_all(b"HTTP/1.1 ").await;
                let _ = tcp
                    .write_all(piece.trim_start_matches("HTTP/1.1 ").as_bytes())
                    .await;
                while tcp.write_all(piece.as_bytes()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
                return false;
            }
            "empty" => ("HTTP/1.1 204 No Content\r\n\r\n", true),
            "unchanged" => ("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n", true),
            "headed" => ("HTTP/1.1 200 OK\r\nContent-Length: 4711\r\n\r\n", true),
            "moved" => (
                "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
                true,
            ),
            "broken" => ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false),
            "unframed" => (
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end",
                false,
            ),
            "trailers" => (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n",
                true,
            ),
            "early" => (
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                true,
            ),
            "early-twice" => (
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                true,
            ),
            "two-framings" => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                true,
            ),
            "two-lengths" => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
                true,
            ),
            "list-of-lengths" => ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", true),
            "signed-length" => ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", true),
            "blank-before-colon" => ("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", true),
            "folded-length" => (
                "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 2\r\nContent-Length: 4\r\n\r\nokok",
                true,
            ),
            "old-chunks" => (
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                true,
            ),
            "no-http" => ("220 mail.example ESMTP\r\n", true),
            "gzip-chunked" => (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                true,
            ),
            "two-answers" => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison",
                true,
            ),
            "framing-trailers" => (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum, content-length, x-request-id\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\ncontent-length: 9\r\nx-request-id: theirs\r\n\r\n",
                true,
            ),
            "bad-chunks" => (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n",
                true,
            ),
            "switch" => (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                true,
            ),
            "echo" => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Echoes: identity\r\nSupport-Identity: e30.e30.x\r\n\r\nok",
                true,
            ),
            "teapot" => (
                "HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\ntea",
                true,
            ),
            "ours" => (
                "HTTP/1.1 103 Early Hints\r\nSupport-Tenant: x\r\n\r\nHTTP/1.1 200 OK\r\n\
                 Transfer-Encoding: chunked\r\nTrailer: x-sum\r\n\
                 Support-Session: x\r\nSupport-Tenant: x\r\nSupport-Future: x\r\nsupport-identity: x\r\n\
                 Support_Staff: x\r\nSupport.Scopes: x\r\nX_Support_Tenant: x\r\nSupport~Staff: x\r\n\
                 Supported: yes\r\n\r\n2\r\nok\r\n0\r\n\
                 x-sum: 7\r\nSupport-Tenant: x\r\nSupport_Tenant: x\r\n\r\n",
                true,
            ),
            "echoed" => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSupport-Identity: echoed\r\n\r\nok",
                true,
            ),
            _ => (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Request-Id: theirs\r\n\r\nok",
                true,
            ),
        };
        tcp.write_all(text.as_bytes()).await.is_ok() && go_on
    }

    async fn stream(&self, index: usize, tcp: &mut TcpStream, buffer: &mut Vec<u8>) {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n";
        let mut allowed = self.chunks.subscribe();
        let _ = tcp.write_all(head).await;
        for number in 1.. {
            tokio::select! {
                _ = allowed.wait_for(|count| *count >= number) => {}
                more = self.more(index, tcp, buffer) => {
                    assert!(!more, "nothing follows a request");
                    return;
                }
            }
            let chunk = format!("chunk {number};");
            let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
            if tcp.write_all(chunk.as_bytes()).await.is_err() {
                self.note(index, |seen| seen.ended = Some(false));
                return;
            }
        }
    }
}

/// A 101 with an answer to a WebSocket's key.
fn opened(more: &str, accept: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{more}Sec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

/// Answers with so many bytes, as fast as they are taken.
async fn large(tcp: &mut TcpStream, length: usize) -> bool {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
    tcp.write_all(head.as_bytes()).await.is_ok() && tcp.write_all(&vec![b'x'; length]).await.is_ok()
}
