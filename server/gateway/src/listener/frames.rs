//! Closes the connection of a client that floods it with HTTP/2 frames that ask for nothing.
//!
//! The library answers PING and SETTINGS, processes PRIORITY, `WINDOW_UPDATE` and empty DATA, and
//! has no limit for them (CVE-2019-9512, 9513, 9515, 9518). So they are counted on the wire. A
//! client may send a number of them at once, some each second, and more for each frame of an
//! answer, because a client that reads acknowledges.
//!
//! They also show how much of its answers a client may have received without having read it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

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
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;
/// Flags of DATA.
const END_STREAM: u8 = 1;
const PADDED: u8 = 8;

/// The setting of how much a stream begins with, and how much it is without it (RFC 9113 §6.5.2).
const INITIAL_WINDOW_SIZE: u16 = 4;
const WINDOW: u64 = 65_535;

/// How much a client has room for: of a connection, and of each stream.
#[derive(Debug)]
pub(super) struct Windows {
    initial: AtomicU64,
    /// The most that was granted at once.
    granted: AtomicU64,
    granted_in_all: AtomicU64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            initial: AtomicU64::new(WINDOW),
            granted: AtomicU64::new(0),
            granted_in_all: AtomicU64::new(0),
        }
    }
}

impl Windows {
    /// The most that a client which grants what it has read may have left unread of a stream.
    pub(super) fn most(&self) -> u64 {
        let value = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let of_stream = value(&self.initial) + value(&self.granted);
        of_stream.min(WINDOW + value(&self.granted_in_all))
    }

    fn saw(&self, frame: Frame, entry: [u8; 6]) {
        let [high, low, rest @ ..] = entry;
        match (frame.kind, u16::from_be_bytes([high, low])) {
            (SETTINGS, INITIAL_WINDOW_SIZE) => {
                let size = u64::from(u32::from_be_bytes(rest));
                self.initial.store(size, Ordering::Relaxed);
            }
            (WINDOW_UPDATE, _) => {
                let [a, b, c, d, ..] = entry;
                let granted = u64::from(u32::from_be_bytes([a, b, c, d]));
                match frame.stream {
                    0 => &self.granted_in_all,
                    _ => &self.granted,
                }
                .fetch_max(granted, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

/// The frames of one connection.
pub(super) struct Frames {
    incoming: FrameReader,
    outgoing: FrameReader,
    left: u64,
    refilled: Instant,
    windows: Arc<Windows>,
}

/// More frames that ask for nothing have come than a client needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flood;

impl Frames {
    /// What the client has room for is noted in `windows`.
    pub(super) fn new(now: Instant, windows: Arc<Windows>) -> Self {
        Self {
            incoming: FrameReader::after(PREFACE_LENGTH),
            outgoing: FrameReader::after(0),
            left: AT_ONCE,
            refilled: now,
            windows,
        }
    }

    /// Notes what the client has sent.
    ///
    /// # Errors
    ///
    /// If there are too many frames that ask for nothing.
    pub(super) fn read(&mut self, bytes: &[u8], now: Instant) -> Result<(), Flood> {
        let mut idle = 0;
        self.incoming.saw(bytes, |found| match found {
            Found::Frame(frame) => idle += u64::from(frame.asks_for_nothing()),
            Found::Entry(frame, entry) => self.windows.saw(frame, entry),
        });
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
        self.outgoing.saw(bytes, |found| {
            if let Found::Frame(frame) = found
                && matches!(frame.kind, DATA | HEADERS)
            {
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
    stream: u32,
}

impl Frame {
    /// The size of what its payload consists of, where that is of interest.
    const fn entry(self) -> usize {
        match self.kind {
            SETTINGS => 6,
            WINDOW_UPDATE => 4,
            _ => 0,
        }
    }

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

/// What a reader finds.
enum Found {
    /// The head of a frame.
    Frame(Frame),
    /// An entry of its payload, which may be shorter.
    Entry(Frame, [u8; 6]),
}

/// Finds the heads of frames and their entries, however their bytes arrive.
struct FrameReader {
    head: [u8; 9],
    head_bytes: usize,
    frame: Frame,
    entry: [u8; 6],
    entry_bytes: usize,
    /// How many bytes of a payload are still to come.
    rest: usize,
}

impl FrameReader {
    const fn after(skip: usize) -> Self {
        let frame = Frame {
            length: 0,
            kind: DATA,
            flags: 0,
            stream: 0,
        };
        Self {
            head: [0; 9],
            head_bytes: 0,
            frame,
            entry: [0; 6],
            entry_bytes: 0,
            rest: skip,
        }
    }

    fn saw(&mut self, mut bytes: &[u8], mut found: impl FnMut(Found)) {
        while let [first, others @ ..] = bytes {
            let size = self.frame.entry();
            if self.rest > 0 && size == 0 {
                let skipped = self.rest.min(bytes.len());
                self.rest -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            bytes = others;
            if self.rest > 0 {
                self.rest -= 1;
                self.entry[self.entry_bytes] = *first;
                self.entry_bytes += 1;
                if self.entry_bytes == size {
                    self.entry_bytes = 0;
                    found(Found::Entry(self.frame, self.entry));
                }
            } else if let Some(frame) = self.head(*first) {
                found(Found::Frame(frame));
            }
        }
    }

    /// Takes the next byte of a frame's head.
    fn head(&mut self, byte: u8) -> Option<Frame> {
        self.head[self.head_bytes] = byte;
        self.head_bytes += 1;
        if self.head_bytes < self.head.len() {
            return None;
        }
        let [high, middle, low, kind, flags, a, b, c, d] = self.head;
        let length = u32::from_be_bytes([0, high, middle, low]);
        (self.head_bytes, self.entry_bytes) = (0, 0);
        self.rest = usize::try_from(length).unwrap_or(usize::MAX);
        self.frame = Frame {
            length: u64::from(length),
            kind,
            flags,
            // The first bit is reserved.
            stream: u32::from_be_bytes([a & 0x7f, b, c, d]),
        };
        Some(self.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;
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
        let mut frames = Frames::new(now, Arc::default());
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

    #[test]
    fn what_a_client_has_room_for_is_known_however_it_arrives() {
        let update = |stream: u8, granted: u32| {
            let mut bytes = vec![0, 0, 4, WINDOW_UPDATE, 0, 0x80, 0, 0, stream];
            bytes.extend(granted.to_be_bytes());
            bytes
        };
        let initial = |size: u32| {
            // After another setting.
            let mut bytes = vec![0, 0, 12, SETTINGS, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 9, 0, 4];
            bytes.extend(size.to_be_bytes());
            bytes
        };
        for (sent, most) in [
            (vec![], WINDOW),
            (vec![initial(1000)], 1000),
            (vec![initial(1000), update(1, 500), update(1, 20)], 1500),
            (vec![initial(6 << 20)], WINDOW),
            (
                vec![initial(6 << 20), update(0, 1 << 20)],
                WINDOW + (1 << 20),
            ),
            (
                vec![update(0, 1 << 24), update(3, 1 << 20)],
                WINDOW + (1 << 20),
            ),
        ] {
            for step in [1, 4, 4096] {
                let Begun(mut frames, now) = begun();
                for part in sent.concat().chunks(step) {
                    frames.read(part, now).unwrap();
                }
                assert_eq!(frames.windows.most(), most, "{sent:?} {step}");
            }
        }
    }
}
