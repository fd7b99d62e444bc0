//! What can go wrong, each with the file it concerns.

use std::{error::Error as _, fmt::Write as _, io, path::PathBuf, process::ExitStatus};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("can't read {path}")]
    Read { path: PathBuf, source: io::Error },

    #[error("can't write {path}")]
    Write { path: PathBuf, source: io::Error },

    #[error("wasm-bindgen refuses {path}: {reason}")]
    Bindgen { path: PathBuf, reason: String },

    /// Snippets are separate files with fixed names: cached forever, they would go stale.
    #[error(
        "a dependency brings its own JavaScript ({names}), which the bundler gives no hashed name; \
         do without that dependency or teach `wasm.rs` to hash snippets"
    )]
    Snippets { names: String },

    #[error("can't run {path}")]
    OptimiserMissing { path: PathBuf, source: io::Error },

    #[error("{path} failed: {status}")]
    OptimiserFailed { path: PathBuf, status: ExitStatus },

    #[error("in the style sheets: {reason}")]
    Style { reason: String },

    #[error("{style} refers to {url}, which can't be read")]
    Asset {
        style: String,
        url: String,
        source: io::Error,
    },
}

impl Error {
    /// The message with those of all its causes.
    pub(crate) fn with_sources(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}
