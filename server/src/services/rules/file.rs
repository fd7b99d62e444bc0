//! Rules from a configuration file.

use gateway::rules::{RuleSet, RuleSource};
use toml::{Table, Value};

/// The keys of `[gateway]` that are rules.
const KEYS: [&str; 6] = [
    "tenant_binding",
    "tenant_host",
    "organization",
    "routes",
    "selectors",
    "hidden",
];

pub(super) fn written(source: &RuleSource) -> String {
    let Ok(Value::Table(mut gateway)) = Value::try_from(source) else {
        return String::new();
    };
    let mut file = Table::new();
    let scopes = gateway.remove("scopes");
    // Empty values are left out.
    gateway.retain(|_, value| match value {
        Value::Array(items) => !items.is_empty(),
        Value::Table(table) => {
            table.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
            !table.is_empty()
        }
        _ => true,
    });
    file.insert("gateway".into(), Value::Table(gateway));
    if let Some(scopes) = scopes {
        file.insert("scopes".into(), scopes);
    }
    toml::to_string_pretty(&file).unwrap_or_default()
}

/// The rules of a file, which may be a whole configuration. Missing parts are as they are now.
pub(super) fn changed(in_force: &RuleSource, text: &str) -> Result<RuleSet, String> {
    let mut file: Table = text.parse().map_err(|error| described(text, &error))?;
    let Ok(Value::Table(mut source)) = Value::try_from(in_force) else {
        return Err("can't be compared with the active rules".into());
    };
    if let Some(Value::Table(mut gateway)) = file.remove("gateway") {
        for key in KEYS {
            if let Some(value) = gateway.remove(key) {
                source.insert(key.into(), value);
            }
        }
    }
    if let Some(scopes) = file.remove("scopes") {
        source.insert("scopes".into(), scopes);
    }
    let source: RuleSource = Value::Table(source)
        .try_into()
        .map_err(|error: toml::de::Error| described(text, &error))?;
    source.compile().map_err(|faults| {
        let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
        faults.join("; ")
    })
}

fn described(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let line = line.map_or_else(String::new, |line| format!("line {line}: "));
    format!("{line}{}", error.message().trim().replace('\n', "; "))
}
