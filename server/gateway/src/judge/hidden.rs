//! Hides secrets in records that the platform's API carries in paths and queries.

mod tokens;

use std::borrow::Cow;

pub(crate) use self::tokens::holds_token;
pub use self::tokens::without_tokens;
use super::{
    bindings::HiddenConfig,
    canonical::{CanonicalTarget, segments},
    patterns::PathPattern,
    selectors::is_spelling_of,
};
use crate::config::Faults;

/// The replacement for a hidden part in a record. It is canonical in a path.
const HIDDEN: &str = "(hidden)";
/// The name by which a pattern marks a secret segment.
const SECRET: &str = "secret";
/// How often escapes of escapes are undone.
const NESTED: usize = 3;

/// Paths and query parameters whose values are kept out of every record.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hidden {
    paths: Vec<PathPattern>,
    query: Vec<String>,
}

impl Hidden {
    pub(super) fn new(config: &HiddenConfig, faults: &mut Faults) -> Self {
        Self {
            paths: faults.each("gateway.hidden.paths", &config.paths, hiding),
            query: config.query.clone(),
        }
    }

    /// Path and query of a target as they may be recorded.
    pub(crate) fn of(&self, target: &CanonicalTarget) -> (String, Option<String>) {
        let query = target.query().map(|query| self.query(query).into_owned());
        (self.path(target.path()).into_owned(), query)
    }

    /// As [`Self::of`], for a target that may be refused. Of one that can be read in two ways nothing
    /// is shown if anything may be secret, because the upstream's reading is not known.
    pub(crate) fn of_any(&self, target: &[u8]) -> (String, Option<String>) {
        let hides = !self.paths.is_empty() || !self.query.is_empty();
        match CanonicalTarget::parse(target) {
            Ok(target) => self.of(&target),
            Err(_) if hides => {
                let query = target.contains(&b'?').then(|| HIDDEN.to_owned());
                (format!("/{HIDDEN}"), query)
            }
            Err(_) => {
                let mut parts = target.splitn(2, |b| *b == b'?');
                let mut part = || Some(String::from_utf8_lossy(parts.next()?).into_owned());
                (part().unwrap_or_default(), part())
            }
        }
    }

    /// A canonical path as it may be recorded. Patterns are read loosely.
    fn path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let mut shown = Cow::Borrowed(path);
        if !self.paths.is_empty() {
            let segments: Vec<_> = segments(path).collect();
            let patterns = self.paths.iter();
            let places: Vec<_> = patterns.flat_map(|p| p.places(SECRET, &segments)).collect();
            if !places.is_empty() {
                shown = Cow::Owned(without(path, &segments, &places));
            }
        }
        match self.query_in(&shown) {
            Some(at) => Cow::Owned(format!("{}{HIDDEN}", &shown[..at])),
            None => shown,
        }
    }

    /// Where a secret query begins in a path, for an upstream that decodes before it splits.
    fn query_in(&self, path: &str) -> Option<usize> {
        let begin = path.find("%3F").into_iter().chain(path.find("%23")).min()?;
        self.is_secret(&path[begin..]).then_some(begin)
    }

    /// A query as it may be recorded.
    fn query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let mut shown = String::with_capacity(query.len());
        let mut changed = false;
        for pair in query.split_inclusive(['&', ';']) {
            let (pair, separator) = match pair.char_indices().next_back() {
                Some((at, '&' | ';')) => pair.split_at(at),
                _ => (pair, ""),
            };
            if self.is_secret(pair) {
                changed = true;
                match pair.split_once('=') {
                    Some((name, _)) if !name.contains('%') => {
                        shown.push_str(name);
                        shown.push('=');
                    }
                    _ => {}
                }
                shown.push_str(HIDDEN);
            } else {
                shown.push_str(pair);
            }
            shown.push_str(separator);
        }
        if changed {
            Cow::Owned(shown)
        } else {
            Cow::Borrowed(query)
        }
    }

    /// Whether a parameter is secret, or holds one that is: an address with its own query, or one
    /// whose separators are escaped.
    fn is_secret(&self, pair: &str) -> bool {
        if self.query.is_empty() {
            return false;
        }
        let mut text = Cow::Borrowed(pair);
        for _ in 0..NESTED {
            let undone = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
            text = Cow::Owned(undone.into_owned());
        }
        [pair, &*text].into_iter().any(|text| {
            let mut pairs = text.split(['?', '#', '&', ';']);
            pairs.any(|pair| {
                let name = pair.split_once('=').map(|(name, _)| name);
                name.is_some_and(|name| self.query.iter().any(|q| is_spelling_of(name, q)))
            })
        })
    }
}

fn hiding(text: &str) -> Result<PathPattern, String> {
    let pattern = text.parse::<PathPattern>().map_err(|e| e.to_string())?;
    match pattern.has(SECRET) {
        true => Ok(pattern),
        false => Err("must mark the hidden part with {secret}".to_owned()),
    }
}

/// A path without the segments at `places`.
fn without(path: &str, segments: &[&str], places: &[usize]) -> String {
    let mut text = String::with_capacity(path.len());
    for (at, segment) in segments.iter().enumerate() {
        text.push('/');
        text.push_str(match places.contains(&at) {
            true => HIDDEN,
            false => segment,
        });
    }
    if path.ends_with('/') {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden() -> Hidden {
        let config = HiddenConfig {
            paths: vec!["/v1/users/{user}/resets/{secret}".into()],
            query: vec!["token".into()],
        };
        let mut faults = Faults::default();
        let hidden = Hidden::new(&config, &mut faults);
        assert!(faults.0.is_empty(), "{faults:?}");
        hidden
    }

    #[test]
    fn a_secret_segment_is_hidden_however_it_is_spelt() {
        let hidden = hidden();
        let path = |path: &str| hidden.of_any(path.as_bytes()).0;
        let shown = "/v1/users/7/resets/(hidden)";
        assert_eq!(path("/v1/users/7/resets/s3cret"), shown);
        let below = "/v1/users/7/resets/s3cret/confirm/";
        assert_eq!(path(below), format!("{shown}/confirm/"));
        for path in [
            "/V1/users/7/Resets/s3cret",
            "/v1/users/7/resets.json/s3cret",
            "/v1/users/7/re%73ets/s3cret",
            "/v1/users/7/resets%2Fs3cret",
            "/v1/users/7/resets%252fs3cret",
            "/v1/users/7\\resets\\s3cret",
            "/v1/users/7/resets;x=/s3cret",
            "//v1/users/7/resets//s3cret",
            "/v1/users/7/./resets/s3cret",
            "/v1/users/7/%2e/resets/s3cret",
            "/v1/users/7/x/../resets/s3cret",
            "/v1/users/7/x/%2E%2e/resets/s3cret",
            "/v1/users/7/resets%00/s3cret",
            "/v1/users/7/%00resets/s3cret",
            "http://g/v1/users/7/resets/s3cret",
            "v1/users/7/resets/s3cret",
            "/v1/users/7/resets/s3cret#a",
            "/v1/users/7/resets/#s3cret",
            "/v1/users/7#/resets/s3cret",
            "/v1/users/7/resets('s3cret')",
            "/v1/users(7)/resets/s3cret",
            "/v1/users(7)/resets(s3cret)",
            "/v1/users/7/resets:x/s3cret",
            "/v1/x%3Ftoken=s3cret",
            "/v1/x%23a=1&token=s3cret",
            "/v1/x#token=s3cret",
        ] {
            let shown = format!("{:?}", hidden.of_any(path.as_bytes()));
            assert!(!shown.contains("s3cret"), "{path}: {shown}");
        }
        for unhidden in ["/v1/users/7/resets", "/v1/users/7", "/", "/v1/x%3Fa=token"] {
            assert_eq!(path(unhidden), unhidden);
        }
    }

    #[test]
    fn a_secret_parameter_is_hidden_however_it_is_spelt() {
        let hidden = hidden();
        assert_eq!(
            hidden.query("a=1&token=s3cret&b=2"),
            "a=1&token=(hidden)&b=2"
        );
        for query in [
            "token=s3cret",
            "TOKEN=s3cret",
            "t%6fken=s3cret",
            "token[]=s3cret",
            "a=1;token=s3cret",
            "token=s3cret&token=s3cret",
            "token%3Ds3cret",
            "a%26token=s3cret",
            "a=1%26token%3Ds3cret",
            "a=1%23token=s3cret",
            "back=/x?token=s3cret",
            "back=https%3A%2F%2Fx%3Ftoken%3Ds3cret",
        ] {
            let shown = hidden.query(query);
            assert!(!shown.contains("s3cret"), "{query}: {shown}");
        }
        for query in ["", "a=token", "tokens=1", "a&b"] {
            assert_eq!(hidden.query(query), query);
        }
    }

    #[test]
    fn a_pattern_without_a_mark_is_a_fault() {
        let config = HiddenConfig {
            paths: vec!["/v1/resets/{token}".into()],
            query: Vec::new(),
        };
        let mut faults = Faults::default();
        Hidden::new(&config, &mut faults);
        assert_eq!(faults.0[0].key, "gateway.hidden.paths[0]");
    }
}
