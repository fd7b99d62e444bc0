//! Scopes: the named permissions of a support session.

use serde::{Deserialize, Serialize};

/// The default scope of a support session.
pub const READ_ONLY: &str = "read_only";

checked_text! {
    /// The name of a scope: 1–64 of `[a-z0-9_:.*-]`.
    ScopeName: is_scope_name, InvalidScopeName as InvalidScopeName
}

fn is_scope_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_:.*-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// A text that can't be a scope's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a scope is 1 to 64 of a–z, 0–9, '_', ':', '.', '*' and '-'")]
pub struct InvalidScopeName;

impl ScopeName {
    /// The scope that every configuration has.
    pub fn read_only() -> Self {
        Self(READ_ONLY.into())
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
    /// Whether it permits requests that may change something.
    #[serde(default)]
    pub writes: bool,
}
