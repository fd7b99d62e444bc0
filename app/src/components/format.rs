//! How numbers, spans of time and instants read. Pure, so that both halves write the same text.

use chrono::{FixedOffset, TimeDelta};

use crate::domain::{Timestamp, page::COUNTED_MAX};

/// A whole number with thousands separators: `1,284`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A total that was counted up to [`COUNTED_MAX`]: `1,284`, `10,000+`.
pub fn total(number: u64) -> String {
    match number == COUNTED_MAX + 1 {
        true => format!("{}+", thousands(COUNTED_MAX)),
        false => thousands(number),
    }
}

/// A number and its noun: `1 tenant`, `1,284 tenants`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    with_noun(&thousands(number), number, one, many)
}

/// The total of a list and its noun: `1 tenant`, `10,000+ tenants`.
pub fn found(number: u64, one: &str, many: &str) -> String {
    with_noun(&total(number), number, one, many)
}

fn with_noun(text: &str, number: u64, one: &str, many: &str) -> String {
    format!("{text} {}", if number == 1 { one } else { many })
}

/// A size in the unit that people read: `12.4 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return counted(bytes, "byte", "bytes");
    }
    let (mut scaled, mut unit) = (bytes, UNITS[0]);
    for larger in &UNITS[1..] {
        if scaled < 1_000_000 {
            break;
        }
        (scaled, unit) = (scaled / 1_000, larger);
    }
    format!(
        "{}.{} {unit}",
        thousands(scaled / 1_000),
        scaled % 1_000 / 100
    )
}

/// A share from 0 to 1 as a percentage with one decimal: `18.2%`. A share above 0 never reads
/// `0.0%`, and a share below 1 never reads `100.0%`.
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value > 0.0 && value < 0.05 {
        return "<0.1%".into();
    }
    if (99.95..100.0).contains(&value) {
        return ">99.9%".into();
    }
    format!("{value:.1}%")
}

/// [`percent`] where room is short: whole from 10% on.
pub fn percent_in_short(share: f64) -> String {
    match share * 100.0 {
        value if (9.95..99.5).contains(&value) => format!("{value:.0}%"),
        value if (99.5..100.0).contains(&value) => ">99%".into(),
        value if value >= 100.0 => "100%".into(),
        _ => percent(share),
    }
}

/// A percentage that was configured, without needless decimals: `5%`, `2.5%`.
pub fn configured_percent(value: f64) -> String {
    format!("{value}%")
}

/// The share of `part` in `whole` as [`percent`]; an em dash if `whole` is 0.
pub fn percent_of(part: u64, whole: u64) -> String {
    share(part, whole).map_or_else(|| "—".into(), percent)
}

/// The share of `part` in `whole`, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "a share does not need 53 bits")]
pub fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// How long ago `at` was at `now`: `just now`, `4 s ago`, `3 h ago`, `12 d ago`.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    let passed = now - at;
    if passed < TimeDelta::seconds(1) {
        return "just now".into();
    }
    format!("{} ago", rough_span(passed))
}

/// A span of time in its largest unit: `4 s`, `41 min`, `3 h`, `12 d`.
pub fn rough_span(span: TimeDelta) -> String {
    let seconds = span.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The time left until a deadline as a clock: `08:12`, `1:00:00`. It is never negative. Seconds are
/// rounded up, so `00:00` appears only at the end.
pub fn clock_span(span: TimeDelta) -> String {
    let seconds = (span.num_milliseconds().max(0) + 999) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// How much of an instant is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// `2026-11-21`
    Date,
    /// `12:04 UTC`
    Minute,
    /// `12:04:31 UTC`
    Time,
    /// `2026-11-21 12:04:31 UTC`
    #[default]
    Second,
    /// `2026-11-21 12:04:31.214 UTC`
    Millisecond,
}

/// An instant in readable form, with its time zone. `offset_minutes` is how far the reader's zone
/// is ahead of UTC at that instant. 0 reads `UTC`.
pub fn instant(at: Timestamp, offset_minutes: i32, precision: Precision) -> String {
    let offset = FixedOffset::east_opt(offset_minutes.saturating_mul(60))
        .or_else(|| FixedOffset::east_opt(0));
    let Some(offset) = offset else {
        return at.to_rfc3339();
    };
    let local = at.with_timezone(&offset);
    let pattern = match precision {
        Precision::Date => return local.format("%Y-%m-%d").to_string(),
        Precision::Minute => "%H:%M",
        Precision::Time => "%H:%M:%S",
        Precision::Second => "%Y-%m-%d %H:%M:%S",
        Precision::Millisecond => "%Y-%m-%d %H:%M:%S%.3f",
    };
    format!("{} {}", local.format(pattern), zone(offset_minutes))
}

/// A time zone: `UTC+01:00`.
pub fn zone(offset_minutes: i32) -> String {
    if offset_minutes == 0 {
        return "UTC".into();
    }
    let sign = if offset_minutes < 0 { '−' } else { '+' };
    let (hours, minutes) = (
        offset_minutes.unsigned_abs() / 60,
        offset_minutes.unsigned_abs() % 60,
    );
    if minutes == 0 {
        format!("UTC{sign}{hours}")
    } else {
        format!("UTC{sign}{hours}:{minutes:02}")
    }
}

/// The time of day if `at` is on the same UTC day as `now`, otherwise date and time, as used inside
/// a sentence.
pub fn instant_in_sentence(at: Timestamp, now: Timestamp) -> String {
    if at.date_naive() == now.date_naive() {
        instant(at, 0, Precision::Minute)
    } else {
        at.format("%-d %b %Y, %H:%M UTC").to_string()
    }
}

/// Up to two initials of a person.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|w| w.chars().next());
    let first = words.next();
    let last = words.next_back();
    first
        .into_iter()
        .chain(last)
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn thousands_are_separated_by_commas() {
        let read: Vec<_> = [0, 999, 1_000, 1_284_002, u64::MAX].map(thousands).into();
        assert_eq!(
            read,
            [
                "0",
                "999",
                "1,000",
                "1,284,002",
                "18,446,744,073,709,551,615"
            ]
        );
        assert_eq!(counted(1, "tenant", "tenants"), "1 tenant");
        assert_eq!(found(10_000, "tenant", "tenants"), "10,000 tenants");
        assert_eq!(found(10_001, "tenant", "tenants"), "10,000+ tenants");
    }

    #[test]
    fn percentages_never_round_to_none_or_all() {
        let read: Vec<_> = [0.0, 0.0001, 0.182, 0.9999, 1.0].map(percent).into();
        assert_eq!(read, ["0.0%", "<0.1%", "18.2%", ">99.9%", "100.0%"]);
        let short = [0.0, 0.054, 0.0996, 0.58, 0.995, 1.0].map(percent_in_short);
        assert_eq!(short, ["0.0%", "5.4%", "10%", "58%", ">99%", "100%"]);
        assert_eq!(percent_of(1, 0), "—");
        assert_eq!(configured_percent(20.0), "20%");
        assert_eq!(configured_percent(2.5), "2.5%");
    }

    #[test]
    fn time_passed_is_told_in_one_unit() {
        let now = at("2026-11-22T12:00:00Z");
        let ago = |seconds| ago(now - TimeDelta::seconds(seconds), now);
        assert_eq!(
            [-5, 0, 4, 60, 7_199, 172_799, 172_800].map(ago),
            [
                "just now",
                "just now",
                "4 s ago",
                "1 min ago",
                "1 h ago",
                "47 h ago",
                "2 d ago"
            ]
        );
    }

    #[test]
    fn what_remains_counts_the_started_second_and_ends_at_zero() {
        let read = |ms| clock_span(TimeDelta::milliseconds(ms));
        assert_eq!(
            [492_000, 1, 0, -4_000, 3_600_000].map(read),
            ["08:12", "00:01", "00:00", "00:00", "1:00:00"]
        );
    }

    #[test]
    fn an_instant_names_its_zone() {
        let instant =
            |offset, precision| instant(at("2026-11-21T23:04:31.214Z"), offset, precision);
        assert_eq!(instant(0, Precision::Second), "2026-11-21 23:04:31 UTC");
        assert_eq!(instant(60, Precision::Second), "2026-11-22 00:04:31 UTC+1");
        assert_eq!(instant(-570, Precision::Minute), "13:34 UTC−9:30");
        assert_eq!(
            instant(0, Precision::Millisecond),
            "2026-11-21 23:04:31.214 UTC"
        );
        assert_eq!(instant(60, Precision::Date), "2026-11-22");
    }

    #[test]
    fn initials_are_the_first_and_the_last() {
        assert_eq!(
            ["Mina Okafor", "ñandu", "Ada B. Lovelace", ""].map(initials),
            ["MO", "Ñ", "AL", ""]
        );
    }
}
