//! What the console keeps of a tenant beside its registration.

use serde::{Deserialize, Serialize};

use crate::domain::{
    form::Marked,
    health::Thresholds,
    problem::{FieldProblems, Problem},
    text::{REASON_MAX, REASON_MIN, clean},
};

/// The settings of one tenant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantSettings {
    /// Whether support sessions in this tenant may hold scopes that change something.
    pub support_may_write: bool,
    /// No call for this many hours is critical.
    pub silent_after_hours: Option<u32>,
    /// The fewest calls for a window to be judged.
    pub min_calls: Option<u64>,
    /// The fewest errors for a window to be judged.
    pub min_errors: Option<u64>,
    /// The error rate from which it is a warning, in percent.
    pub warning_percent: Option<f64>,
    /// The error rate from which it is critical, in percent.
    pub critical_percent: Option<f64>,
    /// Calls of 24 hours under this share of the usual ones are reduced activity, in percent.
    pub reduced_percent: Option<f64>,
}

impl Default for TenantSettings {
    fn default() -> Self {
        Self {
            support_may_write: true,
            silent_after_hours: None,
            min_calls: None,
            min_errors: None,
            warning_percent: None,
            critical_percent: None,
            reduced_percent: None,
        }
    }
}

impl TenantSettings {
    /// The thresholds of this tenant: its own, and the configured ones where it has none. Critical is
    /// never below the warning, even if the configuration has changed since the tenant got its own:
    /// the configured one of the two gives way.
    pub fn thresholds(&self, configured: &Thresholds) -> Thresholds {
        let (warning, critical) = self.percents(configured);
        let warning_percent = self.warning_percent.unwrap_or(warning.min(critical));
        Thresholds {
            silent_after_hours: self
                .silent_after_hours
                .unwrap_or(configured.silent_after_hours),
            min_calls: self.min_calls.unwrap_or(configured.min_calls),
            min_errors: self.min_errors.unwrap_or(configured.min_errors),
            warning_percent,
            critical_percent: critical.max(warning_percent),
            reduced_percent: self.reduced_percent.unwrap_or(configured.reduced_percent),
            ..configured.clone()
        }
    }

    /// Warning and critical, in whatever order they are.
    fn percents(&self, configured: &Thresholds) -> (f64, f64) {
        (
            self.warning_percent.unwrap_or(configured.warning_percent),
            self.critical_percent.unwrap_or(configured.critical_percent),
        )
    }
}

/// The form of the settings, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    /// Ticked if support may write.
    pub support_may_write: bool,
    /// A number, or empty for the configured one; like those below.
    pub silent_after_hours: String,
    /// See [`TenantSettings::min_calls`].
    pub min_calls: String,
    /// See [`TenantSettings::min_errors`].
    pub min_errors: String,
    /// See [`TenantSettings::warning_percent`].
    pub warning_percent: String,
    /// See [`TenantSettings::critical_percent`].
    pub critical_percent: String,
    /// See [`TenantSettings::reduced_percent`].
    pub reduced_percent: String,
    /// Why they are changed.
    pub reason: String,
    /// The state of the tenant for which the form was made.
    pub seen: String,
}

impl SettingsForm {
    /// The form that holds a tenant's settings, for that state of it.
    pub fn of(settings: &TenantSettings, seen: String) -> Self {
        fn text(value: Option<impl ToString>) -> String {
            value.map_or_else(String::new, |value| value.to_string())
        }
        Self {
            support_may_write: settings.support_may_write,
            silent_after_hours: text(settings.silent_after_hours),
            min_calls: text(settings.min_calls),
            min_errors: text(settings.min_errors),
            warning_percent: text(settings.warning_percent),
            critical_percent: text(settings.critical_percent),
            reduced_percent: text(settings.reduced_percent),
            reason: String::new(),
            seen,
        }
    }

    /// The settings and the reason. `configured` holds where the form is empty.
    ///
    /// # Errors
    ///
    /// Every field that is not as it must be.
    pub fn validate(&self, configured: &Thresholds) -> Result<(TenantSettings, String), Problem> {
        let mut problems = FieldProblems::default();
        let mut whole = |field, text: &str, most: u32| {
            let number = (!text.trim().is_empty()).then(|| text.trim().parse::<u32>().ok());
            match number {
                None => None,
                Some(Some(number)) if (1..=most).contains(&number) => Some(number),
                Some(_) => {
                    problems.add(field, format!("must be a whole number from 1 to {most}"));
                    None
                }
            }
        };
        let silent_after_hours = whole("silent_after_hours", &self.silent_after_hours, 24 * 30);
        let min_calls = whole("min_calls", &self.min_calls, 1_000_000).map(u64::from);
        let min_errors = whole("min_errors", &self.min_errors, 1_000_000).map(u64::from);
        let mut percent = |field, text: &str, least: f64| {
            let number = (!text.trim().is_empty()).then(|| text.trim().parse::<f64>().ok());
            match number {
                None => None,
                Some(Some(number)) if (least..=100.0).contains(&number) => Some(number),
                Some(_) => {
                    problems.add(field, format!("must be a number from {least} to 100"));
                    None
                }
            }
        };
        let warning_percent = percent("warning_percent", &self.warning_percent, 0.1);
        let critical_percent = percent("critical_percent", &self.critical_percent, 0.1);
        let reduced_percent = percent("reduced_percent", &self.reduced_percent, 0.0);
        let settings = TenantSettings {
            support_may_write: self.support_may_write,
            silent_after_hours,
            min_calls,
            min_errors,
            warning_percent,
            critical_percent,
            reduced_percent,
        };
        let (warning, critical) = settings.percents(configured);
        if warning > critical {
            problems.add("critical_percent", "must not be below the warning");
        }
        let reason = problems.checked("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true));
        problems.finish()?;
        Ok((settings, reason))
    }
}

impl Marked for SettingsForm {
    fn take_rest(&mut self, typed: &Self) {
        self.reason.clone_from(&typed.reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> SettingsForm {
        SettingsForm {
            warning_percent: "2.5".into(),
            silent_after_hours: " 72 ".into(),
            min_errors: "1".into(),
            reduced_percent: "0".into(),
            reason: "The tenant calls only on weekdays.".into(),
            ..SettingsForm::default()
        }
    }

    #[test]
    fn a_tenants_own_thresholds_replace_the_configured_ones() {
        let configured = Thresholds::default();
        let (settings, _) = form().validate(&configured).unwrap();
        assert!(!settings.support_may_write);
        let own = settings.thresholds(&configured);
        assert_eq!(own.silent_after_hours, 72);
        assert_eq!(own.min_calls, configured.min_calls);
        assert_eq!(own.min_errors, 1);
        assert!(own.reduced_percent.abs() < f64::EPSILON);
        assert!((own.warning_percent - 2.5).abs() < f64::EPSILON);
        let shown = SettingsForm::of(&settings, String::new());
        assert_eq!(
            (shown.warning_percent.as_str(), shown.min_calls.as_str()),
            ("2.5", "")
        );
        assert_eq!(
            (shown.min_errors.as_str(), shown.reduced_percent.as_str()),
            ("1", "0")
        );
    }

    #[test]
    fn settings_without_a_value_are_the_default() {
        let stored: TenantSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(stored, TenantSettings::default());
        assert_eq!(
            stored.thresholds(&Thresholds::default()),
            Thresholds::default()
        );
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = SettingsForm {
            silent_after_hours: "0".into(),
            min_calls: "many".into(),
            min_errors: "-1".into(),
            critical_percent: "101".into(),
            reduced_percent: "half".into(),
            reason: String::new(),
            ..form()
        };
        let problem = wrong.validate(&Thresholds::default()).unwrap_err();
        for field in [
            "silent_after_hours",
            "min_calls",
            "min_errors",
            "critical_percent",
            "reduced_percent",
            "reason",
        ] {
            assert!(problem.field(field).is_some(), "{field}");
        }
    }

    #[test]
    fn critical_is_never_below_the_warning_however_the_configuration_changes() {
        let own = |warning_percent, critical_percent| TenantSettings {
            warning_percent,
            critical_percent,
            ..TenantSettings::default()
        };
        let cases = [
            // The tenant's, the configured ones, and what holds.
            ((Some(30.0), None), (5.0, 20.0), (30.0, 30.0)),
            ((None, Some(3.0)), (5.0, 20.0), (3.0, 3.0)),
            ((Some(30.0), Some(60.0)), (5.0, 20.0), (30.0, 60.0)),
            ((Some(2.5), None), (5.0, 20.0), (2.5, 20.0)),
            ((None, None), (5.0, 20.0), (5.0, 20.0)),
        ];
        for ((warning, critical), (warning_percent, critical_percent), expected) in cases {
            let configured = Thresholds {
                warning_percent,
                critical_percent,
                ..Thresholds::default()
            };
            let held = own(warning, critical).thresholds(&configured);
            let held = (held.warning_percent, held.critical_percent);
            assert_eq!(format!("{held:?}"), format!("{expected:?}"));
        }
    }

    #[test]
    fn a_warning_never_comes_after_the_alarm() {
        let turned = SettingsForm {
            warning_percent: "30".into(),
            ..form()
        };
        let problem = turned.validate(&Thresholds::default()).unwrap_err();
        assert!(problem.field("critical_percent").is_some());
    }
}
