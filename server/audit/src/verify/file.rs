//! Verifies a file. If it is not an export, says what it is.

use std::io::{self, BufRead};

use serde_json::Value;

use super::{Extent, KeptHead, Report, Verifier, text::Lines};
use crate::json;

/// Why a file can't be verified as an export. It completes a sentence that begins with "The file".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnExport {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It is compressed, or an archive.
    #[error("is compressed ({0}); unpack it first")]
    Compressed(&'static str),
    /// It is an export as CSV, which is for reading.
    #[error(
        "is a table (CSV), which is for reading; export as JSON Lines (format=jsonl) to verify"
    )]
    Csv,
    /// It is a web page.
    #[error(
        "is a page (HTML or XML), such as the answer of a proxy or a sign-in page; export once more"
    )]
    Page,
    /// Its events are in a list.
    #[error("is one JSON list; write each event on its own line (jq -c '.[]')")]
    List,
    /// Its events have several lines each.
    #[error("has events on several lines; write each on its own line (jq -c .)")]
    Spread,
    /// It is JSON of another kind.
    #[error(
        "is JSON, but no audit event, such as an error or a page of the REST interface; export once more"
    )]
    OtherJson,
    /// It is in an unsupported character encoding.
    #[error("is text in UTF-32; save it as UTF-8")]
    Utf32,
    /// No line in it is an event.
    #[error("has no audit event in it: line {line} {why}")]
    NoEvent {
        /// The first line with anything in it.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// A file that can't be verified. This says nothing about the record.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// It can't be read.
    #[error("can't be read")]
    Io(#[from] io::Error),
    /// It is not an export.
    #[error(transparent)]
    NotAnExport(#[from] NotAnExport),
}

/// Verifies a file that should be an export in JSON Lines: UTF-8 or UTF-16, with a byte order mark or without.
///
/// # Errors
///
/// If it can't be read, or is not an export. Only a file with at least one event gets a report.
pub fn verify_export(
    file: impl BufRead,
    extent: Extent,
    kept: impl IntoIterator<Item = KeptHead>,
) -> Result<Report, NotVerified> {
    let mut lines = Lines::of(file)?;
    identify(&lines)?;
    let mut verifier = Verifier::new(extent, kept);
    verifier.lines(&mut lines)?;
    let report = verifier.finish();
    if !report.chains.is_empty() {
        return Ok(report);
    }
    let Some(fault) = report
        .faults
        .iter()
        .find(|fault| fault.is_unreadable_line())
    else {
        return Err(NotAnExport::Empty.into());
    };
    let (line, why) = (fault.line.unwrap_or(1), fault.wrong.to_string());
    Err(NotAnExport::NoEvent { line, why }.into())
}

/// The first bytes of compressed files.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1F\x8B", "gzip"),
    (b"PK\x03\x04", "ZIP, or a workbook"),
    (b"\x28\xB5\x2F\xFD", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xFD7zXZ", "xz"),
];

/// Recognises files that people may mistake for exports.
fn identify(lines: &Lines<impl BufRead>) -> Result<(), NotAnExport> {
    let start = lines.start();
    for (magic, name) in COMPRESSED {
        if start.starts_with(magic) {
            return Err(NotAnExport::Compressed(name));
        }
    }
    if start.starts_with(b"\xFF\xFE\0\0") || start.starts_with(b"\0\0\xFE\xFF") {
        return Err(NotAnExport::Utf32);
    }
    let text = lines.coding().text(start);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    let (first, has_more) = match text.split_once('\n') {
        Some((first, _)) => (first.trim(), true),
        None => (text.trim(), false),
    };
    match first.chars().next() {
        None => Err(NotAnExport::Empty),
        Some('<') => Err(NotAnExport::Page),
        Some('[') => Err(NotAnExport::List),
        Some('{') if first == "{" && has_more => Err(NotAnExport::Spread),
        Some('{') if is_other_json(first) => Err(NotAnExport::OtherJson),
        _ if is_table(first) => Err(NotAnExport::Csv),
        _ => Ok(()),
    }
}

/// A complete JSON object without the members that link events.
fn is_other_json(line: &str) -> bool {
    let links = ["chain", "seq", "prev", "hash"];
    match json::from_slice(line.as_bytes()) {
        Ok(Value::Object(members)) => links.iter().all(|name| !members.contains_key(*name)),
        _ => false,
    }
}

/// The header line of an export as CSV, with whatever separator a spreadsheet has used.
fn is_table(line: &str) -> bool {
    let mut names = line
        .split([',', ';', '\t'])
        .map(|name| name.trim_matches('"'));
    names.next() == Some("chain") && names.next() == Some("seq")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::chain_of;

    fn export() -> String {
        let events = chain_of(Some("a"), 3);
        let lines = events
            .iter()
            .map(|event| serde_json::to_string(event).unwrap() + "\n");
        lines.collect()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn verify(file: &[u8]) -> Result<Report, NotVerified> {
        verify_export(file, Extent::All, [])
    }

    fn sentence(file: &[u8]) -> String {
        match verify(file) {
            Err(NotVerified::NotAnExport(what)) => what.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_sound_export_is_sound_however_its_text_was_saved() {
        let plain = export();
        let windows = plain.replace('\n', "\r\n");
        let marked = |text: &str| format!("\u{FEFF}{text}");
        for file in [
            plain.clone().into_bytes(),
            marked(&plain).into_bytes(),
            windows.clone().into_bytes(),
            marked(&windows).into_bytes(),
            // Two files, one after the other.
            plain.replacen('\n', "\n\u{FEFF}", 1).into_bytes(),
            format!("\n \r\n{plain}\r\n\n \n").into_bytes(),
            plain.trim_end().to_owned().into_bytes(),
            utf16(&marked(&windows), u16::to_le_bytes),
            utf16(&marked(&plain), u16::to_be_bytes),
            utf16(&plain, u16::to_le_bytes),
            utf16(&plain, u16::to_be_bytes),
            utf16(plain.trim_end(), u16::to_le_bytes),
        ] {
            let report = verify(&file).unwrap();
            assert!(report.is_sound(), "{report}");
            assert_eq!(report.events, 3);
        }
        let changed =
            plain
                .replacen("Invoices", "invoices", 1)
                .replacen("\"seq\":2", "\"seq\":7", 1);
        let report = verify(&utf16(&marked(&changed), u16::to_le_bytes)).unwrap();
        assert!(report.is_contradicted(), "{report}");
    }

    #[test]
    fn what_is_no_export_is_named_in_one_line() {
        let rest = "x,y\r\n".repeat(900);
        let table = format!("chain,seq,id,recorded_at\r\n{rest}");
        let cases: [(&[u8], &str); 21] = [
            (b"", "is empty"),
            (b"\r\n\n \n", "is empty"),
            ("\u{FEFF}".as_bytes(), "is empty"),
            (b"\xFF\xFE", "is empty"),
            (table.as_bytes(), "(CSV)"),
            (b"\"chain\";\"seq\";\"id\"\r\n", "(CSV)"),
            (b"chain\tseq\tid\n", "(CSV)"),
            (
                &utf16(&format!("\u{FEFF}{table}"), u16::to_le_bytes),
                "(CSV)",
            ),
            (b"\x1F\x8B\x08\0\0\0\0\0", "(gzip)"),
            (b"PK\x03\x04....", "(ZIP, or a workbook)"),
            (b"\x28\xB5\x2F\xFD", "(zstd)"),
            (b"<!DOCTYPE html>\n<title>502 Bad Gateway</title>\n", "HTML"),
            (b"\n\n<html>", "HTML"),
            (b"[{\"v\":1}]", "one JSON list"),
            (b"{\n  \"v\": 1\n}\n", "several lines"),
            (b"{\"items\":[],\"next_cursor\":null}", "no audit event"),
            (
                b"{\"title\":\"Forbidden\",\"status\":403}\n",
                "no audit event",
            ),
            (b"\xFF\xFE\0\0{\0\0\0", "UTF-32"),
            (b"Sign in first.\nRequest 1\n", "line 1 can't be read"),
            (b"\n\0\x01\x02\x03", "line 2 can't be read"),
            (
                b"{\"v\":1,\"chain\":\"system\",\"seq\":2",
                "in the middle of this event",
            ),
        ];
        for (file, expected) in cases {
            let told = sentence(file);
            assert!(told.contains(expected) && !told.contains('\n'), "{told}");
            assert!(!told.contains("changed"), "{told}");
        }
    }

    #[test]
    fn a_file_that_was_cut_off_contradicts_nothing() {
        for text in [export(), export().replace('\n', "\r\n")] {
            let report = verify(&text.as_bytes()[..text.len() - 9]).unwrap();
            assert!(!report.is_sound() && !report.is_contradicted());
            let told = report.to_string();
            assert!(told.contains("line 3 [unreadable]"), "{told}");
            assert!(told.contains("ends in the middle of this event"), "{told}");
            let sixteen = utf16(&text, u16::to_le_bytes);
            for cut in [9, 10] {
                let report = verify(&sixteen[..sixteen.len() - cut]).unwrap();
                assert!(!report.is_sound() && !report.is_contradicted(), "{report}");
            }
        }
    }

    #[test]
    fn a_file_that_was_damaged_or_saved_in_another_encoding_contradicts_nothing() {
        let plain = export();
        let lines: Vec<&str> = plain.lines().collect();
        let second = |bytes: &[u8]| [lines[0].as_bytes(), bytes, lines[2].as_bytes()].join(&b'\n');
        let ansi = lines[1].replacen("Zoë", "Zürich", 1);
        let ansi: Vec<u8> = ansi.chars().map(|c| c as u8).collect();
        let wrapped = |text: &str, width: usize| {
            let lines = text.lines().flat_map(|line| line.as_bytes().chunks(width));
            lines.collect::<Vec<_>>().join(&b"\r\n"[..])
        };
        let long = lines[1].len();
        for (file, expected) in [
            (
                second(&ansi),
                "line 2 [unreadable]: can't be read: it is not UTF-8",
            ),
            (
                second(&lines[1].as_bytes()[..90]),
                "line 2 [unreadable]: can't be read: the line is cut",
            ),
            (
                second(&wrapped(lines[1], 90)),
                "its event is broken over several lines",
            ),
            (second(b"garbage"), "line 2 [unreadable]"),
            (second(&lines[1].as_bytes()[20..]), "line 2 [unreadable]"),
            (
                wrapped(&plain, long - 1),
                "its event is broken over several lines",
            ),
            (
                format!("{}\n{}{}\n", lines[0], lines[1], lines[2]).into_bytes(),
                "several events",
            ),
            (
                format!("{}\n{}", &lines[0][9..], &plain[lines[0].len() + 1..]).into(),
                "line 1 [unreadable]",
            ),
        ] {
            let heads = [2, 3].map(|seq: usize| KeptHead {
                chain: "tenant:a".into(),
                seq: seq as u64,
                hash: chain_of(Some("a"), 3)[seq - 1].hash.clone(),
            });
            for (extent, kept) in [(Extent::Stretches, vec![]), (Extent::All, heads.to_vec())] {
                let told = match verify_export(file.as_slice(), extent, kept) {
                    Ok(report) => {
                        assert!(!report.is_sound() && !report.is_contradicted(), "{report}");
                        report.to_string()
                    }
                    Err(error) => error.to_string(),
                };
                assert!(told.contains(expected), "{expected}: {told}");
                assert!(
                    !told.contains("NOT SOUND") && !told.contains("taken out"),
                    "{told}"
                );
            }
        }
    }

    #[test]
    fn damaged_lines_explain_no_more_than_they_can_hold() {
        let events = chain_of(Some("a"), 6);
        let line = |seq: usize| serde_json::to_string(&events[seq - 1]).unwrap();
        let saved = |lines: &[String]| {
            let file = lines.join("\n").into_bytes();
            match file.strip_suffix("\u{fc}".as_bytes()) {
                Some(text) => [text, b"\xFC"].concat(),
                None => file,
            }
        };
        let changed = line(3).replacen("\"seq\":3", "\"seq\":3,\"more\":1", 1);
        let without = line(3).replacen("\"prev\"", "\"before\"", 1);
        for lines in [
            // Two are missing where one can't be read.
            vec![line(1), "garbage".into(), line(4)],
            // One is missing elsewhere.
            vec![line(1), "garbage".into(), line(3), line(5)],
            vec!["garbage".into(), line(1), line(3)],
            // What can be read is no damage.
            vec![line(1), line(2), changed, line(4)],
            vec![line(1), line(2), without, line(4)],
            vec![line(1), "{}".into(), line(3)],
            vec![line(1), "{\"a\":1,\"a\":2}".into(), line(3)],
            // In a file in another encoding, only a `?` is doubtful.
            vec![line(1), line(2).replacen("Zoë", "Zoe", 1), "\u{fc}".into()],
        ] {
            let file = saved(&lines);
            let report = verify_export(file.as_slice(), Extent::Stretches, []).unwrap();
            assert!(report.is_contradicted(), "{lines:?}: {report}");
        }
        let replaced = [line(1), line(2).replacen('🦜', "?", 1), "\u{fc}".into()];
        let file = saved(&replaced);
        let report = verify_export(file.as_slice(), Extent::Stretches, []).unwrap();
        assert!(!report.is_sound() && !report.is_contradicted(), "{report}");
    }

    #[test]
    fn hundreds_of_lines_that_are_no_events_are_told_in_one() {
        let text = export() + &"garbage\n".repeat(500);
        let report = verify(text.as_bytes()).unwrap();
        assert!(!report.is_sound());
        let told = report.to_string();
        assert!(told.contains("(499 more lines can't be read)"), "{told}");
        assert!(told.lines().count() < 5, "{told}");
    }
}
