//! Reads dates of cookies as browsers do (RFC 6265bis §5.1.1): each part by its form, in any order,
//! with anything between them.

use app::domain::Timestamp;
use chrono::{NaiveDate, NaiveTime};

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

#[derive(Default)]
struct Found {
    time: Option<[u32; 3]>,
    day: Option<u32>,
    month: Option<u32>,
    year: Option<i32>,
}

/// The date that a text names; `None` if it names none.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let mut found = Found::default();
    let is_delimiter = |c: char| matches!(c, '\t' | ' '..='/' | ';'..='@' | '['..='`' | '{'..='~');
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        found.take(token.as_bytes());
    }
    let year = match found.year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let [hour, minute, second] = found.time?;
    let date = NaiveDate::from_ymd_opt(year, found.month?, found.day?)?;
    let time = NaiveTime::from_hms_opt(hour, minute, second)?;
    (year >= 1601).then(|| date.and_time(time).and_utc())
}

impl Found {
    /// Reads a part as the first missing thing that it looks like.
    fn take(&mut self, token: &[u8]) {
        if self.time.is_none()
            && let Some(time) = time(token)
        {
            self.time = Some(time);
        } else if self.day.is_none()
            && let Some(day) = number(token, 1, 2)
        {
            self.day = Some(day);
        } else if self.month.is_none()
            && let Some(month) = month(token)
        {
            self.month = Some(month);
        } else if self.year.is_none()
            && let Some(year) = number(token, 2, 4)
        {
            self.year = i32::try_from(year).ok();
        }
    }
}

/// `h:m:s`, each with one or two digits, and then anything that doesn't begin with a digit.
fn time(token: &[u8]) -> Option<[u32; 3]> {
    let mut parts = token.splitn(3, |b| *b == b':');
    let exact = |part: &[u8]| match part.iter().all(u8::is_ascii_digit) {
        true => number(part, 1, 2),
        false => None,
    };
    Some([
        exact(parts.next()?)?,
        exact(parts.next()?)?,
        number(parts.next()?, 1, 2)?,
    ])
}

/// A number with `least` to `most` digits at the beginning, not followed by a digit.
fn number(token: &[u8], least: usize, most: usize) -> Option<u32> {
    let digits = token.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits < least || digits > most {
        return None;
    }
    std::str::from_utf8(&token[..digits]).ok()?.parse().ok()
}

fn month(token: &[u8]) -> Option<u32> {
    let begin = token.get(..3)?;
    let at = MONTHS
        .iter()
        .position(|month| begin.eq_ignore_ascii_case(month.as_bytes()))?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text).map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string())
    }

    #[test]
    fn a_date_is_found_as_browsers_find_it() {
        for (text, date) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01 00:00:00"),
            ("Thu, 1 Jan 1970 00:00:00 GMT", "1970-01-01 00:00:00"),
            ("Thu, 01 Jan 1970 00:00:00 UTC", "1970-01-01 00:00:00"),
            ("Thu Jan 01 1970 00:00:00 GMT+0000", "1970-01-01 00:00:00"),
            ("Thu, 01-Jan-70 00:00:00 GMT", "1970-01-01 00:00:00"),
            ("Thursday, 01-Jan-1970 00:00:00 GMT", "1970-01-01 00:00:00"),
            ("Thu Jan  1 00:00:00 1970", "1970-01-01 00:00:00"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06 08:49:37"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06 08:49:37"),
            ("Mon, 10-Dec-2007 17:02:24 GMT", "2007-12-10 17:02:24"),
            ("Wed, 09 Dec 2009 16:27:23 GMT", "2009-12-09 16:27:23"),
            ("Thursday, 01-Jan-69 00:00:00 GMT", "2069-01-01 00:00:00"),
            ("01 january 2031 1:2:3", "2031-01-01 01:02:03"),
            ("2031 jan 01 1:2:3pm", "2031-01-01 01:02:03"),
            ("1:2:3 5th FEBRUARY 2031AD", "2031-02-05 01:02:03"),
            ("Tue, 18 Oct 2011 07:42:42.123 GMT", "2011-10-18 07:42:42"),
        ] {
            assert_eq!(read(text).as_deref(), Some(date), "{text}");
        }
        for text in [
            "",
            "whenever",
            "Thu, 01 Jan 1970",
            "Thu, 32 Jan 1970 00:00:00 GMT",
            "Thu, 30 Feb 2030 00:00:00 GMT",
            "Thu, 01 Jan 1600 00:00:00 GMT",
            "Thu, 01 Jan 1970 24:00:00 GMT",
            "Thu, 01 Jan 1970 00:60:00 GMT",
            "Thu, 01 Jan 1970 00:00:60 GMT",
            "Thu, 01 Jan 1970 000:00:00 GMT",
            "Thu, 001 Jan 1970 00:00:00 GMT",
            "Thu, 01 Xan 1970 00:00:00 GMT",
            "Thu, 01 Jan 19700 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00 GMT",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
