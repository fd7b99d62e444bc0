//! The audit log as a table: RFC 4180, UTF-8, instants in UTC.

use app::domain::{
    Timestamp,
    audit::AuditEvent,
    shown::{shown_json, shown_lines},
};
use chrono::SecondsFormat;

/// The columns, in order. `docs/audit-format.md` describes them.
pub(super) const COLUMNS: [&str; 21] = [
    "chain",
    "seq",
    "id",
    "recorded_at",
    "occurred_at",
    "tenant_id",
    "category",
    "action",
    "outcome",
    "actor_type",
    "actor_id",
    "actor_name",
    "resource_type",
    "resource_id",
    "request_id",
    "ip",
    "user_agent",
    "metadata",
    "v",
    "prev",
    "hash",
];

/// Writes rows, with the names of the columns before the first.
pub(super) fn write(events: &[AuditEvent], first: bool) -> Result<Vec<u8>, csv::Error> {
    write_cells(first.then_some(&COLUMNS), events.iter().map(row))
}

/// Writes rows of cells, with the names of the columns before the first.
pub(super) fn write_cells(
    head: Option<&[&str]>,
    rows: impl Iterator<Item = impl AsRef<[String]>>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    if let Some(head) = head {
        writer.write_record(head)?;
    }
    for row in rows {
        writer.write_record(row.as_ref().iter().map(|cell| harmless(cell)))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

/// For reading, so control and direction characters are shown as escapes.
fn row(event: &AuditEvent) -> [String; 21] {
    let text = |text: &str| shown_lines(text).into_owned();
    let optional = |value: &Option<String>| value.as_deref().map_or_else(String::new, text);
    [
        event.chain.clone(),
        event.seq.to_string(),
        event.id.to_string(),
        instant(event.recorded_at),
        instant(event.occurred_at),
        event
            .tenant_id
            .as_ref()
            .map_or_else(String::new, ToString::to_string),
        event.category.to_string(),
        text(&event.action),
        event.outcome.to_string(),
        event.actor.kind.to_string(),
        text(&event.actor.id),
        text(&event.actor.name),
        text(&event.resource_type),
        text(&event.resource_id),
        optional(&event.request_id),
        optional(&event.ip),
        optional(&event.user_agent),
        shown_json(&event.metadata.to_string()).into_owned(),
        event.v.to_string(),
        event.prev.clone(),
        event.hash.clone(),
    ]
}

fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The characters with which a formula begins.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Prevents a spreadsheet from reading a text as a formula (OWASP, "CSV Injection"): an apostrophe
/// precedes it. A spreadsheet may split at another separator than ours, so the text after each
/// possible separator counts as a beginning too.
fn harmless(cell: &str) -> String {
    let mut harmless = String::with_capacity(cell.len() + 1);
    if cell.starts_with(['\t', '\r', '\n']) {
        harmless.push('\'');
    }
    let mut begins = true;
    for c in cell.chars() {
        if begins && FORMULA.contains(&c) {
            harmless.push('\'');
        }
        let separates = matches!(c, ',' | ';' | '\t' | '\r' | '\n');
        // Blanks and the quotes around a cell don't end its beginning.
        begins = separates || begins && (c.is_whitespace() || c == '"');
        harmless.push(c);
    }
    harmless
}

#[cfg(test)]
mod tests {
    use audit::testing::golden_first;

    use super::*;

    #[test]
    fn cells_that_begin_like_a_formula_are_neutralised_and_no_others() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r x", "\nx", "＝1"] {
            assert_eq!(harmless(bad), format!("'{bad}"));
        }
        for good in ["", "a=1", "1-1", " x", "sha256:00", "ñ", "a, b; c\td"] {
            assert_eq!(harmless(good), good);
        }
    }

    #[test]
    fn no_part_between_any_separators_begins_like_a_formula() {
        for bad in [
            "x;=1+1;y", "x,=1", "x\t=1", "\t=1", "\r=1", "\n@x", " =1", "x; \t +1", "x;\"=1\"",
            ";;-1", "a\r\n=1", "x;＝1",
        ] {
            let cell = harmless(bad);
            for part in cell.split([',', ';', '\t', '\r', '\n']) {
                let start = part.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
                assert!(!start.starts_with(FORMULA), "{bad:?}: {cell:?}");
            }
            assert_eq!(cell.replace('\'', ""), bad);
        }
    }

    #[test]
    fn characters_that_act_are_escapes_and_metadata_stays_json() {
        let mut event = golden_first();
        event.user_agent = Some("a\u{202e}b\u{1b}[2J".into());
        event.metadata = serde_json::json!({"reason": "x\u{202e};=1"});
        let text = String::from_utf8(write(&[event], true).unwrap()).unwrap();
        assert!(text.contains("a\\u{202E}b\\u{1B}[2J"), "{text}");
        assert!(text.contains("x\\u202e;'=1"), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }

    #[test]
    fn every_cell_comes_back_from_a_reader_of_rfc_4180() {
        let mut event = golden_first();
        event.user_agent = Some("=HYPERLINK(\"http://x\"), \"a\"\r\nb".into());
        let bytes = write(&[event.clone(), event.clone()], true).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("chain,seq,id,recorded_at,"), "{text}");
        assert!(text.lines().next().unwrap().ends_with("prev,hash"));
        assert!(text.ends_with("\r\n"));
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let names: Vec<_> = reader
            .headers()
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect();
        assert_eq!(names, COLUMNS);
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2);
        let cell = |name: &str| {
            let at = COLUMNS.iter().position(|column| *column == name).unwrap();
            &rows[1][at]
        };
        assert_eq!(cell("actor_name"), event.actor.name);
        assert_eq!(
            cell("user_agent"),
            format!("'{}", event.user_agent.as_ref().unwrap())
        );
        assert_eq!(cell("recorded_at"), "2026-11-22T12:00:00.500000Z");
        let metadata: serde_json::Value = serde_json::from_str(cell("metadata")).unwrap();
        assert_eq!(metadata, event.metadata);
    }

    #[test]
    fn only_the_first_page_names_the_columns() {
        assert!(write(&[], false).unwrap().is_empty());
        assert!(!write(&[], true).unwrap().is_empty());
    }
}
