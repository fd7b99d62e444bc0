//! What can be wrong with a configuration. Values are never shown: they may be secrets.

use std::{path::PathBuf, sync::Arc};

/// A fault of the configuration. Each message says what to change.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("the configuration file {path} can't be read: check the path and its permissions")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The file is not TOML, or a key in it is unknown or has a wrong value.
    #[error("{path}{line}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// `, line 7`, where it is known.
        line: String,
        /// What is wrong, naming the key.
        problem: String,
    },
    /// A variable begins with our prefix but is none of ours.
    #[error(
        "the environment variable {name} is not known{}: correct or unset it; \
         `support-console serve --help` lists those there are",
        similar.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
    )]
    UnknownVariable {
        /// The variable.
        name: String,
        /// The known one that looks most like it.
        similar: Option<&'static str>,
    },
    /// A variable has a value that it can't have.
    #[error("the environment variable {name} (key {key}): {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// The key that it sets.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A flag has a value that it can't have.
    #[error("the flag {flag} (key {key}): {problem}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// The key that it sets.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Values that are fine by themselves do not go together. Every fault at once.
    #[error("the configuration can't be used:\n  {}", .0.join("\n  "))]
    Unusable(Vec<String>),
}
