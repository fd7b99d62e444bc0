//! Spans of time that people name: the last hour, today, last month.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};

use super::Timestamp;

text_enum! {
    /// A span of time that goes by the present. Days and months are those of the reader's zone.
    pub enum TimePreset {
        /// The last 60 minutes.
        LastHour = "last-hour" as "Last hour",
        /// Since midnight.
        Today = "today" as "Today",
        /// The last 7 times 24 hours.
        Last7Days = "last-7-days" as "7 days",
        /// The calendar month before this one.
        LastMonth = "last-month" as "Last month",
    }
}

/// A stretch of time, open at the ends that are not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeSpan {
    /// At or after this instant.
    pub from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub to: Option<DateTime<Utc>>,
}

impl TimePreset {
    /// The span that it names at `now` in a zone.
    pub fn span<Z: TimeZone>(self, now: Timestamp, zone: &Z) -> TimeSpan {
        let today = now.with_timezone(zone).date_naive();
        let since = |from| TimeSpan {
            from: Some(from),
            to: None,
        };
        match self {
            Self::LastHour => since(now - TimeDelta::hours(1)),
            Self::Today => since(midnight(today, zone)),
            Self::Last7Days => since(now - TimeDelta::days(7)),
            Self::LastMonth => {
                let first = today.with_day(1).unwrap_or(today);
                let before = first.checked_sub_months(Months::new(1)).unwrap_or(first);
                TimeSpan {
                    from: Some(midnight(before, zone)),
                    to: Some(midnight(first, zone)),
                }
            }
        }
    }
}

/// When a day begins. Where clocks go forward at midnight, it begins at the first time that there is.
fn midnight<Z: TimeZone>(day: NaiveDate, zone: &Z) -> Timestamp {
    let first = day.and_time(NaiveTime::MIN);
    let mut times = (0..8).map(|quarters| first + TimeDelta::minutes(30 * quarters));
    let found = times.find_map(|time| zone.from_local_datetime(&time).earliest());
    // A zone that skips a day: it begins with the next one.
    let begin = found.or_else(|| {
        let next = day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
        zone.from_local_datetime(&next).earliest()
    });
    begin.map_or_else(|| first.and_utc(), |begin| begin.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span(preset: TimePreset, now: &str, east: i32) -> (Option<Timestamp>, Option<Timestamp>) {
        let zone = FixedOffset::east_opt(east * 3600).unwrap();
        let TimeSpan { from, to } = preset.span(at(now), &zone);
        (from, to)
    }

    #[test]
    fn spans_that_end_now_are_open() {
        let now = "2026-11-22T10:30:00Z";
        assert_eq!(
            span(TimePreset::LastHour, now, 0),
            (Some(at("2026-11-22T09:30:00Z")), None)
        );
        assert_eq!(
            span(TimePreset::Last7Days, now, 5),
            (Some(at("2026-11-15T10:30:00Z")), None)
        );
    }

    #[test]
    fn days_and_months_are_those_of_the_zone() {
        // It is the first of December already, thirteen hours ahead.
        let now = "2026-11-30T12:00:00Z";
        assert_eq!(
            span(TimePreset::Today, now, 13),
            (Some(at("2026-11-30T11:00:00Z")), None)
        );
        assert_eq!(
            span(TimePreset::LastMonth, now, 13),
            (
                Some(at("2026-10-31T11:00:00Z")),
                Some(at("2026-11-30T11:00:00Z"))
            )
        );
        assert_eq!(
            span(TimePreset::LastMonth, now, 0),
            (
                Some(at("2026-10-01T00:00:00Z")),
                Some(at("2026-11-01T00:00:00Z"))
            )
        );
        assert_eq!(
            span(TimePreset::LastMonth, "2026-01-15T00:00:00Z", 0).0,
            Some(at("2025-12-01T00:00:00Z"))
        );
    }
}
