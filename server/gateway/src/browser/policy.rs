//! The `Content-Security-Policy` of an answer at a session's host (CSP Level 3): the platform's
//! own, which also permits the banner and this host, and a second one of ours.
//!
//! Browsers enforce each policy separately, so an addition to one can't widen another. The banner's
//! script is permitted by its hash, and its two addresses are named in full, so nobody else can use
//! these permissions.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, header::CONTENT_SECURITY_POLICY};
use url::Url;

use super::{answers::Origins, banner};

/// The directives that decide about a script element, in order of precedence.
const SCRIPTS: [&str; 3] = ["script-src-elem", "script-src", "default-src"];
const CONNECTIONS: [&str; 2] = ["connect-src", "default-src"];
/// A longer policy is not changed, because that would cost time for each file. Its page gets no
/// banner.
const MAX_LENGTH: usize = 16 * 1024;
/// Reports would tell others, without a record, which addresses a staff member visits.
const REPORTS: [&str; 2] = ["report-uri", "report-to"];

/// Adapts the policies of an answer. `connects` are the origins besides the session's host that its
/// pages may send data to.
///
/// Returns whether a banner in the answer could run.
pub(crate) fn adapt(
    headers: &mut HeaderMap,
    origins: Origins<'_>,
    has_banner: bool,
    connects: &[String],
) -> bool {
    let values = headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let is_read = values.map(HeaderValue::len).sum::<usize>() <= MAX_LENGTH;
    let mut can_run = is_read;
    let read = headers.get_all(CONTENT_SECURITY_POLICY).iter();
    let fields: Vec<_> = read
        .filter(|_| is_read)
        .map(|value| {
            let text: String = value.as_bytes().iter().map(|b| char::from(*b)).collect();
            let policies = text.split(',').map(|policy| {
                let mut policy = Policy::parse(policy);
                policy.know_own_host(origins);
                if has_banner {
                    policy.admit_banner(origins.own);
                    can_run &= policy.runs_scripts();
                }
                policy.written()
            });
            policies.collect::<Vec<_>>().join(", ")
        })
        .collect();
    if is_read {
        headers.remove(CONTENT_SECURITY_POLICY);
    }
    for field in fields.iter().chain([&ours(origins.own, connects)]) {
        // One byte for each character, as it came.
        let bytes: Vec<u8> = field.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            headers.append(CONTENT_SECURITY_POLICY, value);
        }
    }
    can_run
}

/// Our own policy: a page sends data only to this host, where it is recorded, or to origins that
/// the configuration names. Data that stays in the browser is not restricted.
fn ours(own: &str, connects: &[String]) -> String {
    let sockets = own.replacen("http", "ws", 1);
    let named = connects.join(" ");
    let connects = if named.is_empty() {
        named
    } else {
        format!(" {named}")
    };
    format!(
        "connect-src 'self' {sockets} blob: data:{connects}; form-action 'self' javascript:{connects}"
    )
}

/// One serialized policy: directives in their order, the names in lower case.
struct Policy<'p>(Vec<(String, Vec<Cow<'p, str>>)>);

impl<'p> Policy<'p> {
    /// CSP §2.2.1: if several directives have the same name, the first counts.
    fn parse(text: &'p str) -> Self {
        let mut directives: Vec<(String, Vec<_>)> = Vec::new();
        for directive in text.split(';') {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else {
                continue;
            };
            let is_known = directives.iter().any(|(known, _)| *known == name);
            if !is_known && !REPORTS.contains(&name.as_str()) {
                directives.push((name, words.map(Into::into).collect()));
            }
        }
        Self(directives)
    }

    fn written(&self) -> String {
        let directives = self.0.iter().map(|(name, values)| {
            let values = values.iter().map(|value| format!(" {value}"));
            format!("{name}{}", values.collect::<String>())
        });
        directives.collect::<Vec<_>>().join("; ")
    }

    /// Where the platform permits its own host, permits this host too.
    fn know_own_host(&mut self, origins: Origins<'_>) {
        for (_, sources) in &mut self.0 {
            let own: Vec<_> = sources
                .iter()
                .filter_map(|s| own_source(s, origins))
                .collect();
            for source in own {
                if !sources.iter().any(|known| *known == source) {
                    sources.push(source.into());
                }
            }
        }
    }

    fn admit_banner(&mut self, own: &str) {
        // A hash beside `'unsafe-inline'` would switch that off for the page's own scripts (CSP §6.7.3.2).
        if self.governing(&SCRIPTS).is_some_and(|s| !permits_inline(s)) {
            self.permit(&SCRIPTS, "script-src", banner::hash());
        }
        let is_open = |sources: &[Cow<'_, str>]| {
            let is = |source: &Cow<'_, str>| source == "*" || source.eq_ignore_ascii_case("'self'");
            sources.iter().any(is)
        };
        // Not to `form-action`, because then HTML without a script could end the session.
        let connections = self.governing(&CONNECTIONS);
        if connections.is_some_and(|sources| !is_open(sources)) {
            for path in ["session", "end"] {
                let address = format!("{own}/.support-console/{path}");
                self.permit(&CONNECTIONS, "connect-src", &address);
            }
        }
    }

    /// The sources that apply, from the first of `lists` that is present.
    fn governing(&self, lists: &[&str]) -> Option<&[Cow<'p, str>]> {
        let of = |list: &&str| self.0.iter().find(|(name, _)| name == list);
        lists
            .iter()
            .find_map(of)
            .map(|(_, sources)| sources.as_slice())
    }

    /// Adds a source. If the applicable list has another name, copies it to `name` first, so that
    /// nothing else is permitted.
    fn permit(&mut self, lists: &[&str], name: &str, source: &str) {
        let of = |list: &&str| self.0.iter().position(|(known, _)| known == list);
        let Some(mut place) = lists.iter().find_map(of) else {
            return;
        };
        if self.0[place].0 == "default-src" {
            let sources = self.0[place].1.clone();
            self.0.push((name.to_owned(), sources));
            place = self.0.len() - 1;
        }
        let sources = &mut self.0[place].1;
        sources.retain(|source| !source.eq_ignore_ascii_case("'none'"));
        sources.push(source.to_owned().into());
    }

    fn runs_scripts(&self) -> bool {
        let sandbox = self.governing(&["sandbox"]);
        let allows = |flags: &[Cow<'_, str>]| {
            let mut flags = flags.iter();
            flags.any(|flag| flag.eq_ignore_ascii_case("allow-scripts"))
        };
        sandbox.is_none_or(allows)
    }
}

/// CSP §6.7.3.2 "Does a source list allow all inline behavior for type?"
fn permits_inline(sources: &[Cow<'_, str>]) -> bool {
    let mut permits = false;
    for source in sources {
        let source = source.to_ascii_lowercase();
        if is_nonce_or_hash(&source) || source == "'strict-dynamic'" {
            return false;
        }
        permits |= source == "'unsafe-inline'";
    }
    permits
}

/// CSP §2.3.1. Browsers ignore an incomplete one, such as `'nonce-'`.
fn is_nonce_or_hash(source: &str) -> bool {
    let kinds = ["'nonce-", "'sha256-", "'sha384-", "'sha512-"];
    let value = kinds.iter().find_map(|kind| source.strip_prefix(kind));
    let Some(value) = value.and_then(|value| value.strip_suffix('\'')) else {
        return false;
    };
    let digits = value.trim_end_matches('=');
    let is_digit = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    !digits.is_empty() && value.len() - digits.len() <= 2 && digits.chars().all(is_digit)
}

/// The same source at the session's host, if it is one of the upstream (CSP §2.3.1 `host-source`).
fn own_source(source: &str, origins: Origins<'_>) -> Option<String> {
    let (scheme, rest) = source.split_once("://").unwrap_or(("", source));
    let lower = scheme.to_ascii_lowercase();
    let web = match lower.as_str() {
        "ws" => "http",
        "" | "wss" => "https",
        other => other,
    };
    let url = Url::parse(&format!("{web}://{}", rest.replacen(":*", "", 1))).ok()?;
    if rest.starts_with('\'') || !origins.are_upstreams(&url) {
        return None;
    }
    let own = match lower.as_str() {
        "ws" | "wss" => origins.own.replacen("http", "ws", 1),
        _ => origins.own.to_owned(),
    };
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    Some(format!("{own}{path}"))
}

#[cfg(test)]
mod tests;
