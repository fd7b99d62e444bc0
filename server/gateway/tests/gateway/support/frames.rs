//! An HTTP/2 client that sends any frames (RFC 9113), with unchecked header blocks (RFC 7541,
//! literals only).

use std::{collections::HashMap, fmt::Write, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::client::{Io, PATIENCE};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// How much may be sent before anything is granted (RFC 9113 §6.9.2).
const WINDOW: u64 = 65_535;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// What came back on one stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamAnswer {
    pub(crate) status: Option<u16>,
    pub(crate) body: Vec<u8>,
    pub(crate) complete: bool,
    /// Reset, with this code.
    pub(crate) reset: Option<u32>,
}

impl StreamAnswer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn code(&self) -> String {
        let problem: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        problem["code"].as_str().unwrap_or_default().to_owned()
    }

    fn has_ended(&self) -> bool {
        self.complete || self.reset.is_some()
    }
}

pub(crate) struct FrameClient {
    tcp: Box<dyn Io>,
    buffer: Vec<u8>,
    streams: HashMap<u32, StreamAnswer>,
    reads: bool,
    /// How much the gateway has granted for each stream, and for the connection.
    granted: HashMap<u32, u64>,
    /// And for each new stream.
    window: u64,
    /// How long it waits for the next bytes.
    patience: Duration,
    /// The connection has ended, or was said to.
    pub(crate) ended: bool,
}

impl FrameClient {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::with_window(address, None).await
    }

    /// With its own window for each stream. Without one, read bytes are acknowledged immediately.
    pub(crate) async fn with_window(address: SocketAddr, window: Option<u32>) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), window).await
    }

    pub(crate) async fn over(io: impl Io + 'static, window: Option<u32>) -> Self {
        let mut client = Self {
            tcp: Box::new(io),
            buffer: Vec::new(),
            streams: HashMap::new(),
            reads: window.is_none(),
            granted: HashMap::new(),
            window: WINDOW,
            patience: PATIENCE,
            ended: false,
        };
        // No table: a status is then a literal or of the static table.
        let mut settings = vec![0, 1, 0, 0, 0, 0];
        if let Some(window) = window {
            settings.extend([0, 4]);
            settings.extend(window.to_be_bytes());
        }
        client.send(PREFACE).await;
        client.frame(SETTINGS, 0, 0, &settings).await;
        client
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // A gateway that has closed already is seen when something is read.
        let _ = self.tcp.write_all(bytes).await;
    }

    pub(crate) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.send(&frame(kind, flags, stream, payload)).await;
    }

    pub(crate) async fn headers(&mut self, stream: u32, fields: &[(&str, &str)], last: bool) {
        let flags = END_HEADERS | if last { END_STREAM } else { 0 };
        self.frame(HEADERS, flags, stream, &block(fields)).await;
    }

    pub(crate) async fn data(&mut self, stream: u32, bytes: &[u8], last: bool) {
        let flags = if last { END_STREAM } else { 0 };
        self.frame(DATA, flags, stream, bytes).await;
    }

    /// Sends the only body of this connection, as far as the gateway grants room, and reads meanwhile.
    /// Gives how much was sent before the stream or the connection ended.
    pub(crate) async fn body(&mut self, stream: u32, length: usize) -> usize {
        let mut sent = 0;
        while sent < length {
            let piece = (length - sent).min(16_000);
            let granted = |to| self.granted.get(&to).copied().unwrap_or_default();
            let room = (granted(stream) + self.window).min(granted(0) + WINDOW);
            if ((sent + piece) as u64) <= room {
                let last = sent + piece == length;
                self.data(stream, &vec![b'x'; piece], last).await;
                sent += piece;
            } else if !self.next().await {
                return sent;
            }
            let answer = self.streams.entry(stream).or_default();
            if answer.reset.is_some() {
                return sent;
            }
        }
        sent
    }

    /// Waits this long for the next bytes, instead of 10 seconds.
    pub(crate) const fn waiting(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Lets the gateway send this much more on a stream.
    pub(crate) async fn grant(&mut self, stream: u32, bytes: u32) {
        self.frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
            .await;
    }

    pub(crate) async fn reset(&mut self, stream: u32) {
        self.frame(RST_STREAM, 0, stream, &8u32.to_be_bytes()).await;
    }

    /// What came back on a stream once it has ended, or the connection has.
    pub(crate) async fn answer(&mut self, stream: u32) -> StreamAnswer {
        self.until(stream, StreamAnswer::has_ended).await
    }

    /// Reads until what came back on a stream is as wanted, or the connection has ended.
    pub(crate) async fn until(
        &mut self,
        stream: u32,
        wanted: impl Fn(&StreamAnswer) -> bool,
    ) -> StreamAnswer {
        loop {
            let answer = self.streams.entry(stream).or_default();
            if wanted(answer) {
                return answer.clone();
            }
            if !self.next().await {
                return self.streams[&stream].clone();
            }
        }
    }

    /// Reads until the connection ends.
    pub(crate) async fn until_it_ends(&mut self) {
        while self.next().await {}
    }

    /// Reads one frame; `false` at the end.
    async fn next(&mut self) -> bool {
        let Some(head) = self.take(9).await else {
            self.ended = true;
            return false;
        };
        let length =
            (usize::from(head[0]) << 16) | (usize::from(head[1]) << 8) | usize::from(head[2]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let Some(payload) = self.take(length).await else {
            self.ended = true;
            return false;
        };
        self.took(head[3], head[4], stream, &payload).await;
        true
    }

    async fn took(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let answer = self.streams.entry(stream).or_default();
        match kind {
            HEADERS if answer.status.is_none() => answer.status = Some(status(payload)),
            DATA => answer.body.extend_from_slice(payload),
            RST_STREAM => answer.reset = Some(u32::from_be_bytes(payload.try_into().unwrap())),
            GOAWAY => self.ended = true,
            WINDOW_UPDATE => {
                let more = u32::from_be_bytes(payload.try_into().unwrap());
                *self.granted.entry(stream).or_default() += u64::from(more);
            }
            _ => {}
        }
        if matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0 {
            self.streams.entry(stream).or_default().complete = true;
        }
        match kind {
            SETTINGS if flags & ACK == 0 => {
                self.window = payload
                    .chunks(6)
                    .find(|s| s[..2] == [0, 4])
                    .map_or(WINDOW, |s| {
                        u64::from(u32::from_be_bytes(s[2..].try_into().unwrap()))
                    });
            }
            _ => {}
        }
        match kind {
            SETTINGS | PING if flags & ACK == 0 => {
                let payload = if kind == PING { payload } else { &[] };
                self.frame(kind, ACK, 0, payload).await;
            }
            DATA if self.reads && !payload.is_empty() => {
                let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
                self.frame(WINDOW_UPDATE, 0, 0, &length).await;
                self.frame(WINDOW_UPDATE, 0, stream, &length).await;
            }
            _ => {}
        }
    }

    async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            let mut bytes = [0; 4096];
            let read = timeout(self.patience, self.tcp.read(&mut bytes)).await;
            match read.expect("nothing came") {
                Ok(more @ 1..) => self.buffer.extend_from_slice(&bytes[..more]),
                _ => return None,
            }
        }
        Some(self.buffer.drain(..length).collect())
    }
}

/// One frame (RFC 9113 §4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header block of literals that are not indexed (RFC 7541 §6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            text_into(&mut block, text.as_bytes());
        }
    }
    block
}

fn text_into(block: &mut Vec<u8>, text: &[u8]) {
    let mut left = text.len();
    if left < 127 {
        block.push(u8::try_from(left).unwrap());
    } else {
        block.push(127);
        left -= 127;
        while left >= 128 {
            block.push(u8::try_from(left % 128).unwrap() | 128);
            left /= 128;
        }
        block.push(u8::try_from(left).unwrap());
    }
    block.extend_from_slice(text);
}

/// The status that a header block begins with.
fn status(block: &[u8]) -> u16 {
    let start = block.iter().position(|byte| byte & 0xe0 != 0x20).unwrap();
    let block = &block[start..];
    match block[0] {
        0x88 => 200,
        0x89 => 204,
        0x8a => 206,
        0x8b => 304,
        0x8c => 400,
        0x8d => 404,
        0x8e => 500,
        literal => {
            assert!(
                literal & 0x0f == 8,
                "a literal :status, not {literal:#x}: {block:?}"
            );
            let length = usize::from(block[1] & 0x7f);
            let value = &block[2..2 + length];
            if block[1] & 0x80 == 0 {
                std::str::from_utf8(value).unwrap().parse().unwrap()
            } else {
                digits(value)
            }
        }
    }
}

/// Three digits in the code of RFC 7541, appendix B.
fn digits(bytes: &[u8]) -> u16 {
    let bits = bytes.iter().fold(String::new(), |mut bits, byte| {
        write!(bits, "{byte:08b}").unwrap();
        bits
    });
    let codes = [
        "00000", "00001", "00010", "011001", "011010", "011011", "011100", "011101", "011110",
        "011111",
    ];
    let mut rest = bits.as_str();
    (0..3).fold(0, |number, _| {
        let digit = codes.iter().position(|c| rest.starts_with(c)).unwrap();
        rest = &rest[codes[digit].len()..];
        number * 10 + u16::try_from(digit).unwrap()
    })
}
