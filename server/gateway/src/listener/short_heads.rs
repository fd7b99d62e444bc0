//! Shortens the heads of HTTP/1.1 requests that are too long to be served.
//!
//! The library answers a head that it can't hold with an empty 431 and forgets it, so nobody learns why,
//! or in whose session. So of a head that is too long only some goes on: enough to see that it is too
//! long, and the fields by which its sender is known. It is judged and refused like any other.
//!
//! Everything else goes on as it came: the bytes are only looked at, where the library has asked for them.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;

use crate::{
    arrival::raw_head::{MAX_FIELD_BYTES, MAX_FIELDS},
    judge::canonical::MAX_TARGET_LENGTH,
};

/// How much longer than its target a request line may be. Half of it is for the method.
const LINE_MORE: usize = 128;
/// How much of the beginning of a line is kept: a method, a name, a short value.
const BEGINNING: usize = LINE_MORE / 2;
/// The end of a longer request line goes on too: ` HTTP/1.1` and a line break.
const END: usize = 16;
/// How many of its sender's fields go on of a head that has too many.
const SENDERS_MOST: usize = 8;
/// In place of what was dropped, until there are too many fields.
const FILLER: &[u8] = b"x-cut:\r\n";

/// By these the sender is known, and whether it is a person.
const SENDERS: [&[u8]; 7] = [
    b"accept",
    b"authorization",
    b"cookie",
    b"host",
    b"sec-fetch-dest",
    b"sec-fetch-mode",
    b"sec-fetch-site",
];

/// What the head of a request may have.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// The bytes of its target.
    pub target: usize,
    /// How many fields it has.
    pub fields: usize,
    /// The bytes of all fields.
    pub bytes: usize,
    /// The bytes of a field by which its sender is known.
    pub sender: usize,
}

impl HeadLimits {
    /// The limits of the gateway.
    pub const GATEWAY: Self = Self {
        target: MAX_TARGET_LENGTH,
        fields: MAX_FIELDS,
        bytes: MAX_FIELD_BYTES,
        sender: 8 * 1024,
    };

    /// The most fields of a head that go on.
    #[must_use]
    pub const fn seen_fields(&self) -> usize {
        self.fields + 1 + SENDERS_MOST
    }

    /// More bytes than go on of a head.
    #[must_use]
    pub const fn seen_bytes(&self) -> usize {
        let fillers = self.seen_fields() * FILLER.len();
        self.target + LINE_MORE + self.bytes + (SENDERS_MOST + 2) * self.sender + fillers
    }
}

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

/// What is known of the current head.
#[derive(Default)]
struct Head {
    /// The fields that went on, and their bytes.
    fields: usize,
    bytes: usize,
    senders: usize,
    length: Option<u64>,
    /// Where the next head begins will not be known.
    is_last: bool,
    has_long_line: bool,
}

/// Follows the bytes that a client sends.
pub(crate) struct ShortHeads {
    limits: HeadLimits,
    place: Place,
    head: Head,
    /// Of the current line: its beginning, as far as that may be needed. Of a request line that is cut: its end.
    line: Vec<u8>,
    /// How many bytes of the current line went on, before it was cut.
    passed: usize,
    is_cut: bool,
    /// What goes on of a shortened head, and was not read yet.
    ahead: BytesMut,
}

impl ShortHeads {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            place: Place::default(),
            head: Head::default(),
            line: Vec::new(),
            passed: 0,
            is_cut: false,
            ahead: BytesMut::new(),
        }
    }

    /// Reads what goes on, by `read`.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        mut read: impl FnMut(&mut Context<'_>, &mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        while self.ahead.is_empty() {
            ready!(read(cx, buf))?;
            let came = &buf.filled()[before..];
            if came.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let whole = self.came(came);
            buf.set_filled(before + whole);
            if whole > 0 {
                return Poll::Ready(Ok(()));
            }
        }
        let length = self.ahead.len().min(buf.remaining());
        buf.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        Poll::Ready(Ok(()))
    }

    /// What goes on of bytes that come in parts of this size.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn pass(mut self, bytes: &[u8], size: usize) -> Vec<u8> {
        let mut on = Vec::new();
        for part in bytes.chunks(size.clamp(1, bytes.len().max(1))) {
            let whole = self.came(part);
            on.extend_from_slice(&part[..whole]);
            on.extend_from_slice(&self.ahead.split());
        }
        on
    }

    /// How many of these bytes go on as they are. What goes on of those behind is `ahead` then.
    fn came(&mut self, bytes: &[u8]) -> usize {
        let (mut whole, mut at) = (0, 0);
        while at < bytes.len() {
            let rest = &bytes[at..];
            let (length, goes_on) = self.part(rest);
            match goes_on {
                true if whole == at => whole += length,
                true => self.ahead.extend_from_slice(&rest[..length]),
                false => {}
            }
            at += length;
        }
        whole
    }

    /// The length of the next part, and whether it goes on as it is.
    fn part(&mut self, rest: &[u8]) -> (usize, bool) {
        match self.place {
            Place::Through => (rest.len(), true),
            Place::Over => (rest.len(), false),
            Place::Body(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                self.go_to(Place::Body(left - here as u64));
                (here, true)
            }
            Place::RequestLine | Place::Fields => self.part_of_line(rest),
        }
    }

    fn part_of_line(&mut self, rest: &[u8]) -> (usize, bool) {
        let line_feed = rest.iter().position(|b| *b == b'\n');
        let length = line_feed.map_or(rest.len(), |at| at + 1);
        self.is_cut |= self.passed == 0 && self.has_too_much();
        if self.is_cut {
            self.skip(&rest[..length]);
            if line_feed.is_some() {
                self.end_cut_line();
            }
            return (length, false);
        }
        let room = self.room();
        if length < room || (length == room && line_feed.is_some()) {
            self.keep(&rest[..length], BEGINNING);
            self.passed += length;
            if line_feed.is_some() {
                self.end_line();
            }
            return (length, true);
        }
        self.keep(&rest[..room - 1], BEGINNING);
        self.is_cut = true;
        self.passed += room - 1;
        if self.place == Place::RequestLine {
            if !self.line.contains(&b' ') {
                // Its target might seem short. The library refuses it.
                self.place = Place::Through;
            }
            self.line.clear();
        }
        (room - 1, true)
    }

    /// How much longer the current line may be. There is always room for its line break.
    fn room(&self) -> usize {
        let most = match self.place {
            Place::RequestLine => self.limits.target + LINE_MORE,
            _ => self.limits.bytes + self.limits.sender - self.head.bytes,
        };
        most - self.passed
    }

    /// Whether no further field may go on.
    fn has_too_much(&self) -> bool {
        self.head.fields > self.limits.fields || self.head.bytes > self.limits.bytes
    }

    fn keep(&mut self, part: &[u8], most: usize) {
        let length = part.len().min(most.saturating_sub(self.line.len()));
        self.line.extend_from_slice(&part[..length]);
    }

    fn skip(&mut self, part: &[u8]) {
        if self.place == Place::RequestLine {
            let end = part.len().saturating_sub(END);
            self.line.extend_from_slice(&part[end..]);
            self.line.drain(..self.line.len().saturating_sub(END));
        } else if self.passed == 0 {
            self.keep(part, self.limits.sender + 1);
        }
    }

    fn end_line(&mut self) {
        let is_empty = is_empty(&self.line);
        match self.place {
            // Some clients begin with an empty line.
            Place::RequestLine if is_empty => {}
            Place::RequestLine => self.place = Place::Fields,
            _ if !is_empty => self.note_field(),
            _ if self.head.has_long_line => self.place = Place::Over,
            _ if self.head.is_last => self.place = Place::Through,
            _ => self.go_to(Place::Body(self.head.length.unwrap_or(0))),
        }
        self.begin_line();
    }

    fn end_cut_line(&mut self) {
        match self.place {
            Place::RequestLine => {
                let version = self.line.iter().rposition(|b| *b == b' ');
                let end = &self.line[version.unwrap_or(0)..];
                self.ahead.extend_from_slice(end);
                self.head.has_long_line = true;
                self.place = Place::Fields;
            }
            _ if self.passed > 0 => {
                self.ahead.extend_from_slice(b"\r\n");
                self.head.fields += 1;
                self.head.bytes += self.passed;
            }
            _ if is_empty(&self.line) => {
                for _ in self.head.fields..=self.limits.fields {
                    self.ahead.extend_from_slice(FILLER);
                }
                self.ahead.extend_from_slice(&self.line);
                self.place = Place::Over;
            }
            _ if self.names_sender() => {
                self.ahead.extend_from_slice(&self.line);
                self.head.fields += 1;
                self.head.senders += 1;
            }
            _ => {}
        }
        self.begin_line();
    }

    fn begin_line(&mut self) {
        self.line.clear();
        self.passed = 0;
        self.is_cut = false;
    }

    /// Goes to a body, or to the next head if nothing is left of it.
    fn go_to(&mut self, body: Place) {
        self.place = body;
        if body == Place::Body(0) {
            self.place = Place::RequestLine;
            self.head = Head::default();
        }
    }

    /// Notes a field that went on, and what it says about the body.
    fn note_field(&mut self) {
        self.head.fields += 1;
        self.head.bytes += self.passed;
        let (name, value) = name_and_value(&self.line);
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(value).ok();
            let length = value.and_then(|value| value.trim().parse().ok());
            let length = length.filter(|_| self.line.len() == self.passed);
            self.head.is_last |= self.head.length.is_some() || length.is_none();
            self.head.length = length;
        }
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        self.head.is_last |= is(b"transfer-encoding") || is(b"upgrade");
    }

    /// Whether a field that was dropped says who sends.
    fn names_sender(&self) -> bool {
        let (name, _) = name_and_value(&self.line);
        let is_one = SENDERS.iter().any(|one| name.eq_ignore_ascii_case(one));
        is_one && self.line.len() <= self.limits.sender && self.head.senders < SENDERS_MOST
    }
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\r\n" | b"\n")
}

fn name_and_value(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|b| *b == b':');
    let (name, value) = line.split_at(colon.unwrap_or(0));
    (name, value.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes on, whatever the pieces in which it comes.
    fn on(bytes: &[u8]) -> String {
        let whole = |size| {
            let on = ShortHeads::new(HeadLimits::GATEWAY).pass(bytes, size);
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
        assert!(
            line.len() > MAX_TARGET_LENGTH + 20 && line.len() < MAX_TARGET_LENGTH + LINE_MORE + END
        );
        assert!(line.ends_with(" HTTP/1.1"));
        assert_eq!(fields, rest);
    }

    #[test]
    fn of_too_many_or_too_long_fields_enough_goes_on_to_see_it() {
        let last = "authorization: Bearer t\r\nHost: g\r\n";
        let more = "Cookie: a\r\n".repeat(50);
        let limits = HeadLimits::GATEWAY;
        for fields in [
            "X: 1\r\n".repeat(100_000),
            format!("X: {}\r\n", "x".repeat(1_000_000)),
            format!("X: {}\r\n", "x".repeat(10_000)).repeat(20),
            format!("X: {}\r\n", "x".repeat(100)).repeat(700),
        ] {
            let bytes = format!("GET / HTTP/1.1\r\n{fields}{last}{more}\r\nignored");
            let on = on(bytes.as_bytes());
            let count = on.lines().count() - 2;
            assert!(
                (MAX_FIELDS + 1..=limits.seen_fields()).contains(&count),
                "{count}"
            );
            assert!(
                on.len() < limits.seen_bytes() && on.contains(last) && on.ends_with("\r\n\r\n")
            );
        }
    }
}
