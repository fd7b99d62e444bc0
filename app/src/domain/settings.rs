//! The part of the configuration that pages show.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    health::{Health, Thresholds},
    nodes::ServingNode,
    problem::{FieldProblems, Problem},
    scopes::Scope,
    tenants::TenantRef,
};

/// The part of the configuration that staff members may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How health is decided.
    pub thresholds: Thresholds,
    /// The known scopes, `read_only` first.
    pub scopes: Vec<Scope>,
    /// The gateway's public address.
    pub gateway_url: String,
    /// The console's public address.
    pub console_url: String,
    /// Whether a ticket is mandatory for a support session.
    pub require_ticket: bool,
    /// The gateway's rules: their SHA-256 in hexadecimal. Empty without a gateway.
    pub rule_set: String,
}

text_enum! {
    /// Where a value of the configuration comes from.
    pub enum ValueSource {
        /// Nobody has set it.
        Default = "default" as "Default",
        /// The configuration file.
        File = "file" as "File",
        /// An environment variable.
        Variable = "variable" as "Variable",
        /// A flag of the command line.
        Flag = "flag" as "Flag",
        /// The demo.
        Demo = "demo" as "Demo",
    }
}

/// A key of the configuration, for people. Never with a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredValue {
    /// The dotted path of the key.
    pub key: String,
    /// Its value; `None` if it isn't set, or is a secret.
    pub value: Option<String>,
    /// Whether it is set, and hidden because it is a secret.
    pub is_hidden: bool,
    /// Where the value comes from.
    pub source: ValueSource,
    /// The line of the file, the variable or the flag; empty for none.
    pub place: String,
}

/// The store's size at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeAt {
    /// When.
    pub at: DateTime<Utc>,
    /// In bytes.
    pub bytes: u64,
}

/// The store, its size and its growth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreDetail {
    /// `SQLite` or `PostgreSQL`.
    pub engine: String,
    /// The version of its schema.
    pub schema: i64,
    /// Its size now, in bytes.
    pub bytes: u64,
    /// Its size a day ago, or the first known after that.
    pub day_ago: Option<SizeAt>,
    /// Its size 30 days ago, or the first known after that.
    pub month_ago: Option<SizeAt>,
}

/// Everything that the page of settings shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingsDetail {
    /// The program's version.
    pub version: String,
    /// The licence of the program, as an SPDX expression.
    pub licence: String,
    /// The configuration file, if there is one.
    pub file: Option<String>,
    /// Every key of the configuration.
    pub values: Vec<ConfiguredValue>,
    /// The servers on this store.
    pub nodes: Vec<ServingNode>,
    /// The store.
    pub store: StoreDetail,
    /// The thresholds that decide about health.
    pub thresholds: Thresholds,
    /// The instant for which all this holds.
    pub at: DateTime<Utc>,
}

/// Other thresholds to be tried, as typed. An empty field stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are those of `Thresholds`")]
pub struct ThresholdsForm {
    pub silent_after_hours: String,
    pub min_calls: String,
    pub min_errors: String,
    pub warning_percent: String,
    pub critical_percent: String,
    pub reduced_percent: String,
}

impl ThresholdsForm {
    /// Whether anything is to be tried.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What these thresholds hold, as one would type it.
    pub fn of(thresholds: &Thresholds) -> Self {
        Self {
            silent_after_hours: thresholds.silent_after_hours.to_string(),
            min_calls: thresholds.min_calls.to_string(),
            min_errors: thresholds.min_errors.to_string(),
            warning_percent: thresholds.warning_percent.to_string(),
            critical_percent: thresholds.critical_percent.to_string(),
            reduced_percent: thresholds.reduced_percent.to_string(),
        }
    }

    /// The thresholds with these values in place of those that are configured.
    ///
    /// # Errors
    ///
    /// Names every field that is no number, or no share in percent.
    pub fn validate(&self, configured: &Thresholds) -> Result<Thresholds, Problem> {
        let mut problems = FieldProblems::default();
        let mut tried = configured.clone();
        number(
            &mut problems,
            "silent_after_hours",
            &self.silent_after_hours,
            &mut tried.silent_after_hours,
        );
        number(
            &mut problems,
            "min_calls",
            &self.min_calls,
            &mut tried.min_calls,
        );
        number(
            &mut problems,
            "min_errors",
            &self.min_errors,
            &mut tried.min_errors,
        );
        percent(
            &mut problems,
            "warning_percent",
            &self.warning_percent,
            &mut tried.warning_percent,
        );
        percent(
            &mut problems,
            "critical_percent",
            &self.critical_percent,
            &mut tried.critical_percent,
        );
        percent(
            &mut problems,
            "reduced_percent",
            &self.reduced_percent,
            &mut tried.reduced_percent,
        );
        problems.finish()?;
        if tried.silent_after_hours == 0 {
            return Err(Problem::invalid_field(
                "silent_after_hours",
                "must be at least 1",
            ));
        }
        if tried.warning_percent > tried.critical_percent {
            let message = "must not be above the rate for critical";
            return Err(Problem::invalid_field("warning_percent", message));
        }
        Ok(tried)
    }
}

fn number<T: FromStr>(problems: &mut FieldProblems, field: &str, text: &str, value: &mut T) {
    if !text.trim().is_empty() {
        let read = text.trim().parse().map_err(|_| "must be a whole number");
        if let Some(read) = problems.take(field, read) {
            *value = read;
        }
    }
}

fn percent(problems: &mut FieldProblems, field: &str, text: &str, value: &mut f64) {
    if !text.trim().is_empty() {
        let read = text.trim().parse().ok();
        let read = read.filter(|percent: &f64| (0.0..=100.0).contains(percent));
        if let Some(read) = problems.take(field, read.ok_or("must be between 0 and 100")) {
            *value = read;
        }
    }
}

/// Tenants whose health would be another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthMove {
    /// With the configured thresholds.
    pub from: Health,
    /// With the tried ones.
    pub to: Health,
    /// How many tenants.
    pub tenants: u64,
    /// The first few of them, by their IDs.
    pub examples: Vec<TenantRef>,
}

/// What other thresholds would change now. Nothing is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthPreview {
    /// How many tenants were judged.
    pub tenants: u64,
    /// Whether there are more, which were left out.
    pub is_partial: bool,
    /// The changes, those of most tenants first.
    pub moves: Vec<HealthMove>,
    /// When this was worked out.
    pub at: DateTime<Utc>,
}

impl HealthPreview {
    /// How many tenants would have another health.
    pub fn changed(&self) -> u64 {
        self.moves.iter().map(|of| of.tenants).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_stays_as_it_is_configured() {
        let configured = Thresholds::default();
        let form = ThresholdsForm {
            critical_percent: " 30.5 ".into(),
            ..ThresholdsForm::default()
        };
        let tried = form.validate(&configured).unwrap();
        let expected = Thresholds {
            critical_percent: 30.5,
            ..configured.clone()
        };
        assert_eq!(tried, expected);
        assert_eq!(
            ThresholdsForm::of(&configured).validate(&configured),
            Ok(configured)
        );
    }

    #[test]
    fn what_is_no_threshold_is_named_by_field() {
        let configured = Thresholds::default();
        for (field, form) in [
            ("silent_after_hours", r#"{"silent_after_hours":"0"}"#),
            ("min_calls", r#"{"min_calls":"many"}"#),
            ("min_errors", r#"{"min_errors":"-1"}"#),
            ("warning_percent", r#"{"warning_percent":"101"}"#),
            ("warning_percent", r#"{"warning_percent":"50"}"#),
            ("critical_percent", r#"{"critical_percent":"NaN"}"#),
            ("reduced_percent", r#"{"reduced_percent":"half"}"#),
        ] {
            let form: ThresholdsForm = serde_json::from_str(form).unwrap();
            let problem = form.validate(&configured).unwrap_err();
            assert!(problem.field(field).is_some(), "{field}: {problem:?}");
        }
    }
}
