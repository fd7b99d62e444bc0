//! Faults of a configuration. Values are never shown, because they may be secrets.

use std::{path::PathBuf, sync::Arc};

use app::domain::saved_text::NotText;

/// A fault of the configuration. Each message says what to change.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {path} can't be read: check the path and its permissions")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: Arc<std::io::Error>,
    },
    #[error("the configuration file {path} {why}")]
    NotText { path: PathBuf, why: NotText },
    /// The file is not TOML, or a key in it is unknown or has a wrong value.
    #[error("{path}{line}: {problem}")]
    File {
        path: PathBuf,
        /// `, line 7`, where it is known.
        line: String,
        /// The fault, with the key.
        problem: String,
    },
    /// A variable has our prefix but is unknown.
    #[error(
        "unknown environment variable {name}{}: correct or unset it; `support-console serve \
         --help` lists all variables",
        similar.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
    )]
    UnknownVariable {
        name: String,
        /// The most similar known variable.
        similar: Option<&'static str>,
    },
    /// A variable has an invalid value.
    #[error("the environment variable {name} (key {key}): {problem}")]
    Variable {
        name: &'static str,
        key: &'static str,
        problem: String,
    },
    /// A flag has an invalid value.
    #[error("the flag {flag} (key {key}): {problem}")]
    Flag {
        flag: &'static str,
        key: &'static str,
        problem: String,
    },
    /// A secret that stands elsewhere can't be read.
    #[error("{key} refers to {path}, which can't be used: {problem}")]
    Secret {
        key: String,
        path: PathBuf,
        problem: String,
    },
    /// Values conflict that are valid alone. Lists all faults.
    #[error("the configuration is not valid:\n  {}", .0.join("\n  "))]
    Unusable(Vec<String>),
}
