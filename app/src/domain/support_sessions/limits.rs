//! The limits of a support session beside TTL and scopes.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{REASON_MAX, REASON_MIN, TTL_MAX};
use crate::domain::{
    Timestamp,
    problem::{FieldProblems, Problem},
    text::clean,
};

/// The highest total of requests that a super admin can raise a support session to.
pub const REQUESTS_TOTAL_MAX: u64 = 10_000_000;

/// The limits of a support session beside TTL and scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionLimits {
    /// The total number of requests that may be forwarded; `None` for no limit.
    pub requests_total: Option<u64>,
    /// Requests per minute that each node allows; `None` for no limit.
    pub requests_per_minute: Option<u64>,
    /// The session ends after this many minutes without a request; `None` for never.
    pub idle_minutes: Option<u64>,
    /// When the session ends unless another request is made. Never after its expiry. Set if
    /// `idle_minutes` is.
    pub idle_ends_at: Option<DateTime<Utc>>,
    /// Whether requests are only allowed from the address that created the session.
    pub creator_ip_only: bool,
}

impl SessionLimits {
    /// Whether the total is used up.
    pub fn is_used_up(&self, forwarded: u64) -> bool {
        self.requests_total.is_some_and(|total| forwarded >= total)
    }
}

/// Requests recorded for forwarding since midnight UTC.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestsToday {
    /// In every support session of the staff member.
    pub by_staff: u64,
    /// In every support session in the tenant.
    pub in_tenant: u64,
}

/// The input for raising a support session's request budget, as submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RaiseBudgetForm {
    /// The new total, as typed.
    pub requests_total: String,
    /// The reason, 10–500 characters after trimming.
    pub reason: String,
}

/// A form that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaisedBudget {
    /// The new total, never below the previous one.
    pub requests_total: u64,
    /// The reason, trimmed and valid.
    pub reason: String,
}

impl RaiseBudgetForm {
    /// Checks every field. A total can only grow, never shrink. `least` is the present total plus
    /// one, or the present total where a repeated form must not be refused.
    ///
    /// # Errors
    ///
    /// If a field is not in order.
    pub fn validate(&self, least: u64) -> Result<RaisedBudget, Problem> {
        let mut problems = FieldProblems::default();
        let raised = RaisedBudget {
            requests_total: problems
                .checked("requests_total", parse_total(&self.requests_total, least)),
            reason: problems.checked("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true)),
        };
        problems.finish()?;
        Ok(raised)
    }
}

fn parse_total(text: &str, least: u64) -> Result<u64, String> {
    match whole_number(text) {
        Some(total) if (least..=REQUESTS_TOTAL_MAX).contains(&total) => Ok(total),
        _ => Err(format!(
            "must be a whole number between {least} and {REQUESTS_TOTAL_MAX}"
        )),
    }
}

/// An idle limit as typed: whole minutes from 1 to 60; empty means none.
pub(super) fn parse_idle(text: &str) -> Result<Option<u64>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let max = TTL_MAX.unsigned_abs();
    match whole_number(text) {
        Some(minutes) if (1..=max).contains(&minutes) => Ok(Some(minutes)),
        _ => Err(format!(
            "must be a whole number of minutes from 1 to {max}, or empty"
        )),
    }
}

/// A number as typed, or as these pages write it: with a comma before every three digits.
pub(in crate::domain) fn whole_number(text: &str) -> Option<u64> {
    let text = ascii_digits(text.trim());
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || !(1..=3).contains(&first.len()) {
            return None;
        }
        digits.push_str(group);
    }
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The same text with the digits of Chinese, Japanese, Arabic and Persian keyboards as ASCII.
pub(super) fn ascii_digits(text: &str) -> String {
    let zeros = ['\u{ff10}', '\u{660}', '\u{6f0}'].map(u32::from);
    let digit = |c: char| {
        let mut values = zeros
            .iter()
            .filter_map(|zero| u32::from(c).checked_sub(*zero));
        char::from_digit(values.find(|value| *value < 10)?, 10)
    };
    text.chars().map(|c| digit(c).unwrap_or(c)).collect()
}

/// The end of a session that was last used at `used_at`. Never after `expires_at`.
pub fn idle_end(used_at: Timestamp, idle_minutes: u64, expires_at: Timestamp) -> Timestamp {
    i64::try_from(idle_minutes)
        .ok()
        .and_then(chrono::TimeDelta::try_minutes)
        .and_then(|idle| used_at.checked_add_signed(idle))
        .map_or(expires_at, |end| end.min(expires_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(total: &str) -> Result<RaisedBudget, Problem> {
        let form = RaiseBudgetForm {
            requests_total: total.into(),
            reason: "The export takes many pages".into(),
        };
        form.validate(101)
    }

    #[test]
    fn digits_of_other_keyboards_are_read_as_minutes() {
        let minutes = |text| super::super::parse_ttl(text).map(|ttl| ttl.num_minutes());
        for typed in ["15", " \u{ff11}\u{ff15} ", "\u{661}\u{665}", "\u{6f1}5"] {
            assert_eq!(minutes(typed), Ok(15), "{typed}");
        }
        for typed in ["\u{ff11}.\u{ff15}", "\u{2460}", "x", "-\u{ff11}"] {
            assert!(minutes(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_total_only_grows_and_says_why() {
        assert_eq!(raise(" 250 ").unwrap().requests_total, 250);
        assert_eq!(raise("25,000").unwrap().requests_total, 25_000);
        for typed in [
            "\u{ff12}\u{ff15}0",
            "\u{662}\u{665}\u{660}",
            "\u{6f2}\u{6f5}\u{6f0}",
        ] {
            assert_eq!(raise(typed).unwrap().requests_total, 250, "{typed}");
        }
        let refused = [
            "99",
            "100",
            "",
            "-1",
            "1e3",
            "10000001",
            "99999999999999999999",
        ];
        let grouped = ["2,50", "2500,000", ",250", "1,,000", "1.000"];
        for refused in refused.into_iter().chain(grouped) {
            let problem = raise(refused).unwrap_err();
            assert!(problem.field("requests_total").is_some(), "{refused}");
        }
        let without = RaiseBudgetForm {
            requests_total: "250".into(),
            reason: "more".into(),
        };
        assert!(without.validate(101).unwrap_err().field("reason").is_some());
    }

    #[test]
    fn an_idle_limit_is_minutes_or_nothing() {
        assert_eq!(parse_idle(" "), Ok(None));
        assert_eq!(parse_idle("5"), Ok(Some(5)));
        for refused in ["0", "61", "five", "1.5", "-1"] {
            assert!(parse_idle(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn idleness_never_outlasts_the_expiry() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (noon, end) = (at("2026-11-22T12:00:00Z"), at("2026-11-22T12:15:00Z"));
        assert_eq!(idle_end(noon, 5, end), at("2026-11-22T12:05:00Z"));
        assert_eq!(idle_end(noon, 60, end), end);
        assert_eq!(idle_end(noon, u64::MAX, end), end);
    }
}
