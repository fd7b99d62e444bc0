//! Path patterns of rules and routes.
//!
//! A pattern is read in two ways. To *permit*, it is read exactly, byte by byte. To *refuse*, it is
//! read loosely, because the upstream may be less exact than we are: see `loose`.

mod loose;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{canonical::segments, uri::is_unreserved};

/// The suffix for a path and everything below it.
const BELOW: &str = "/**";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Tenant,
    Organization,
    /// Any segment, by the name that the pattern gives it.
    Any(String),
}

/// A path pattern such as `/v1/tenants/{tenant_id}/invoices/{invoice}` or `/v1/reports/**`.
///
/// `{…}` matches one segment, like path templates in `OpenAPI`. `{tenant_id}` and
/// `{organization_id}` match those of the support session. `/**` at the end matches the path itself
/// and everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: String,
    parts: Vec<Part>,
    slash: bool,
    below: bool,
}

/// The tenant and organization named in a path, unchanged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Captured<'p> {
    /// The segment at `{tenant_id}`.
    pub tenant: Option<&'p str>,
    /// The segment at `{organization_id}`.
    pub organization: Option<&'p str>,
}

/// Why a pattern is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPattern(&'static str);

impl PathPattern {
    pub(crate) fn every_path() -> Self {
        Self {
            text: BELOW.into(),
            parts: Vec::new(),
            slash: false,
            below: true,
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern captures `{tenant_id}`.
    pub fn captures_tenant(&self) -> bool {
        self.parts.contains(&Part::Tenant)
    }

    /// Whether the pattern captures `{tenant_id}` or `{organization_id}`.
    pub(crate) fn captures_anything(&self) -> bool {
        self.captures_tenant() || self.parts.contains(&Part::Organization)
    }

    /// The last literal segment.
    pub(crate) fn last_literal(&self) -> Option<&str> {
        self.parts.iter().rev().find_map(|part| match part {
            Part::Literal(literal) => Some(literal.as_str()),
            _ => None,
        })
    }

    /// Whether everything below a path matches too.
    pub(crate) const fn is_open(&self) -> bool {
        self.below
    }

    /// The names in a canonical `path`, if exactly this path matches.
    pub fn matches<'p>(&self, path: &'p str) -> Option<Captured<'p>> {
        let (captured, rest) = self.walk(path)?;
        let ends_in_slash = path.len() > 1 && path.ends_with('/');
        let exact = self.below || (rest == 0 && ends_in_slash == self.slash);
        exact.then_some(captured)
    }

    /// The names in a canonical `path`, if it or a parent path matches.
    pub fn matches_above<'p>(&self, path: &'p str) -> Option<Captured<'p>> {
        self.walk(path).map(|(captured, _)| captured)
    }

    /// The captured names, and the number of remaining segments.
    fn walk<'p>(&self, path: &'p str) -> Option<(Captured<'p>, usize)> {
        let mut segments = segments(path);
        let mut captured = Captured::default();
        for part in &self.parts {
            let segment = segments.next()?;
            match part {
                Part::Literal(literal) if literal == segment => {}
                Part::Literal(_) => return None,
                Part::Tenant => captured.tenant = Some(segment),
                Part::Organization => captured.organization = Some(segment),
                Part::Any(_) => {}
            }
        }
        Some((captured, segments.count()))
    }
}

impl FromStr for PathPattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let (path, below) = match text.strip_suffix(BELOW) {
            Some(path) => (path, true),
            None => (text, false),
        };
        if !text.starts_with('/') {
            return Err(InvalidPattern("must begin with '/'"));
        }
        if text.contains("//") {
            return Err(InvalidPattern("must not have an empty segment"));
        }
        let parts: Vec<Part> = segments(path).map(part).collect::<Result<_, _>>()?;
        let count = |part: &Part| parts.iter().filter(|p| *p == part).count();
        if count(&Part::Tenant) > 1 || count(&Part::Organization) > 1 {
            return Err(InvalidPattern("must capture each name at most once"));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
            slash: path.len() > 1 && path.ends_with('/'),
            below,
        })
    }
}

fn part(segment: &str) -> Result<Part, InvalidPattern> {
    match segment {
        "{tenant_id}" => Ok(Part::Tenant),
        "{organization_id}" => Ok(Part::Organization),
        "." | ".." => Err(InvalidPattern("must not have a dot segment")),
        "*" | "**" => Err(InvalidPattern(
            "may have '/**' at its end only; one segment is written as {name}",
        )),
        _ => match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
            Some(name) if is_name(name) => Ok(Part::Any(name.to_owned())),
            Some(_) => Err(InvalidPattern(
                "may only have a–z, 0–9 and '_' between braces",
            )),
            None if segment.contains(['{', '}']) => Err(InvalidPattern(
                "must capture whole segments: write {name} between two slashes",
            )),
            // These have one spelling each in a canonical path.
            None if segment.bytes().all(is_unreserved) => Ok(Part::Literal(segment.to_owned())),
            None => Err(InvalidPattern(
                "may only have letters, digits, '-', '.', '_', '~', '/' and {…}",
            )),
        },
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty() && name.bytes().all(allowed)
}

impl TryFrom<String> for PathPattern {
    type Error = InvalidPattern;

    fn try_from(text: String) -> Result<Self, InvalidPattern> {
        text.parse()
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
