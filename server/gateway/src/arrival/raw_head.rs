//! The request head as the client wrote it, byte for byte.
//!
//! The HTTP library is too lenient here: it drops a fragment, merges equal `Content-Length`
//! headers, accepts a bare line feed as the end of a line, and lets `Transfer-Encoding` override
//! `Content-Length`. So we keep the bytes of each head and judge them again, strictly (RFC 9112
//! §2.2, §3, §5, §6.1).

mod absolute;
mod parsed;

use std::sync::Arc;

use parking_lot::Mutex;

use crate::judge::canonical::MAX_TARGET_LENGTH;

mod http2;

pub(crate) use http2::{MAX_FIELD_BYTES, MAX_FIELDS, Schemes};

/// The most bytes of unread heads that are kept.
const MAX_KEPT: usize = 256 * 1024;

/// Follows the client's bytes. Reading ahead is fine. Finding where a head ends is what matters.
#[derive(Debug, Default)]
struct State {
    kept: Vec<u8>,
    /// Bytes of the current request's body that have not arrived.
    body_left: u64,
    /// The end of the current body is unknown, so no further head can be found.
    lost: bool,
}

/// Shares the bytes that a client sends between its connection and the code that answers its
/// requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct HeadTap(Arc<Mutex<State>>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawHead {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    /// The fault of the head, if any.
    pub(crate) fault: Option<HeadFault>,
    /// Whether there is more than one `Authorization` field.
    pub(crate) two_credentials: bool,
    /// How many fields it has, if its bytes were followed.
    fields: usize,
    framing: Framing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Unknown,
}

/// Why a head is malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeadFault {
    #[error("the request line is malformed")]
    RequestLine,
    #[error("a header field is malformed")]
    Field,
    #[error("there must be exactly one Host field")]
    Host,
    #[error("there is more than one Content-Length field, or it is not a number")]
    ContentLength,
    #[error("Transfer-Encoding must be a single 'chunked'")]
    TransferEncoding,
    #[error("the message has both Content-Length and Transfer-Encoding")]
    TwoFramings,
    #[error("':authority' and Host must name one host")]
    Authority,
    #[error("':scheme' is not that of the connection")]
    Scheme,
    #[error("HTTP/2 has no fields of a connection, such as Connection or Transfer-Encoding")]
    ConnectionField,
    #[error(
        "the header fields are too many or too long: send at most 128, and 64 KiB, for example fewer cookies"
    )]
    TooManyFields,
}

impl HeadFault {
    /// The status that the client gets (RFC 6585 §5).
    pub(crate) const fn status(self) -> u16 {
        match self {
            Self::TooManyFields => 431,
            _ => 400,
        }
    }
}

impl HeadTap {
    /// Notes bytes that were read from the client.
    pub(crate) fn saw(&self, mut bytes: &[u8]) {
        let mut state = self.0.lock();
        if state.lost {
            return;
        }
        let body = usize::try_from(state.body_left)
            .unwrap_or(usize::MAX)
            .min(bytes.len());
        state.body_left -= body as u64;
        bytes = &bytes[body..];
        if state.kept.len() + bytes.len() > MAX_KEPT {
            state.lose();
        } else {
            state.kept.extend_from_slice(bytes);
        }
    }

    /// Takes the head of the request that the library has just parsed. `None` if its bytes were not
    /// followed, so that it can't be judged.
    pub(crate) fn take(&self) -> Option<RawHead> {
        let mut state = self.0.lock();
        if state.lost {
            return None;
        }
        let end = state.kept.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
        let head: Vec<u8> = state.kept.drain(..end).collect();
        let head = RawHead::parse(&head);
        match head.framing {
            Framing::Length(length) => {
                let here = usize::try_from(length)
                    .unwrap_or(usize::MAX)
                    .min(state.kept.len());
                state.kept.drain(..here);
                state.body_left = length - here as u64;
            }
            Framing::Unknown => state.lose(),
        }
        Some(head)
    }

    /// Whether a further request on this connection can be judged. If not, it must be closed.
    pub(crate) fn follows(&self) -> bool {
        !self.0.lock().lost
    }
}

impl State {
    fn lose(&mut self) {
        self.lost = true;
        self.kept = Vec::new();
    }
}

impl RawHead {
    /// Limits the number of fields, as on HTTP/2.
    pub(crate) fn limit_fields(&mut self) {
        if self.fields > MAX_FIELDS {
            self.fault = Some(HeadFault::TooManyFields);
        }
    }

    /// The head of a request of which only the proxy saw the bytes.
    pub(crate) const fn relayed(method: Vec<u8>, target: Vec<u8>) -> Self {
        Self {
            method,
            target,
            fault: None,
            two_credentials: false,
            fields: 0,
            framing: Framing::Length(0),
        }
    }

    /// A head whose bytes were not followed.
    pub(crate) fn unseen() -> Self {
        Self {
            fault: Some(HeadFault::RequestLine),
            framing: Framing::Unknown,
            ..Self::relayed(Vec::new(), Vec::new())
        }
    }

    /// Reads a head that ends with an empty line.
    fn parse(head: &[u8]) -> Self {
        let head = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default();
        let (method, target, line_fault) = request_line(head, line);
        let mut fields = Fields::default();
        let mut fault = line_fault;
        for line in lines {
            fault = fault.or(fields.add(line).err());
        }
        fault = fault.or(fields.fault());
        let is_long = target.len() > MAX_TARGET_LENGTH;
        Self {
            method,
            target,
            two_credentials: fields.authorization > 1,
            fields: fields.count,
            framing: match (fault, fields.chunked, fields.length) {
                // It may have been shortened, and then nothing follows.
                _ if is_long => Framing::Unknown,
                (None, 0, length) => Framing::Length(length.unwrap_or(0)),
                _ => Framing::Unknown,
            },
            fault,
        }
    }
}

fn request_line(head: &[u8], line: &str) -> (Vec<u8>, Vec<u8>, Option<HeadFault>) {
    let end = head
        .windows(2)
        .position(|w| w == b"\r\n")
        .unwrap_or(head.len());
    let mut parts = head[..end].split(|b| *b == b' ');
    let (method, target) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let version = parts.next();
    let sound = parts.next().is_none()
        && version == Some(b"HTTP/1.1")
        && !method.is_empty()
        && method.iter().all(|b| is_token(*b))
        && !target.is_empty()
        && !line.chars().any(char::is_control);
    let fault = (!sound).then_some(HeadFault::RequestLine);
    (method.to_vec(), target.to_vec(), fault)
}

#[derive(Default)]
struct Fields {
    count: usize,
    host: usize,
    authorization: usize,
    lengths: usize,
    length: Option<u64>,
    chunked: usize,
    bad_encoding: bool,
}

impl Fields {
    fn add(&mut self, line: &str) -> Result<(), HeadFault> {
        let (name, value) = line.split_once(':').ok_or(HeadFault::Field)?;
        if name.is_empty() || !name.bytes().all(is_token) {
            // This includes blanks before the colon and folded lines.
            return Err(HeadFault::Field);
        }
        if value.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err(HeadFault::Field);
        }
        self.note(name, value.trim_matches([' ', '\t']));
        Ok(())
    }

    fn note(&mut self, name: &str, value: &str) {
        self.count += 1;
        if name.eq_ignore_ascii_case("host") {
            self.host += 1;
        } else if name.eq_ignore_ascii_case("authorization") {
            self.authorization += 1;
        } else if name.eq_ignore_ascii_case("content-length") {
            self.lengths += 1;
            let digits = value.bytes().all(|b| b.is_ascii_digit());
            self.length = digits.then(|| value.parse().ok()).flatten();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.chunked += 1;
            self.bad_encoding |= !value.eq_ignore_ascii_case("chunked");
        }
    }

    fn fault(&self) -> Option<HeadFault> {
        if self.host != 1 {
            Some(HeadFault::Host)
        } else if self.lengths > 0 && self.chunked > 0 {
            Some(HeadFault::TwoFramings)
        } else if self.lengths > 1 || (self.lengths == 1 && self.length.is_none()) {
            Some(HeadFault::ContentLength)
        } else if self.chunked > 1 || self.bad_encoding {
            Some(HeadFault::TransferEncoding)
        } else {
            None
        }
    }
}

/// `tchar` of RFC 9110 §5.6.2.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &[u8]) -> RawHead {
        let tap = HeadTap::default();
        tap.saw(bytes);
        tap.take().unwrap()
    }

    #[test]
    fn the_target_is_kept_byte_for_byte() {
        let head = take(b"GET /a#b?c HTTP/1.1\r\nHost: g\r\n\r\n");
        assert_eq!(head.target, b"/a#b?c");
        assert_eq!(head.fault, None);
    }

    #[test]
    fn what_two_parsers_may_read_differently_is_a_fault() {
        use HeadFault::*;
        for (head, fault) in [
            ("GET / HTTP/1.1\r\nHost: g\r\nX: a\nY: b\r\n\r\n", Field),
            ("GET /\nHTTP/1.1\r\nHost: g\r\n\r\n", RequestLine),
            ("GET  / HTTP/1.1\r\nHost: g\r\n\r\n", RequestLine),
            ("GET / HTTP/1.1 \r\nHost: g\r\n\r\n", RequestLine),
            ("GET\t/ HTTP/1.1\r\nHost: g\r\n\r\n", RequestLine),
            ("GET / HTTP/2.0\r\nHost: g\r\n\r\n", RequestLine),
            ("\r\nGET / HTTP/1.1\r\nHost: g\r\n\r\n", RequestLine),
            ("GET / HTTP/1.1\r\nHost : g\r\n\r\n", Field),
            ("GET / HTTP/1.1\r\nHost: g\r\n X: folded\r\n\r\n", Field),
            ("GET / HTTP/1.1\r\nHost: g\r\nno colon\r\n\r\n", Field),
            ("GET / HTTP/1.1\r\nHost: g\r\nX: a\0b\r\n\r\n", Field),
            ("GET / HTTP/1.1\r\nHost: g\r\nX: a\rb\r\n\r\n", Field),
            ("GET / HTTP/1.1\r\n\r\n", Host),
            ("GET / HTTP/1.1\r\nHost: g\r\nhost: h\r\n\r\n", Host),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\ncontent-length: 1\r\n\r\n",
                ContentLength,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nContent-Length: +1\r\n\r\n",
                ContentLength,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nContent-Length: 1, 1\r\n\r\n",
                ContentLength,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nContent-Length:\r\n\r\n",
                ContentLength,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                TwoFramings,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: \x0bchunked\r\n\r\n",
                Field,
            ),
        ] {
            assert_eq!(take(head.as_bytes()).fault, Some(fault), "{head:?}");
        }
    }

    #[test]
    fn heads_are_followed_over_bodies_of_known_length() {
        let tap = HeadTap::default();
        tap.saw(b"POST /1 HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n\r\n/2 HT");
        assert_eq!(tap.take().unwrap().target, b"/1");
        tap.saw(b"TP/1GET /3 HTTP/1.1\r\nHost: g\r\n\r\nGET /4");
        assert_eq!(tap.take().unwrap().target, b"/3");
        assert!(tap.take().is_none());
        tap.saw(b" HTTP/1.1\r\nHost: g\r\n\r\n");
        assert_eq!(tap.take().unwrap().target, b"/4");
        assert!(tap.follows());
    }

    #[test]
    fn after_a_chunked_body_nothing_is_believed() {
        let tap = HeadTap::default();
        tap.saw(b"POST / HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert!(tap.take().is_some_and(|head| head.fault.is_none()));
        assert!(!tap.follows());
        tap.saw(b"GET / HTTP/1.1\r\nHost: g\r\n\r\n");
        assert!(tap.take().is_none());
    }

    #[test]
    fn two_credentials_are_noticed() {
        let head =
            take(b"GET / HTTP/1.1\r\nHost: g\r\nAuthorization: a\r\nauthorization: b\r\n\r\n");
        assert!(head.two_credentials);
    }
}
