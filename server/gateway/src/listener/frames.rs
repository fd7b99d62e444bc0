//! Closes the connection of a client that floods it with HTTP/2 frames that ask for nothing.
//!
//! The library answers PING and SETTINGS, processes PRIORITY, `WINDOW_UPDATE` and empty DATA, and
//! has no limit for them (CVE-2019-9512, 9513, 9515, 9518). So they are counted on the wire. A
//! client may send a number of them at once, some each second, and more for each frame of an
//! answer, because a client that reads acknowledges.

use tokio::time::Instant;

/// The length of the preface before the frames (RFC 9113 §3.4).
const PREFACE_LENGTH: usize = 24;
/// How many frames that ask for nothing a client may send at once.
const AT_ONCE: u64 = 200;
/// How many more each second.
const PER_SECOND: u64 = 10;
/// How many more for each frame of an answer, and for each of its bytes.
const PER_FRAME: u64 = 4;
const BYTES_EACH: u64 = 1024;
/// The most that a client may save up.
const SAVED_MAX: u64 = 1 << 20;

/// Frame types (RFC 9113 §6) that do more than keep a connection busy.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
/// Flags of DATA.
const END_STREAM: u8 = 1;
const PADDED: u8 = 8;

/// The frames of one connection.
pub(super) struct Frames {
    incoming: FrameReader,
    outgoing: FrameReader,
    left: u64,
    refilled: Instant,
}

/// More frames that ask for nothing have come than a client needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood;

impl Frames {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            incoming: FrameReader::after(PREFACE_LENGTH),
            outgoing: FrameReader::after(0),
            left: AT_ONCE,
            refilled: now,
        }
    }

    /// Notes what the client has sent.
    ///
    /// # Errors
    ///
    /// If there are too many frames that ask for nothing.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) -> Result<(), Flood> {
        let mut idle = 0;
        self.incoming
            .saw(bytes, |frame| idle += u64::from(frame.asks_for_nothing()));
        if idle == 0 {
            return Ok(());
        }
        self.refill(now);
        self.left = self.left.checked_sub(idle).ok_or(Flood)?;
        Ok(())
    }

    /// Notes what was sent to the client.
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        let mut earned = 0;
        self.outgoing.saw(bytes, |frame| {
            if matches!(frame.kind, DATA | HEADERS) {
                earned += PER_FRAME + frame.length / BYTES_EACH;
            }
        });
        self.left = (self.left + earned).min(SAVED_MAX);
    }

    fn refill(&mut self, now: Instant) {
        let seconds = (now - self.refilled).as_secs();
        if seconds > 0 {
            self.refilled = now;
            if self.left < AT_ONCE {
                self.left = AT_ONCE.min(self.left + seconds * PER_SECOND);
            }
        }
    }
}

/// The head of a frame (RFC 9113 §4.1).
#[derive(Clone, Copy)]
struct Frame {
    length: u64,
    kind: u8,
    flags: u8,
}

impl Frame {
    fn asks_for_nothing(self) -> bool {
        match self.kind {
            // A padded frame may be only padding.
            DATA => self.flags & PADDED != 0 || (self.length == 0 && self.flags & END_STREAM == 0),
            // Requests and resets have their own limits.
            HEADERS | RST_STREAM => false,
            // Acknowledgements too, because the library logs each unexpected one. We send few
            // pings.
            _ => true,
        }
    }
}

/// Finds the heads of frames, however their bytes arrive.
struct FrameReader {
    head: [u8; 9],
    head_bytes: usize,
    skip: usize,
}

impl FrameReader {
    const fn after(skip: usize) -> Self {
        Self {
            head: [0; 9],
            head_bytes: 0,
            skip,
        }
    }

    fn saw(&mut self, mut bytes: &[u8], mut found: impl FnMut(Frame)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let [first, rest @ ..] = bytes else { return };
            self.head[self.head_bytes] = *first;
            self.head_bytes += 1;
            bytes = rest;
            if self.head_bytes == self.head.len() {
                let [high, middle, low, kind, flags, ..] = self.head;
                let length = u32::from_be_bytes([0, high, middle, low]);
                self.head_bytes = 0;
                self.skip = usize::try_from(length).unwrap_or(usize::MAX);
                found(Frame {
                    length: u64::from(length),
                    kind,
                    flags,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const WINDOW_UPDATE: u8 = 8;
    const ACK: u8 = 1;

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
        bytes.extend(vec![0xff; payload]);
        bytes
    }

    struct Begun(Frames, Instant);

    fn begun() -> Begun {
        let now = Instant::now();
        let mut frames = Frames::new(now);
        frames.read(&[b'P'; PREFACE_LENGTH], now).unwrap();
        Begun(frames, now)
    }

    impl Begun {
        fn read(&mut self, bytes: &[u8]) -> Result<(), Flood> {
            self.0.read(bytes, self.1)
        }
    }

    #[test]
    fn a_flood_is_noticed_however_it_arrives() {
        for (kind, flags, payload) in [
            (PING, 0, 8),
            (PING, ACK, 8),
            (SETTINGS, 0, 0),
            (SETTINGS, ACK, 0),
            (SETTINGS, 0, 6),
            (2, 0, 5),
            (WINDOW_UPDATE, 0, 4),
            (9, 0, 0),
            (0x10, 0, 5),
            (0xbe, 0, 0),
            (DATA, 0, 0),
            (DATA, PADDED, 1),
        ] {
            for step in [1, 5, 4096] {
                let mut frames = begun();
                let flood = frame(kind, flags, payload).repeat(201);
                let mut parts = flood.chunks(step);
                assert!(
                    parts.any(|part| frames.read(part).is_err()),
                    "{kind} {step}"
                );
                let mut frames = begun();
                let few = frame(kind, flags, payload).repeat(200);
                assert_eq!(frames.read(&few), Ok(()), "{kind}");
            }
        }
    }

    #[test]
    fn what_asks_or_answers_is_no_flood() {
        let mut frames = begun();
        for part in [
            frame(HEADERS, 4, 50),
            frame(DATA, 0, 1),
            frame(DATA, END_STREAM, 0),
            frame(RST_STREAM, 0, 4),
        ] {
            assert_eq!(frames.read(&part.repeat(1000)), Ok(()));
        }
    }

    #[test]
    fn a_client_that_reads_may_acknowledge() {
        let mut frames = begun();
        for _ in 0..10_000 {
            frames.0.wrote(&frame(DATA, 0, 10));
            let acknowledged = frame(WINDOW_UPDATE, 0, 4).repeat(4);
            assert_eq!(frames.read(&acknowledged), Ok(()));
        }
        // Our own answers to a flood make up for nothing.
        let pong = frame(PING, ACK, 8);
        frames.0.wrote(&pong.repeat(1000));
        assert_eq!(frames.read(&frame(PING, 0, 8).repeat(201)), Err(Flood));
    }

    #[test]
    fn a_client_that_asks_from_time_to_time_is_no_flood() {
        let mut frames = begun();
        for _ in 0..1000 {
            assert_eq!(frames.read(&frame(PING, 0, 8).repeat(10)), Ok(()));
            frames.1 += std::time::Duration::from_secs(1);
        }
    }
}
