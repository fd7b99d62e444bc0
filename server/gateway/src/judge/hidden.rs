//! Hides secrets in records that the platform's API carries in paths and queries.

mod tokens;

use std::borrow::Cow;

pub(crate) use self::tokens::{holds_token, without_tokens};
use super::{
    bindings::HiddenConfig, canonical::segments, patterns::PathPattern, selectors::is_spelling_of,
};
use crate::config::Faults;

/// The replacement for a hidden part in a record. It is canonical in a path.
const HIDDEN: &str = "(hidden)";
/// The name by which a pattern marks a secret segment.
const SECRET: &str = "secret";

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

    /// A path as it may be recorded. Patterns are read loosely, and a path that is refused because
    /// it can be read in two ways is read in the other one too.
    pub(crate) fn path<'p>(&self, path: &'p str) -> Cow<'p, str> {
        if self.paths.is_empty() {
            return Cow::Borrowed(path);
        }
        let undone = undone(path);
        [Cow::Borrowed(path), Cow::Owned(undone)]
            .into_iter()
            .find_map(|reading| self.in_reading(&reading))
            .map_or(Cow::Borrowed(path), Cow::Owned)
    }

    fn in_reading(&self, path: &str) -> Option<String> {
        let segments: Vec<_> = segments(path).collect();
        let patterns = self.paths.iter();
        let places: Vec<_> = patterns.flat_map(|p| p.places(SECRET, &segments)).collect();
        if places.is_empty() {
            return None;
        }
        let shown = segments.iter().enumerate().map(|(at, segment)| {
            if places.contains(&at) {
                HIDDEN
            } else {
                segment
            }
        });
        let mut text = String::with_capacity(path.len());
        for segment in shown {
            text.push('/');
            text.push_str(segment);
        }
        if path.ends_with('/') {
            text.push('/');
        }
        Some(text)
    }

    /// A query as it may be recorded.
    pub(crate) fn query<'q>(&self, query: &'q str) -> Cow<'q, str> {
        let mut shown = String::with_capacity(query.len());
        let mut changed = false;
        for pair in query.split_inclusive(['&', ';']) {
            let (pair, separator) = match pair.char_indices().next_back() {
                Some((at, '&' | ';')) => pair.split_at(at),
                _ => (pair, ""),
            };
            match pair.split_once('=') {
                Some((name, _)) if self.query.iter().any(|q| is_spelling_of(name, q)) => {
                    changed = true;
                    shown.push_str(name);
                    shown.push('=');
                    shown.push_str(HIDDEN);
                }
                _ => shown.push_str(pair),
            }
            shown.push_str(separator);
        }
        if changed {
            Cow::Owned(shown)
        } else {
            Cow::Borrowed(query)
        }
    }
}

fn hiding(text: &str) -> Result<PathPattern, String> {
    let pattern = text.parse::<PathPattern>().map_err(|e| e.to_string())?;
    let hides = pattern.has(SECRET);
    match hides {
        true => Ok(pattern),
        false => Err("must mark the hidden part with {secret}".to_owned()),
    }
}

/// A path with its escapes undone, as often as they are nested, and without parameters.
fn undone(path: &str) -> String {
    let mut text = path.to_owned();
    for _ in 0..3 {
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
        text = decoded.replace('\\', "/");
    }
    let plain: Vec<_> = segments(&text)
        .map(|segment| segment.split(';').next().unwrap_or_default())
        .collect();
    format!("/{}", plain.join("/"))
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
        let shown = "/v1/users/7/resets/(hidden)";
        assert_eq!(hidden.path("/v1/users/7/resets/s3cret"), shown);
        let below = "/v1/users/7/resets/s3cret/confirm/";
        assert_eq!(hidden.path(below), format!("{shown}/confirm/"));
        for path in [
            "/V1/users/7/Resets/s3cret",
            "/v1/users/7/resets.json/s3cret",
            "/v1/users/7/re%73ets/s3cret",
            "/v1/users/7/resets%2Fs3cret",
            "/v1/users/7/resets%252fs3cret",
            "/v1/users/7\\resets\\s3cret",
            "/v1/users/7/resets;x=/s3cret",
            "//v1/users/7/resets//s3cret",
        ] {
            let shown = hidden.path(path);
            assert!(!shown.contains("s3cret"), "{path}: {shown}");
        }
        for path in ["/v1/users/7/resets", "/v1/users/7", "/"] {
            assert_eq!(hidden.path(path), path);
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
