//! Scopes: the named permissions of a support session.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The default scope of a support session.
pub const READ_ONLY: &str = "read_only";

/// The name of a scope: 1–64 of `[a-z0-9_:.*-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct ScopeName(String);

/// A text that can't be a scope's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is 1 to 64 of a–z, 0–9, '_', ':', '.', '*' and '-'")]
pub struct InvalidScopeName;

impl ScopeName {
    /// The scope that every configuration has.
    pub fn read_only() -> Self {
        Self(READ_ONLY.into())
    }

    /// The name, unique in the configuration.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ScopeName {
    type Error = InvalidScopeName;

    fn try_from(text: String) -> Result<Self, InvalidScopeName> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_:.*-".contains(&b);
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text))
        } else {
            Err(InvalidScopeName)
        }
    }
}

impl FromStr for ScopeName {
    type Err = InvalidScopeName;

    fn from_str(text: &str) -> Result<Self, InvalidScopeName> {
        Self::try_from(text.to_owned())
    }
}

impl From<ScopeName> for String {
    fn from(name: ScopeName) -> Self {
        name.0
    }
}

impl fmt::Display for ScopeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A scope as people choose it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Scope {
    /// The name, unique in the configuration.
    pub name: ScopeName,
    /// The permissions in a sentence.
    pub description: String,
}
