//! Counts and hashes the frames of a WebSocket on their way (RFC 6455 §5.2), without reading them.

use app::domain::access_log::DirectionTally;
use sha2::{Digest, Sha256};

/// The longest frame head: two bytes, eight of length, four of mask.
const MAX_HEAD: usize = 14;

/// Bytes that are no frame, or a frame that this side may not send now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was sent is no WebSocket frame")]
pub(crate) struct NoFrame;

/// The traffic of one side.
#[derive(Debug)]
pub(crate) struct FrameCounter {
    /// Clients mask their frames and servers do not (RFC 6455 §5.1).
    masked: bool,
    head: [u8; MAX_HEAD],
    head_bytes: usize,
    payload_left: u64,
    /// A message has begun, and its last frame has not come (RFC 6455 §5.4).
    in_message: bool,
    /// This side has sent its last frame (§5.5.1).
    closed: bool,
    frames: u64,
    bytes: u64,
    hash: Sha256,
}

impl FrameCounter {
    pub(crate) fn new(masked: bool) -> Self {
        Self {
            masked,
            head: [0; MAX_HEAD],
            head_bytes: 0,
            payload_left: 0,
            in_message: false,
            closed: false,
            frames: 0,
            bytes: 0,
            hash: Sha256::new(),
        }
    }

    /// Notes bytes before they are passed on. Bytes that may not pass are not counted.
    pub(crate) fn saw(&mut self, bytes: &[u8]) -> Result<(), NoFrame> {
        let frames = self.frames;
        let sound = self.follow(bytes);
        if sound.is_err() {
            self.frames = frames;
        }
        sound
    }

    fn follow(&mut self, bytes: &[u8]) -> Result<(), NoFrame> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let payload = usize::try_from(self.payload_left).unwrap_or(usize::MAX);
            let here = payload.min(rest.len());
            self.payload_left -= here as u64;
            rest = &rest[here..];
            if let [first, more @ ..] = rest {
                self.head_byte(*first)?;
                rest = more;
            }
        }
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        Ok(())
    }

    fn head_byte(&mut self, byte: u8) -> Result<(), NoFrame> {
        self.head[self.head_bytes] = byte;
        self.head_bytes += 1;
        match self.head_bytes {
            1 => self.begins(byte),
            2 if (byte & 0x80 != 0) != self.masked => Err(NoFrame),
            _ => self.end_of_head(),
        }
    }

    /// Checks that a frame may begin with this byte now.
    fn begins(&mut self, first: u8) -> Result<(), NoFrame> {
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        // No reserved bits without an extension, nothing after a Close.
        if first & 0x70 != 0 || self.closed {
            return Err(NoFrame);
        }
        match opcode {
            // A continuation continues something, and nothing else does.
            0..=2 if (opcode == 0) == self.in_message => self.in_message = !last,
            8 => self.closed = true,
            9 | 10 => {}
            _ => return Err(NoFrame),
        }
        Ok(())
    }

    /// Begins the payload if the head is complete.
    fn end_of_head(&mut self) -> Result<(), NoFrame> {
        let (length_bytes, length) = match self.head[1] & 0x7f {
            126 => (2, None),
            127 => (8, None),
            short => (0, Some(u64::from(short))),
        };
        let mask_bytes = if self.masked { 4 } else { 0 };
        if self.head_bytes < 2 + length_bytes + mask_bytes {
            return Ok(());
        }
        let extended = &self.head[2..2 + length_bytes];
        let extended = extended.iter().fold(0, |sum, b| (sum << 8) | u64::from(*b));
        let length = length.unwrap_or(extended);
        // The highest bit of a length is never set. Control frames are short and complete (§5.5).
        let is_control = self.head[0] & 0x08 != 0;
        if length >> 63 != 0 || (is_control && (length > 125 || self.head[0] & 0x80 == 0)) {
            return Err(NoFrame);
        }
        self.frames += 1;
        self.payload_left = length;
        self.head_bytes = 0;
        Ok(())
    }

    /// The traffic so far.
    pub(crate) fn tally(&self) -> DirectionTally {
        DirectionTally {
            frames: self.frames,
            bytes: self.bytes,
            sha256: hex::encode(self.hash.clone().finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_however_they_arrive() {
        let mut bytes = vec![0x81, 0x85, 1, 2, 3, 4, 9, 9, 9, 9, 9];
        bytes.extend([0x82, 0xfe, 1, 0, 1, 2, 3, 4]);
        bytes.extend(vec![0; 256]);
        bytes.extend([0x02, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]);
        bytes.extend(vec![0; 65536]);
        bytes.extend([0x89, 0x80, 1, 2, 3, 4]);
        for step in [1, 7, 4096, usize::MAX] {
            let mut counter = FrameCounter::new(true);
            for part in bytes.chunks(step.min(bytes.len())) {
                counter.saw(part).unwrap();
            }
            let tally = counter.tally();
            assert_eq!((tally.frames, tally.bytes), (4, bytes.len() as u64));
            assert_eq!(tally.sha256, hex::encode(Sha256::digest(&bytes)));
        }
    }

    #[test]
    fn a_message_may_come_in_parts_with_control_frames_between_them() {
        let bytes = [
            0x01, 0x01, b'a', 0x89, 0x00, 0x00, 0x01, b'b', 0x8a, 0x00, 0x80, 0x00, 0x82, 0x00,
            0x88, 0x00,
        ];
        let mut counter = FrameCounter::new(false);
        counter.saw(&bytes).unwrap();
        assert_eq!(counter.tally().frames, 7);
    }

    #[test]
    fn what_is_no_frame_is_noticed() {
        for (masked, bytes) in [
            (true, &b"GET / HTTP/1.1\r\n"[..]),
            (true, &[0x81, 0x01, b'x']),
            (false, &[0x81, 0x81, 0, 0, 0, 0, 0]),
            (false, b"HTTP/1.1 200 OK\r\n"),
            (false, &[0xc1, 0x00]),
            (false, &[0x83, 0x00]),
            (false, &[0x89, 126, 0, 126]),
            (false, &[0x09, 0x00]),
            (false, &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            // After a Close: a message, a ping, a second Close.
            (false, &[0x88, 0x00, 0x81, 0x00]),
            (false, &[0x88, 0x02, 3, 232, 0x89, 0x00]),
            (true, &[0x88, 0x80, 1, 2, 3, 4, 0x88, 0x80, 1, 2, 3, 4]),
            // A continuation of nothing, at first and after a whole message.
            (false, &[0x80, 0x00]),
            (false, &[0x00, 0x00]),
            (false, &[0x81, 0x00, 0x80, 0x00]),
            (false, &[0x01, 0x00, 0x80, 0x00, 0x80, 0x00]),
            // A message within another.
            (false, &[0x01, 0x00, 0x82, 0x00]),
            (false, &[0x01, 0x00, 0x89, 0x00, 0x00, 0x00, 0x01, 0x00]),
        ] {
            let mut counter = FrameCounter::new(masked);
            assert_eq!(counter.saw(bytes), Err(NoFrame), "{bytes:?}");
            let tally = counter.tally();
            assert_eq!((tally.frames, tally.bytes), (0, 0), "nothing has passed");
        }
    }
}
