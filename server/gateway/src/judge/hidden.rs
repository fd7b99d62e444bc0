//! Hides in records the secrets that the platform's API has in paths and queries.

use std::borrow::Cow;

use super::{
    bindings::HiddenConfig,
    canonical::{CanonicalTarget, segments},
    patterns::PathPattern,
    selectors::is_spelling_of,
};
use crate::{config::Faults, token::HIDDEN};

/// The name by which a pattern marks a secret segment.
const SECRET: &str = "secret";
/// How many levels of escapes are decoded.
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

    /// Path and query of a target, safe for records.
    pub(crate) fn of(&self, target: &CanonicalTarget) -> (String, Option<String>) {
        let query = target.query().map(|query| self.query(query).into_owned());
        (self.path(target.path()).into_owned(), query)
    }

    /// As [`Self::of`], for a target that may be refused. If it can be read in two ways and
    /// anything may be secret, nothing is shown, because we don't know the upstream's reading.
    pub(crate) fn of_any(&self, target: &[u8]) -> (String, Option<String>) {
        let one_way = CanonicalTarget::parse_odd(target);
        let one_way = one_way.ok().filter(|read| read.readings().is_empty());
        match one_way {
            Some(target) => self.of(&target),
            None if self.hides() => {
                let query = target.contains(&b'?').then(|| HIDDEN.to_owned());
                (format!("/{HIDDEN}"), query)
            }
            None => {
                let mut parts = target.splitn(2, |b| *b == b'?');
                let mut part = || Some(String::from_utf8_lossy(parts.next()?).into_owned());
                (part().unwrap_or_default(), part())
            }
        }
    }

    /// Whether a path holds a secret, by any reading.
    pub(super) fn is_in(&self, path: &str) -> bool {
        self.holds_path(path) || self.query_in(path).is_some()
    }

    /// A canonical path, safe for records. Patterns are read loosely.
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
        let marks = ["%3F", "%23", "?", "#"];
        let begin = marks.iter().filter_map(|mark| path.find(mark)).min()?;
        self.secret_in(&path[begin..]).map(|_| begin)
    }

    /// A query, safe for records.
    fn query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        if !self.hides() {
            return Cow::Borrowed(query);
        }
        let shown: Vec<_> = query.split('&').map(|pair| self.pair(pair)).collect();
        if shown.iter().all(|pair| matches!(pair, Cow::Borrowed(_))) {
            return Cow::Borrowed(query);
        }
        Cow::Owned(shown.join("&"))
    }

    /// The part between two `&`. Some parsers split it at `;` too, so nothing is shown after a
    /// secret.
    fn pair<'q>(&self, pair: &'q str) -> Cow<'q, str> {
        let mut begin = 0;
        for part in pair.split_inclusive(';') {
            let plain = part.trim_end_matches(';');
            if let Some(shown) = self.secret_in(plain) {
                return Cow::Owned(format!("{}{HIDDEN}", &pair[..begin + shown]));
            }
            begin += part.len();
        }
        Cow::Borrowed(pair)
    }

    /// How much of a parameter may be shown, if it is secret or holds a secret: an address with its own
    /// query, separators that are escaped, a path.
    fn secret_in(&self, pair: &str) -> Option<usize> {
        let value = pair.find('=').map_or(0, |equals| equals + 1);
        let of_name = if pair[..value].contains('%') {
            0
        } else {
            value
        };
        let mut text = Cow::Borrowed(pair);
        for nested in 0..=NESTED {
            if self.holds_path(&text) {
                return Some(of_name);
            }
            if self.holds_parameter(&text) {
                let name = pair[..value.saturating_sub(1)].rsplit(['?', '#']).next();
                let own = nested == 0 && name.is_some_and(|name| self.is_named(name));
                // The text before the secret is not hidden.
                let inside = pair[value..]
                    .find(['%', '?', '#'])
                    .filter(|_| !own && of_name > 0);
                return Some(of_name + inside.unwrap_or_default());
            }
            if !text.contains('%') {
                return None;
            }
            let undone = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
            text = Cow::Owned(undone.into_owned());
        }
        None
    }

    fn holds_parameter(&self, text: &str) -> bool {
        let mut pairs = text.split(['?', '#', '&', ';']);
        pairs.any(|pair| {
            pair.split_once('=')
                .is_some_and(|(name, _)| self.is_named(name))
        })
    }

    /// Whether a name is a secret's name, or ends in one: `user[code]`, `user.code`.
    fn is_named(&self, name: &str) -> bool {
        let mut pieces = name
            .split(['[', ']', '.'])
            .filter(|piece| !piece.is_empty());
        let is = |piece| self.query.iter().any(|q| is_spelling_of(piece, q));
        !name.is_empty() && (is(name) || pieces.any(is))
    }

    /// Whether a text contains a path with a secret segment, wherever the path begins: in an
    /// address, for example, or in an address's own query.
    fn holds_path(&self, text: &str) -> bool {
        if self.paths.is_empty() {
            return false;
        }
        let mut texts = text.split(['?', '#', '&', '=']);
        texts.any(|text| {
            let mut resolved = Vec::new();
            for segment in segments(text) {
                match segment {
                    "." => {}
                    ".." => drop(resolved.pop()),
                    segment => resolved.push(segment),
                }
            }
            (0..resolved.len()).any(|begin| {
                let mut patterns = self.paths.iter();
                patterns.any(|p| !p.places(SECRET, &resolved[begin..]).is_empty())
            })
        })
    }

    const fn hides(&self) -> bool {
        !self.paths.is_empty() || !self.query.is_empty()
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
            "/v1/users/7/resets%EF%BC%8Fs3cret",
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
            "token=s3c;s3cret",
            "a=1;token=s3c;s3cret",
            "user[token]=s3cret",
            "user%5Btoken%5D=s3cret",
            "user.token=s3cret",
            "user[reset][token]=s3cret",
            "next=/v1/users/7/resets/s3cret",
            "next=%2Fv1%2Fusers%2F7%2Fresets%2Fs3cret",
            "next=https%3A%2F%2Fx%2Fv1%2Fusers%2F7%2Fresets%2Fs3cret%3Fa%3Db",
            "next=%252Fv1%252Fusers%252F7%252Fresets%252Fs3cret",
            "next=/v1/users/7/x/../resets/s3cret",
            "next=//api.example.com/v1/users/7/resets/s3cret",
            "next=v1/users/7/resets/s3cret",
            "next=/x?back=/v1/users/7/resets/s3cret",
            "next=%2Fx%3Fback%3D%2Fv1%2Fusers%2F7%2Fresets%2Fs3cret",
            "x?token=s3cret%3D%3D",
        ] {
            let shown = hidden.query(query);
            assert!(!shown.contains("s3cret"), "{query}: {shown}");
        }
        for query in [
            "",
            "a=token",
            "tokens=1",
            "a&b",
            "a;b",
            "next=/v1/users/7",
            "a=b%2Fc",
        ] {
            assert_eq!(hidden.query(query), query);
        }
        // A secret that is added hides nothing else.
        assert_eq!(hidden.query("id=4711%23token%3D1"), "id=4711(hidden)");
        assert_eq!(hidden.query("id=4711?token=1&b=2"), "id=4711(hidden)&b=2");
        assert_eq!(hidden.query("id=4711;token=1"), "id=4711;token=(hidden)");
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
