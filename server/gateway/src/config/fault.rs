//! Faults of the gateway's configuration.

use std::fmt;

use http::HeaderName;

/// One fault of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key, with places in lists: `scopes[0].allow[1].paths[2]`.
    pub key: String,
    /// What is wrong and what to change.
    pub problem: String,
}

impl Fault {
    /// A fault of a key.
    pub fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct InvalidConfig(pub Vec<Fault>);

/// The faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Faults {
    pub(crate) fn push(&mut self, key: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Fault::new(key, problem));
    }

    /// Returns the value, or notes why there is none.
    pub(crate) fn take<T, E: fmt::Display>(&mut self, key: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|error| self.push(key, error.to_string())).ok()
    }

    /// Reads each text of a list. A fault names its place there.
    pub(crate) fn each<T, E: fmt::Display>(
        &mut self,
        key: &str,
        texts: &[String],
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let mut all = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            match read(text) {
                Ok(value) => all.push(value),
                Err(error) => self.push(format!("{key}[{index}]"), format!("{text:?} {error}")),
            }
        }
        all
    }

    /// The names of header fields in a list.
    pub(crate) fn header_names(&mut self, key: &str, texts: &[String]) -> Vec<HeaderName> {
        self.each(key, texts, |text| {
            text.parse().map_err(|_| "is not a valid header name")
        })
    }

    /// `done`, unless there is a fault.
    pub(crate) fn or<T>(self, done: Option<T>) -> Result<T, Vec<Fault>> {
        done.filter(|_| self.0.is_empty()).ok_or(self.0)
    }
}
