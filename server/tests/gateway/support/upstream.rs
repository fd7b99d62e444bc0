//! An upstream that keeps every byte it is sent, and answers by the last segment of the path.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::client::PATIENCE;

/// What one connection brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// Every byte.
    pub(crate) bytes: Vec<u8>,
    /// How many requests.
    pub(crate) requests: usize,
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
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            chunks: Arc::new(watch::Sender::new(1)),
        };
        let serving = upstream.clone();
        tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let upstream = serving.clone();
                tokio::spawn(async move { upstream.connection(tcp).await });
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

    /// Waits until what has arrived is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut connections = self.connections.subscribe();
        let wait = connections.wait_for(|seen| wanted(seen));
        let seen = timeout(PATIENCE, wait).await.expect("it never arrived");
        seen.unwrap().clone()
    }

    fn note(&self, index: usize, note: impl FnOnce(&mut Seen)) {
        self.connections.send_modify(|all| note(&mut all[index]));
    }

    async fn connection(self, mut tcp: TcpStream) {
        let mut index = 0;
        self.connections.send_modify(|all| {
            index = all.len();
            all.push(Seen::default());
        });
        let mut buffer = Vec::new();
        while let Some(path) = self.request(index, &mut tcp, &mut buffer).await {
            if !self.answer(index, &path, &mut tcp, &mut buffer).await {
                break;
            }
        }
    }

    /// Reads more; `false` at the end.
    async fn more(&self, index: usize, tcp: &mut TcpStream, buffer: &mut Vec<u8>) -> bool {
        let mut bytes = [0; 4096];
        match tcp.read(&mut bytes).await {
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

    /// Reads a request with its whole body; gives its path.
    async fn request(
        &self,
        index: usize,
        tcp: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> Option<String> {
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
        Some(target.split('?').next().unwrap_or_default().to_owned())
    }

    /// Answers; whether the connection goes on.
    async fn answer(
        &self,
        index: usize,
        path: &str,
        tcp: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> bool {
        let (text, go_on) = match path.rsplit('/').next().unwrap_or_default() {
            "stream" => {
                self.stream(index, tcp, buffer).await;
                return false;
            }
            "hang" => {
                while self.more(index, tcp, buffer).await {}
                return false;
            }
            "slam" => return false,
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
            "switch" => (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
                true,
            ),
            "teapot" => (
                "HTTP/1.1 418 Teapot\r\nContent-Length: 3\r\nConnection: x-hop\r\nX-Hop: 1\r\n\r\ntea",
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
