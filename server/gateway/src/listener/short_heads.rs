//! Shortens the heads of HTTP/1.1 requests that are too long to be served.
//!
//! The library answers a head that it can't hold with an empty 431 and forgets it, so nobody learns why,
//! or in whose session. So of a head that is too long only some goes on: enough to see that it is too
//! long, and the fields by which its sender is known. It is judged and refused like any other.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::ReadBuf;

use crate::{arrival::raw_head::MAX_FIELDS, judge::canonical::MAX_TARGET_LENGTH};

/// How much of a request line goes on: more than a target may have.
const LINE_MAX: usize = MAX_TARGET_LENGTH + 64;
/// The end of a longer one goes on too: ` HTTP/1.1` and a line break.
const END: usize = 16;
/// How many bytes the fields of a head may have.
const FIELDS_MAX: usize = 64 * 1024;
/// How many of its sender's fields go on all the same, and how long each may be.
const SENDERS_MOST: usize = 8;
const SENDERS_MAX: usize = 8 * 1024;
/// The most fields that the library sees.
pub(super) const SEEN_FIELDS: usize = MAX_FIELDS + 1 + SENDERS_MOST;
/// More bytes than it sees of a head.
pub(super) const SEEN_BYTES: usize = 192 * 1024;
/// In place of what was dropped, until there are too many fields.
const FILLER: &[u8] = b"x-cut:\r\n";

/// By these the sender is known, and whether it is a person.
const SENDERS: [&str; 6] = [
    "authorization",
    "cookie",
    "host",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
];

/// Where a connection is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    RequestLine,
    Fields,
    Body(u64),
    /// Everything goes on: where the next head begins is not known.
    Through,
    /// Nothing more goes on, because a shortened head ends its connection.
    Over,
}

/// Follows the bytes that a client sends.
#[derive(Default)]
pub(super) struct ShortHeads {
    place: Place,
    /// The current line, up to the most that could go on.
    line: Vec<u8>,
    /// The last bytes of the rest.
    end: Vec<u8>,
    fields: usize,
    /// Of the fields that went on.
    bytes: usize,
    senders: usize,
    length: Option<u64>,
    /// Where the next head begins will not be known.
    is_last: bool,
    has_long_line: bool,
    lacks_fields: bool,
    /// What goes on and was not read yet.
    ahead: Bytes,
}

impl ShortHeads {
    /// Reads what goes on, by `read`.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        mut read: impl FnMut(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        while self.ahead.is_empty() {
            let mut scrap = [0; 16 * 1024];
            let mut came = ReadBuf::new(&mut scrap);
            ready!(read(cx, &mut came))?;
            if came.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let mut on = Vec::with_capacity(came.filled().len());
            self.came(came.filled(), &mut on);
            self.ahead = on.into();
        }
        let length = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead.split_to(length));
        Poll::Ready(Ok(()))
    }

    /// Adds to `on` what goes on of the bytes that came.
    fn came(&mut self, mut bytes: &[u8], on: &mut Vec<u8>) {
        while !bytes.is_empty() {
            match self.place {
                Place::Through => return on.extend_from_slice(bytes),
                Place::Over => return,
                Place::Body(0) => *self = Self::default(),
                Place::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    on.extend_from_slice(&bytes[..here]);
                    bytes = &bytes[here..];
                    self.place = Place::Body(left - here as u64);
                }
                Place::RequestLine | Place::Fields => {
                    let line_feed = bytes.iter().position(|b| *b == b'\n');
                    let here = line_feed.map_or(bytes.len(), |at| at + 1);
                    self.add(&bytes[..here], on);
                    bytes = &bytes[here..];
                    if line_feed.is_some() {
                        self.end_line(on);
                    }
                }
            }
        }
    }

    /// Adds a part of the current line.
    fn add(&mut self, part: &[u8], on: &mut Vec<u8>) {
        let is_text = |b: &u8| *b >= b' ' || matches!(b, b'\r' | b'\n' | b'\t');
        let most = match self.place {
            Place::RequestLine => LINE_MAX,
            _ => FIELDS_MAX,
        };
        let (kept, rest) = part.split_at(part.len().min(most.saturating_sub(self.line.len())));
        self.line.extend_from_slice(kept);
        self.end
            .extend_from_slice(&rest[rest.len().saturating_sub(END)..]);
        self.end.drain(..self.end.len().saturating_sub(END));
        if self.place == Place::RequestLine && !kept.iter().all(is_text) {
            // This is no HTTP. The library says so.
            on.append(&mut self.line);
            self.place = Place::Through;
        }
    }

    fn end_line(&mut self, on: &mut Vec<u8>) {
        let (line, end) = (
            std::mem::take(&mut self.line),
            std::mem::take(&mut self.end),
        );
        let is_empty = matches!(&line[..], b"\r\n" | b"\n");
        match self.place {
            // Some clients begin with an empty line.
            Place::RequestLine if is_empty => on.extend_from_slice(&line),
            Place::RequestLine => {
                self.place = Place::Fields;
                self.has_long_line = !end.is_empty();
                on.extend_from_slice(&line);
                let version = end.iter().rposition(|b| *b == b' ');
                on.extend_from_slice(&end[version.unwrap_or(0)..]);
            }
            Place::Fields if is_empty => self.end_head(&line, on),
            Place::Fields => self.end_field(&line, end.is_empty(), on),
            Place::Body(_) | Place::Through | Place::Over => {}
        }
    }

    fn end_field(&mut self, line: &[u8], is_whole: bool, on: &mut Vec<u8>) {
        let colon = line.iter().position(|b| *b == b':').unwrap_or(0);
        let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
        match name.as_str() {
            "content-length" => {
                let length = String::from_utf8_lossy(&line[colon + 1..]).trim().parse();
                self.is_last |= self.length.is_some() || length.is_err();
                self.length = length.ok();
            }
            "transfer-encoding" | "upgrade" => self.is_last = true,
            _ => {}
        }
        let fits = self.fields <= MAX_FIELDS && self.bytes + line.len() <= FIELDS_MAX;
        if is_whole && fits {
            self.bytes += line.len();
        } else {
            self.lacks_fields = true;
            let is_senders = SENDERS.contains(&name.as_str()) && line.len() <= SENDERS_MAX;
            if !is_senders || self.senders == SENDERS_MOST {
                return;
            }
            self.senders += 1;
        }
        self.fields += 1;
        on.extend_from_slice(line);
    }

    fn end_head(&mut self, line: &[u8], on: &mut Vec<u8>) {
        if self.lacks_fields {
            for _ in self.fields..=MAX_FIELDS {
                on.extend_from_slice(FILLER);
            }
        }
        on.extend_from_slice(line);
        self.place = if self.lacks_fields || self.has_long_line {
            Place::Over
        } else if self.is_last {
            Place::Through
        } else {
            Place::Body(self.length.unwrap_or(0))
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes on, whatever the pieces in which it comes.
    fn on(bytes: &[u8]) -> String {
        let whole = |size: usize| {
            let (mut heads, mut on) = (ShortHeads::default(), Vec::new());
            for piece in bytes.chunks(size) {
                heads.came(piece, &mut on);
            }
            String::from_utf8(on).unwrap()
        };
        let at_once = whole(bytes.len());
        assert_eq!(whole(1), at_once);
        assert_eq!(whole(4099), at_once);
        at_once
    }

    #[test]
    fn what_can_be_served_goes_on_byte_for_byte() {
        let field = "X: 1\r\n".repeat(MAX_FIELDS - 1);
        let wide = format!("X: {}\r\n", "x".repeat(60_000));
        for bytes in [
            "GET /a HTTP/1.1\r\nHost: g\r\n\r\nGET /b HTTP/1.1\r\nHost: g\r\n\r\n".to_owned(),
            "\r\nGET /a HTTP/1.1\nHost: g\n\n".into(),
            "PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\na\nbGET /b HTTP/1.1\r\n\r\n".into(),
            format!(
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                "x".repeat(300_000)
            ),
            format!(
                "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n{}",
                "x".repeat(300_000)
            ),
            format!(
                "PUT / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n{}",
                "\n".repeat(300_000)
            ),
            format!("GET / HTTP/1.1\r\nHost: g\r\n{field}\r\n"),
            format!("GET / HTTP/1.1\r\n{wide}\r\n"),
            format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(MAX_TARGET_LENGTH)),
            "\u{16}\u{3}\u{1}no http".into(),
        ] {
            assert!(
                on(bytes.as_bytes()) == bytes,
                "{}",
                &bytes[..40.min(bytes.len())]
            );
        }
    }

    #[test]
    fn a_long_target_is_cut_and_its_sender_is_known() {
        let rest = "Host: g\r\nAuthorization: Bearer t\r\n\r\n";
        let bytes = format!("GET /{} HTTP/1.1\r\n{rest}ignored", "a".repeat(1_000_000));
        let on = on(bytes.as_bytes());
        let (line, fields) = on.split_once("\r\n").unwrap();
        assert!(line.len() > MAX_TARGET_LENGTH + 20 && line.len() <= LINE_MAX + END);
        assert!(line.ends_with(" HTTP/1.1"));
        assert_eq!(fields, rest);
    }

    #[test]
    fn of_too_many_or_too_long_fields_enough_goes_on_to_see_it() {
        let last = "authorization: Bearer t\r\nHost: g\r\n";
        let more = "Cookie: a\r\n".repeat(50);
        for fields in [
            "X: 1\r\n".repeat(100_000),
            format!("X: {}\r\n", "x".repeat(1_000_000)),
            format!("X: {}\r\n", "x".repeat(10_000)).repeat(20),
            format!("X: {}\r\n", "x".repeat(100)).repeat(700),
        ] {
            let bytes = format!("GET / HTTP/1.1\r\n{fields}{last}{more}\r\nignored");
            let on = on(bytes.as_bytes());
            let count = on.lines().count() - 2;
            assert!((MAX_FIELDS + 1..=SEEN_FIELDS).contains(&count), "{count}");
            assert!(on.len() < SEEN_BYTES && on.contains(last) && on.ends_with("\r\n\r\n"));
        }
    }
}
