//! Reads the text of an export, however it was saved on the way: with a byte order mark, as UTF-16, with other line ends.

use std::io::{self, BufRead, Cursor, Read};

/// How many bytes from the beginning show what a file is.
const START: u64 = 4096;
/// The longest accepted line, in bytes.
const LONGEST_LINE: usize = 4 * 1024 * 1024;
/// The byte order mark.
const MARK: &str = "\u{FEFF}";

/// How characters are written as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Utf8,
    Utf16 { is_big_endian: bool },
}

impl Coding {
    /// By the byte order mark, or by the position of the zeros in a first `{`.
    pub(super) const fn of(start: &[u8]) -> Self {
        match start {
            [0xFF, 0xFE, ..] | [b'{', 0, ..] => Self::Utf16 {
                is_big_endian: false,
            },
            [0xFE, 0xFF, ..] | [0, b'{', ..] => Self::Utf16 {
                is_big_endian: true,
            },
            _ => Self::Utf8,
        }
    }

    /// The beginning of a file as text, with replacements for what can't be read.
    pub(super) fn text(self, bytes: &[u8]) -> String {
        let Self::Utf16 { is_big_endian } = self else {
            return String::from_utf8_lossy(bytes).into_owned();
        };
        let pairs = bytes.chunks_exact(2);
        let units: Vec<u16> = pairs
            .map(|pair| unit(is_big_endian, pair[0], pair[1]))
            .collect();
        String::from_utf16_lossy(&units)
    }
}

const fn unit(is_big_endian: bool, first: u8, second: u8) -> u16 {
    match is_big_endian {
        true => u16::from_be_bytes([first, second]),
        false => u16::from_le_bytes([first, second]),
    }
}

/// A line, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Whether the line is complete. `false` if the file ends within it.
    Read {
        ended: bool,
    },
    /// The characters are not valid in this encoding.
    Garbled,
    TooLong,
    /// There are no more.
    End,
}

/// A file that is read line by line.
pub(super) struct Lines<R> {
    source: io::Chain<Cursor<Vec<u8>>, R>,
    coding: Coding,
}

impl<R: BufRead> Lines<R> {
    /// Reads the beginning of a file.
    pub(super) fn of(mut source: R) -> io::Result<Self> {
        let mut start = Vec::new();
        (&mut source).take(START).read_to_end(&mut start)?;
        Ok(Self {
            coding: Coding::of(&start),
            source: Cursor::new(start).chain(source),
        })
    }

    /// The beginning of the file, before anything else was read. All of it if it is shorter than
    /// [`START`].
    pub(super) fn start(&self) -> &[u8] {
        self.source.get_ref().0.get_ref()
    }

    pub(super) const fn coding(&self) -> Coding {
        self.coding
    }

    /// Reads the next line into `line`, as UTF-8 and without a byte order mark.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let read = match self.coding {
            Coding::Utf8 => self.next_of_bytes(line),
            Coding::Utf16 { is_big_endian } => self.next_of_units(line, is_big_endian),
        };
        if line.starts_with(MARK.as_bytes()) {
            line.drain(..MARK.len());
        }
        read
    }

    fn next_of_bytes(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        let most = LONGEST_LINE as u64 + 1;
        let length = (&mut self.source).take(most).read_until(b'\n', line)?;
        Ok(match length {
            0 => Line::End,
            length if length > LONGEST_LINE => Line::TooLong,
            _ => Line::Read {
                ended: line.ends_with(b"\n"),
            },
        })
    }

    fn next_of_units(&mut self, line: &mut Vec<u8>, is_big_endian: bool) -> io::Result<Line> {
        const LINE_FEED: u16 = 0x0A;
        let mut units = Vec::new();
        let mut half = None;
        while units.len() <= LONGEST_LINE && units.last() != Some(&LINE_FEED) {
            let buffer = self.source.fill_buf()?;
            let Some(byte) = buffer.first().copied() else {
                break;
            };
            self.source.consume(1);
            match half.take() {
                None => half = Some(byte),
                Some(first) => units.push(unit(is_big_endian, first, byte)),
            }
        }
        if units.is_empty() && half.is_none() {
            return Ok(Line::End);
        }
        if units.len() > LONGEST_LINE {
            return Ok(Line::TooLong);
        }
        let ended = units.last() == Some(&LINE_FEED);
        match String::from_utf16(&units) {
            Ok(text) => line.extend_from_slice(text.as_bytes()),
            Err(_) => return Ok(Line::Garbled),
        }
        Ok(Line::Read { ended })
    }
}
