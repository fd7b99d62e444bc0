//! A stretch of time in the query string: `time=last-month`, or `from` and `to`.

use chrono::{DateTime, NaiveDateTime, SecondsFormat};

use super::optional;
use crate::domain::{
    Timestamp,
    problem::FieldProblems,
    tenants::storable,
    time_range::{TimePreset, TimeSpan},
};

/// The value of `time` for `from` and `to`.
pub const CUSTOM: &str = "custom";

/// The three fields as texts.
#[derive(Debug, Clone, Copy)]
pub struct TimeFields<'q> {
    pub time: &'q str,
    pub from: &'q str,
    pub to: &'q str,
}

impl TimeFields<'_> {
    /// The preset, or the instants; what can't be read is added to `problems`.
    pub fn read(self, problems: &mut FieldProblems) -> (Option<TimePreset>, TimeSpan) {
        let preset = match self.time {
            CUSTOM => None,
            time => optional(problems, "time", time, str::parse),
        };
        let from = optional(problems, "from", self.from, parse_instant);
        let to = optional(problems, "to", self.to, parse_instant);
        if preset.is_some() && !(self.from.is_empty() && self.to.is_empty()) {
            problems.add("from", "choose Custom to name a start and an end");
        }
        match (from, to) {
            (Some(from), Some(to)) if from >= to => {
                problems.add("to", "must be later than the start");
                (preset, TimeSpan::default())
            }
            (from, to) => (preset, TimeSpan { from, to }),
        }
    }

    /// Whether the fields of start and end are shown.
    pub fn is_custom(self) -> bool {
        self.time == CUSTOM || !(self.from.is_empty() && self.to.is_empty())
    }
}

/// How an instant of UTC may be written.
const LOCALS: [&str; 4] = [
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
];
/// And one with its offset, beside those of RFC 3339: without seconds, and with an offset of hours (ISO 8601).
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"];

/// Parses the value of a `datetime-local` field as UTC, or an instant of RFC 3339 or ISO 8601.
pub fn parse_instant(text: &str) -> Result<Timestamp, &'static str> {
    let local = || {
        let at = |pattern| NaiveDateTime::parse_from_str(text, pattern).ok();
        LOCALS.into_iter().find_map(at).map(|local| local.and_utc())
    };
    let with_offset = || {
        let at = |pattern| DateTime::parse_from_str(text, pattern).ok();
        WITH_OFFSET.into_iter().find_map(at).map(|at| at.to_utc())
    };
    let at = local().or_else(|| text.parse().ok()).or_else(with_offset);
    storable(at.ok_or("must be a date and time, such as 2026-11-22T10:30")?)
}

/// The value for a field of an instant, in UTC if valid, and the kind of field that holds it. Browsers empty a
/// `datetime-local` that has parts of a millisecond, a leap second or no instant at all, and the filter would be gone with it.
pub fn field_text(text: &str) -> (String, &'static str) {
    let Ok(at) = parse_instant(text) else {
        let kind = if text.is_empty() { LOCAL } else { "text" };
        return (text.to_owned(), kind);
    };
    let value = at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let nanoseconds = at.timestamp_subsec_nanos();
    let kind = match nanoseconds < 1_000_000_000 && nanoseconds.is_multiple_of(1_000_000) {
        true => LOCAL,
        false => "text",
    };
    (value.trim_end_matches('Z').to_owned(), kind)
}

/// A field with a calendar and a clock.
pub const LOCAL: &str = "datetime-local";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        time: &str,
        from: &str,
        to: &str,
    ) -> Result<(Option<TimePreset>, TimeSpan), Vec<String>> {
        let mut problems = FieldProblems::default();
        let read = TimeFields { time, from, to }.read(&mut problems);
        match problems.finish() {
            Ok(()) => Ok(read),
            Err(problem) => Err(problem.fields.into_iter().map(|p| p.field).collect()),
        }
    }

    #[test]
    fn a_span_is_named_or_has_two_ends() {
        assert_eq!(
            read("last-month", "", ""),
            Ok((Some(TimePreset::LastMonth), TimeSpan::default()))
        );
        let from = "2026-11-22T10:30:00Z".parse().ok();
        let custom = TimeSpan { from, to: None };
        assert_eq!(
            read("custom", "2026-11-22T11:30:00+01:00", ""),
            Ok((None, custom))
        );
        assert_eq!(read("", "2026-11-22T10:30", ""), Ok((None, custom)));
        assert_eq!(read("", "", ""), Ok((None, TimeSpan::default())));
    }

    #[test]
    fn each_bad_field_is_named() {
        assert_eq!(read("yesterday", "", ""), Err(vec!["time".into()]));
        assert_eq!(
            read("", "soon", "later"),
            Err(vec!["from".into(), "to".into()])
        );
        assert_eq!(
            read("", "2026-11-22T10:30", "2026-11-22T10:30"),
            Err(vec!["to".into()])
        );
        assert_eq!(
            read("today", "2026-11-22T10:30", ""),
            Err(vec!["from".into()])
        );
    }

    #[test]
    fn an_instant_is_read_as_people_and_programs_write_it() {
        let at = "2026-11-28T22:00:00Z".parse().unwrap();
        for text in [
            "2026-11-28T22:00",
            "2026-11-28T22:00Z",
            "2026-11-28t22:00:00z",
            "2026-11-28 22:00:00",
            "2026-11-28 22:00:00.000",
            "2026-11-29T00:00+02:00",
            "2026-11-29T00:00:00+02",
            "2026-11-28T20:30:00-0130",
        ] {
            assert_eq!(parse_instant(text), Ok(at), "{text}");
        }
        // A day has no one beginning, and these are no instants or not of one offset.
        for text in [
            "2026-11-28",
            "2026-11-28T22",
            "2026-11-28T22:00 02:00",
            "2026-11-28T22:00:00 02:00",
            "2026-11-28T22:00:00[Europe/Berlin]",
            "1764367200",
        ] {
            assert!(parse_instant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_field_is_filled_with_utc_and_keeps_what_cannot_be_read() {
        let local = |text: &str| (text.to_owned(), "datetime-local");
        assert_eq!(
            field_text("2026-11-22T12:00:00+01:00"),
            local("2026-11-22T11:00:00")
        );
        assert_eq!(field_text("2026-11-22T10:30"), local("2026-11-22T10:30:00"));
        assert_eq!(
            field_text("2026-11-22T10:30:00.5Z"),
            local("2026-11-22T10:30:00.500")
        );
        assert_eq!(field_text(""), local(""));
    }

    #[test]
    fn an_instant_that_the_browsers_field_would_empty_is_text() {
        for (given, shown) in [
            ("2026-11-28T22:00:00.123456Z", "2026-11-28T22:00:00.123456"),
            (
                "2026-11-28T22:00:00.000000001Z",
                "2026-11-28T22:00:00.000000001",
            ),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60"),
            ("soon", "soon"),
        ] {
            assert_eq!(field_text(given), (shown.to_owned(), "text"));
            // What the field holds means the same when it is sent.
            assert_eq!(parse_instant(shown).ok(), parse_instant(given).ok());
        }
    }
}
