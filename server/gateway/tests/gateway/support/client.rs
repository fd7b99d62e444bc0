//! A client that sends any bytes.

use std::{net::SocketAddr, time::Duration};

use futures::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Longer than anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A connection, with TLS or without.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(crate) struct Client {
    tcp: Box<dyn Io>,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body's framing says that it is whole.
    pub(crate) complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.split("\r\n").find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) fn over(io: impl Io + 'static) -> Self {
        Self {
            tcp: Box::new(io),
            buffer: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // A gateway that has closed already is seen in the answer.
        let _ = self.tcp.write_all(bytes).await;
    }

    /// Reads until `text` has come. Returns what was read so far. Panics if the connection ends
    /// before.
    pub(crate) async fn read_until(&mut self, text: &str) -> String {
        while !self.has_read(text) {
            assert!(self.more().await, "ended before {text:?}");
        }
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Whether `text` is in what has come so far.
    pub(crate) fn has_read(&mut self, text: &str) -> bool {
        while self.more().now_or_never() == Some(true) {}
        contains(&self.buffer, text.as_bytes())
    }

    /// Reads until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        while self.more().await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// One answer; interim ones are skipped.
    pub(crate) async fn answer(&mut self) -> Answer {
        self.answer_to(false).await
    }

    pub(crate) async fn answer_to(&mut self, head_request: bool) -> Answer {
        loop {
            let Some(head) = self.head().await else {
                return Answer {
                    status: 0,
                    head: String::new(),
                    body: Vec::new(),
                    complete: false,
                };
            };
            let status: u16 = head[9..12].parse().unwrap();
            if status == 100 {
                continue;
            }
            let mut answer = Answer {
                status,
                head,
                body: Vec::new(),
                complete: true,
            };
            if !head_request && status != 204 && status != 304 {
                self.body(&mut answer).await;
            }
            return answer;
        }
    }

    async fn head(&mut self) -> Option<String> {
        while !contains(&self.buffer, b"\r\n\r\n") {
            if !self.more().await {
                return None;
            }
        }
        let end = self
            .buffer
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .unwrap()
            + 4;
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        Some(String::from_utf8(head).unwrap())
    }

    async fn body(&mut self, answer: &mut Answer) {
        if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().unwrap();
            answer.complete = self.fill(length).await;
            let here = self.buffer.len().min(length);
            answer.body = self.buffer.drain(..here).collect();
        } else {
            assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
            answer.complete = self.chunks(&mut answer.body).await.is_some();
        }
    }

    /// Reads a chunked body with its trailers, which are put behind it; `None` if it is cut off.
    async fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let size = usize::from_str_radix(&self.line().await?, 16).unwrap();
            if size == 0 {
                break;
            }
            if !self.fill(size + 2).await {
                return None;
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
        }
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Some(());
            }
            body.extend_from_slice(line.as_bytes());
        }
    }

    async fn line(&mut self) -> Option<String> {
        while !contains(&self.buffer, b"\r\n") {
            if !self.more().await {
                return None;
            }
        }
        let end = self.buffer.windows(2).position(|w| w == b"\r\n").unwrap();
        let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
        Some(String::from_utf8(line).unwrap())
    }

    async fn fill(&mut self, length: usize) -> bool {
        while self.buffer.len() < length {
            if !self.more().await {
                return false;
            }
        }
        true
    }

    /// Reads something; `false` at an end, orderly or not.
    async fn more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        let read = timeout(PATIENCE, self.tcp.read(&mut bytes)).await;
        let length = read.expect("nothing came").unwrap_or(0);
        self.buffer.extend_from_slice(&bytes[..length]);
        length > 0
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
