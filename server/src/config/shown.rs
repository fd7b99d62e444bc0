//! What is configured, and from where each value comes, for people. Never a secret.

use std::collections::BTreeMap;

use app::domain::settings::{ConfiguredValue, ValueSource};
use toml::{Table, Value};
use url::Url;

use super::{Config, secrets, variables::VARIABLES};

/// The values in a table by their keys, before its references to secrets are followed. `source` says where a key was set.
pub(super) fn set_values(
    table: &Table,
    source: impl Fn(&str) -> (ValueSource, String),
) -> BTreeMap<String, ConfiguredValue> {
    let mut leaves = Vec::new();
    for (key, value) in table {
        collect(key.clone(), value, &mut leaves);
    }
    let set = leaves.into_iter().map(|(key, text)| {
        let (source, place) = source(&key);
        let shown = shown(&key, text);
        let value = ConfiguredValue {
            is_hidden: shown.is_none(),
            value: shown,
            key: key.clone(),
            source,
            place,
        };
        (key, value)
    });
    set.collect()
}

/// The leaves below a key. A list of tables is counted, because its members may hold secrets.
fn collect(key: String, value: &Value, leaves: &mut Vec<(String, String)>) {
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                collect(format!("{key}.{name}"), value, leaves);
            }
        }
        Value::Array(items) if items.iter().any(|item| matches!(item, Value::Table(_))) => {
            let entries = if items.len() == 1 { "entry" } else { "entries" };
            leaves.push((key, format!("{} {entries}", items.len())));
        }
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(scalar).collect();
            leaves.push((key, items.join(", ")));
        }
        other => leaves.push((key, scalar(other))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The text of a value as it may be shown; `None` for a secret. A reference to a secret names only where it is kept.
fn shown(key: &str, text: String) -> Option<String> {
    let is_reference = text.starts_with("file:") || text.starts_with("credential:");
    // A SQLite store's address is a path. Another has a password.
    let is_path = key == "database_url" && text.starts_with("sqlite:");
    if secrets::is_secret(key) && !is_reference && !is_path {
        return None;
    }
    Some(without_password(text))
}

/// An address without a user's name and password.
fn without_password(text: String) -> String {
    let url = text.parse::<Url>().ok();
    let Some(mut url) = url.filter(|url| url.password().is_some() || !url.username().is_empty())
    else {
        return text;
    };
    // An address that can have a user's name can have another.
    let _ = url.set_password(None);
    let _ = url.set_username("");
    url.to_string()
}

impl Config {
    /// Every key with its value, in the order of the documentation; then those that only a file sets.
    pub(crate) fn shown(&self) -> Vec<ConfiguredValue> {
        let mut set = self.set.clone();
        let known = VARIABLES.iter().map(|variable| {
            let value = set.remove(variable.key);
            value.unwrap_or_else(|| ConfiguredValue {
                key: variable.key.to_owned(),
                value: default_of(variable.key).map(ToOwned::to_owned),
                is_hidden: false,
                source: ValueSource::Default,
                place: String::new(),
            })
        });
        let mut values: Vec<_> = known.collect();
        values.extend(set.into_values());
        values
    }
}

/// The default of a key as one would write it; `None` if it has none, or only one that depends on the machine.
fn default_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "database_url" => "sqlite:support-console.db",
        "data_dir" => ".",
        "migrate_on_start" | "metrics.enabled" => "true",
        "console.listen" => "127.0.0.1:3000",
        "console.public_url" => "http://localhost:3000",
        "health.silent_after_hours" => "24",
        "health.min_calls" => "20",
        "health.min_errors" => "5",
        "health.warning_percent" => "5.0",
        "health.critical_percent" => "20.0",
        "health.reduced_percent" => "50.0",
        "telemetry.tenant_attributes" => "tenant.id",
        "support_sessions.require_ticket"
        | "support_sessions.end_when_suspended"
        | "retention.archive_first" => "false",
        "support_sessions.requests_total" => "10000",
        "support_sessions.requests_per_minute" => "1200",
        "tenants.master" => "platform",
        "limits.staff_requests_per_minute" => "3000",
        "limits.key_requests_per_minute" => "6000",
        "limits.key_reports_per_minute" => "60000",
        "limits.exports_per_hour" => "60",
        "retention.audit_days" | "retention.access_log_days" => "2557",
        "log.format" => "auto",
        "log.filter" => "info,sqlx=warn,hyper=warn,h2=error",
        "metrics.listen" => "127.0.0.1:9464",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn value<'v>(values: &'v [ConfiguredValue], key: &str) -> &'v ConfiguredValue {
        let found = values.iter().find(|value| value.key == key);
        found.unwrap_or_else(|| panic!("{key} is missing"))
    }

    #[test]
    fn the_defaults_that_are_shown_are_those_that_apply() {
        let mut environment = Vec::new();
        for variable in VARIABLES {
            if let Some(text) = default_of(variable.key) {
                environment.push((variable.name.to_owned(), text.to_owned()));
            }
        }
        let sources = Sources {
            environment,
            ..Sources::default()
        };
        let mut set = sources.load().unwrap();
        set.set.clear();
        assert_eq!(format!("{set:?}"), format!("{:?}", Config::default()));
        // A key with a default that nobody has written down would show none.
        let optional = [
            "node_name",
            "trusted_proxies",
            "console.site_root",
            "console.manage_tenant_url",
        ];
        for variable in VARIABLES {
            let is_of_gateway =
                variable.key.starts_with("gateway.") || variable.key.starts_with("forward_auth.");
            let is_known = default_of(variable.key).is_some();
            assert!(
                is_known || is_of_gateway || optional.contains(&variable.key),
                "{}",
                variable.key
            );
        }
    }

    #[test]
    fn each_value_says_where_it_comes_from_and_no_secret_is_shown() {
        let text = r#"database_url = "postgres://console:SECRET@db/console"
[limits]
exports_per_hour = 7
[gateway]
public_url = "http://127.0.0.1:3100"
upstream = "http://me:SECRET@api.example"
upstream_authorization = "Bearer SECRET"
[[gateway.upstreams]]
host = "a.example"
authorization = "SECRET"
[[scopes]]
name = "x"
description = ""
allow = [{ methods = ["GET"], paths = ["/a"] }]
"#;
        let variable = |key: &str| {
            let found = VARIABLES.iter().find(|of| of.key == key);
            found.unwrap().name.to_owned()
        };
        let mut table: Table = text.parse().unwrap();
        table.insert("node_name".into(), Value::String("one".into()));
        let by_variable = variable("node_name");
        let set = set_values(&table, |key| match key {
            "node_name" => (ValueSource::Variable, by_variable.clone()),
            _ => (ValueSource::File, "console.toml, line 1".into()),
        });
        let config = Config {
            set,
            ..Config::default()
        };
        let values = config.shown();
        assert!(!format!("{values:?}").contains("SECRET"), "{values:?}");
        let url = value(&values, "database_url");
        assert!(url.is_hidden && url.value.is_none());
        let exports = value(&values, "limits.exports_per_hour");
        assert_eq!(
            (exports.value.as_deref(), exports.source),
            (Some("7"), ValueSource::File)
        );
        assert!(exports.place.contains("line"));
        let node = value(&values, "node_name");
        assert_eq!(
            (node.source, &node.place),
            (ValueSource::Variable, &by_variable)
        );
        let scopes = value(&values, "scopes");
        assert_eq!(scopes.value.as_deref(), Some("1 entry"));
        let rate = value(&values, "health.min_calls");
        assert_eq!(
            (rate.value.as_deref(), rate.source),
            (Some("20"), ValueSource::Default)
        );
        let upstream = value(&values, "gateway.upstream");
        assert_eq!(upstream.value.as_deref(), Some("http://api.example/"));
    }

    #[test]
    fn a_file_a_variable_and_a_flag_are_told_from_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("console.toml");
        std::fs::write(&path, "[health]\nmin_calls = 7\nmin_errors = 3\n").unwrap();
        let sources = Sources {
            file: Some(&path),
            environment: vec![("SUPPORT_CONSOLE_HEALTH__MIN_CALLS".into(), "9".into())],
            flags: vec![crate::config::Flag {
                flag: "--data-dir",
                key: "data_dir",
                value: "/data".into(),
            }],
        };
        let values = sources.load().unwrap().shown();
        let of = |key: &str| {
            let value = value(&values, key);
            (
                value.value.clone().unwrap(),
                value.source,
                value.place.clone(),
            )
        };
        let variable = "SUPPORT_CONSOLE_HEALTH__MIN_CALLS".to_owned();
        assert_eq!(
            of("health.min_calls"),
            ("9".into(), ValueSource::Variable, variable)
        );
        let (errors, source, place) = of("health.min_errors");
        assert_eq!((errors.as_str(), source), ("3", ValueSource::File));
        assert!(place.ends_with("console.toml, line 3"), "{place}");
        assert_eq!(
            of("data_dir"),
            ("/data".into(), ValueSource::Flag, "--data-dir".into())
        );
    }
}
