//! Query parameters and headers that can name a tenant or an organization to the upstream.
//!
//! We don't know how the upstream reads a name. So every spelling that some parser accepts counts
//! as that name, and only the plain spelling with the right value passes.

use std::borrow::Cow;

use http::HeaderName;

use super::{canonical::CanonicalTarget, request::CanonicalRequest, uri::loose_escapes_undone};
use crate::headers;

/// How many levels of escapes are decoded.
const NESTED: usize = 4;
/// Parameters from which some frameworks read another method than the request's own.
const METHOD_OVERRIDES: [&str; 3] = ["_method", "x-http-method-override", "x-method-override"];

/// Query parameters and headers that can name a tenant or an organization to the upstream.
#[derive(Debug, Clone, Default)]
pub(crate) struct SelectorRules {
    pub(crate) query: Vec<String>,
    pub(crate) headers: Vec<HeaderName>,
}

/// The first selector of a request that names something other than `own`, or that could be read so.
/// A selector passes only if it names `own` plainly and once.
pub(crate) fn naming_another(
    rules: &SelectorRules,
    request: &CanonicalRequest,
    own: &str,
) -> Option<String> {
    let query = request.target.query().unwrap_or_default();
    let in_path = || {
        let mut parameters = of_path(&request.target);
        parameters.find_map(|text| in_parameters(rules, &text, own, "path's parameter"))
    };
    in_parameters(rules, query, own, "query parameter")
        .or_else(in_path)
        .or_else(|| {
            let mut selectors = rules.headers.iter();
            let another = selectors.find(|selector| {
                request.headers.contains_key(*selector)
                    && headers::only(&request.headers, *selector).is_none_or(|value| value != own)
            });
            another.map(|selector| format!("The header {selector}"))
        })
}

/// As [`naming_another`], in a form.
pub(crate) fn naming_another_in_form(
    rules: &SelectorRules,
    form: &str,
    own: &str,
) -> Option<String> {
    in_parameters(rules, form, own, "form field")
}

fn in_parameters(rules: &SelectorRules, text: &str, own: &str, what: &str) -> Option<String> {
    let mut selectors = rules.query.iter();
    let another = selectors.find(|selector| in_query(text, selector, own) == Some(false));
    another.map(|selector| format!("The {what} {selector}"))
}

/// Whether a query or a form has a parameter that some framework reads as the request's method.
pub(crate) fn overrides_method(parameters: &str) -> bool {
    let loose = loose_escapes_undone(parameters);
    has_override(parameters) || (loose != parameters && has_override(&loose))
}

fn has_override(parameters: &str) -> bool {
    let names = parameters
        .split(['&', ';'])
        .map(|pair| pair.split('=').next().unwrap_or_default());
    let mut names = names.filter(|name| !name.is_empty());
    names.any(|name| METHOD_OVERRIDES.iter().any(|o| is_spelling_of(name, o)))
}

/// The parameters in a path: after a `;` in a segment, or a query for a reader that decodes before it
/// splits.
fn parameters_in(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut text = Cow::Borrowed(path);
    for _ in 0..=NESTED {
        if let Some((_, query)) = text.split_once('?') {
            found.push(query.to_owned());
        }
        for segment in text.split('/') {
            if let Some((_, parameters)) = segment.split_once(';') {
                found.push(parameters.to_owned());
            }
        }
        if !text.contains('%') {
            break;
        }
        let undone = percent_encoding::percent_decode_str(&text).decode_utf8_lossy();
        text = Cow::Owned(undone.into_owned());
    }
    found
}

/// The parameters in the path of a target, in any reading.
fn of_path(target: &CanonicalTarget) -> impl Iterator<Item = String> {
    let others = target.readings().iter().map(String::as_str);
    let paths = std::iter::once(target.path()).chain(others);
    paths.flat_map(parameters_in)
}

/// Whether a path has a parameter that some framework reads as the request's method.
pub(crate) fn path_overrides_method(target: &CanonicalTarget) -> bool {
    of_path(target).any(|text| overrides_method(&text))
}

/// Whether a query names `selector`, and if so whether plainly, once, and with the value `own`.
fn in_query(query: &str, selector: &str, own: &str) -> Option<bool> {
    let verdict = in_pairs(query, selector, own);
    // For some readers the '=' or ';' of `%6=` is no separator.
    let loose = loose_escapes_undone(query);
    match loose == query || in_pairs(&loose, selector, own) == verdict {
        true => verdict,
        false => Some(false),
    }
}

fn in_pairs(query: &str, selector: &str, own: &str) -> Option<bool> {
    let mut verdict = None;
    for pair in query.split(['&', ';']) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if is_spelling_of(name, selector) {
            let plain = name == selector && value == own;
            verdict = Some(plain && verdict.is_none());
        }
    }
    // A query that splits at ';' for us may not for the upstream, and the other way round.
    if verdict.is_some() && query.contains(';') {
        verdict = Some(false);
    }
    verdict
}

/// Whether some parser may read `name` as `selector`: escaped, escaped twice, in another case, with
/// brackets, dots or blanks around it.
pub(crate) fn is_spelling_of(name: &str, selector: &str) -> bool {
    if name.len() < base(selector).len() {
        // No spelling is shorter. This is fast, because a query may have thousands of names.
        return false;
    }
    let mut name = loose_escapes_undone(name);
    for _ in 0..4 {
        // PHP reads a bracket that is never closed as an underscore. Some parsers leave out a '%' that
        // escapes nothing.
        let unclosed = name.trim_start_matches('[').replace('[', "_");
        let loose = name.replace('%', "");
        if [&name, &unclosed, &loose]
            .iter()
            .any(|name| folded(name) == folded(selector))
        {
            return true;
        }
        let decoded = percent_encoding::percent_decode_str(&name).decode_utf8_lossy();
        if decoded == name {
            break;
        }
        name = loose_escapes_undone(&decoded);
    }
    false
}

/// A name up to its first bracket, without the characters that some languages' parsers turn into an
/// underscore.
fn folded(name: &str) -> String {
    base(name)
        .chars()
        .map(|c| match c {
            '.' | ' ' | '+' | '-' => '_',
            other => other.to_ascii_lowercase(),
        })
        .collect()
}

/// A name up to its first bracket, without what surrounds it.
fn base(name: &str) -> &str {
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '+' | '\0' | '?'));
    // Some parsers drop characters before a name: Rack, qs, Spring.
    let name = name.trim_start_matches(['[', ']', '.', '!']);
    name.split(['[', ']']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_override_is_noticed_in_every_spelling() {
        for parameters in [
            "_method=DELETE",
            "a=1&_method=DELETE",
            "%5Fmethod=DELETE",
            "_METHOD=DELETE",
            "_method",
            "%u005Fmethod=DELETE",
            "_met%hod=DELETE",
            "_%6=ethod=DELETE",
            "[_method]=DELETE",
            "%5B_method%5D=DELETE",
            "._method=DELETE",
            "%0A_method=DELETE",
            "X-HTTP-Method-Override=PUT",
            "a=1;_method=x",
        ] {
            assert!(overrides_method(parameters), "{parameters}");
        }
        for parameters in ["", "method=a", "payment_method=b", "a=_method"] {
            assert!(!overrides_method(parameters), "{parameters}");
        }
    }

    #[test]
    fn a_parameter_in_a_path_is_one_for_readers_that_decode_first() {
        let another = |path: &str| {
            let rules = SelectorRules {
                query: vec!["tenant_id".into()],
                headers: Vec::new(),
            };
            let texts = parameters_in(path);
            let mut texts = texts.iter();
            texts.any(|text| in_parameters(&rules, text, "acme", "").is_some())
        };
        for path in [
            "/x%3Ftenant_id=b",
            "/x%3Fa=1&tenant_id=b",
            "/x%253Ftenant_id=b",
            "/x%3Ft%65nant_id=b",
            "/x%3Ftenant_id%3Db",
            "/x%3Fa=1%26tenant_id=b",
            "/x%3Ftenant_id=acme&tenant_id=b",
            "/x%3Ftenant_id=acme/y",
            "/x;tenant_id=b/y",
            "/x;a=1;tenant_id=b",
            "/x%3Btenant_id=b",
            "/x;tenant%5Fid=b",
        ] {
            assert!(another(path), "{path}");
        }
        for path in [
            "/x",
            "/tenant_id=b",
            "/x%3Ftenant_id=acme",
            "/x;tenant_id=acme/y",
            "/50%25",
        ] {
            assert!(!another(path), "{path}");
        }
        let overrides = |path: &str| {
            path_overrides_method(&CanonicalTarget::parse_odd(path.as_bytes()).unwrap())
        };
        for path in [
            "/x%3F_method=DELETE",
            "/x;_method=DELETE",
            "/x%u003F_method=DELETE",
            "/x%C0%BB_method=DELETE",
            "/x;%FF_method=DELETE",
            "/x%3F_met%7Fhod=DELETE",
        ] {
            assert!(overrides(path), "{path}");
        }
        assert!(!overrides("/_method=DELETE"));
    }

    /// Queries that some reader may take for another tenant's.
    const OF_OTHERS: &[&str] = &[
        "tenant_id=b",
        "tenant_id",
        "tenant_id=",
        "tenant_id=acme&tenant_id=b",
        "tenant_id=b&tenant_id=acme",
        "tenant_id=acme&tenant_id=acme",
        "tenant_id=acm%65",
        "tenant_id=acme%00",
        "tenant_id=acme,b",
        "tenant%5Fid=acme",
        "t%65nant_id=b",
        "t%2565nant_id=b",
        "%u0074enant_id=b",
        "%U0074enant%u005Fid=b",
        "%25u0074%25u0065nant_id=b",
        "tenant_%6@d=b",
        "tenant%5?id=b",
        "tenant%_id=b",
        "%tenant_id=b",
        "tenant_id%=b",
        "tenant_id=acme%",
        "tenant_id=acme%0A",
        "%0Atenant_id=b",
        "tenant_id%0D%0A=b",
        "TENANT_ID=b",
        "tenant_id[]=b",
        "tenant[id=b",
        "tenant%5Bid=b",
        "?tenant_id=b",
        "tenant_id%5B%5D=b",
        "tenant_id[0]=b",
        "tenant.id=b",
        "tenant+id=b",
        "tenant-id=b",
        "+tenant_id=b",
        "%20tenant_id=b",
        "a=1;tenant_id=b",
        "tenant_id=acme;tenant_id=b",
        "tenant_id=acme;x",
        "[tenant_id]=bolt",
        "%5Btenant_id%5D=bolt",
        "]tenant_id=bolt",
        "[]tenant_id=bolt",
        ".tenant_id=bolt",
        "!tenant_id=bolt",
    ];

    #[test]
    fn only_the_plainest_spelling_of_the_right_value_passes() {
        let judge = |query| in_query(query, "tenant_id", "acme");
        for query in [
            "",
            "page=2",
            "tenant=b",
            "x=tenant_id",
            "tenant_ids=b",
            "xtenant_id=b",
        ] {
            assert_eq!(judge(query), None, "{query}");
        }
        assert_eq!(judge("tenant_id=acme"), Some(true));
        assert_eq!(judge("page=2&tenant_id=acme"), Some(true));
        for query in OF_OTHERS {
            assert_eq!(judge(query), Some(false), "{query}");
        }
        for (query, selector) in [("custo%6=er=b", "customer"), ("wor%6;space=b", "workspace")] {
            assert_eq!(in_query(query, selector, "acme"), Some(false), "{query}");
        }
    }
}
