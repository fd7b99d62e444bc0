//! The audit log as a table: RFC 4180, UTF-8, instants in UTC.

use app::domain::{Timestamp, audit::AuditEvent};
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
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    if first {
        writer.write_record(COLUMNS)?;
    }
    for event in events {
        writer.write_record(row(event).map(harmless))?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))
}

fn row(event: &AuditEvent) -> [String; 21] {
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
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
        event.action.clone(),
        event.outcome.to_string(),
        event.actor.kind.to_string(),
        event.actor.id.clone(),
        event.actor.name.clone(),
        event.resource_type.clone(),
        event.resource_id.clone(),
        optional(&event.request_id),
        optional(&event.ip),
        optional(&event.user_agent),
        event.metadata.to_string(),
        event.v.to_string(),
        event.prev.clone(),
        event.hash.clone(),
    ]
}

fn instant(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Keeps a spreadsheet from taking a text for a formula (OWASP, "CSV Injection"): a cell that
/// begins like one gets an apostrophe before it.
fn harmless(cell: String) -> String {
    let begins_formula =
        cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if begins_formula {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use audit::testing::golden_first;

    use super::*;

    #[test]
    fn cells_that_begin_like_a_formula_are_neutralised_and_no_others() {
        for bad in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1",
        ] {
            assert_eq!(harmless(bad.into()), format!("'{bad}"));
        }
        for good in ["", "a=1", "1-1", " x", "sha256:00", "ñ"] {
            assert_eq!(harmless(good.into()), good);
        }
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
