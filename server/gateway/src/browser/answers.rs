//! Adapts response headers for a browser, and refuses requests that no browser may make. So a page
//! of the platform acts only at its support session's host, only while the session lasts, and
//! leaves nothing behind.
//!
//! Everything else passes, especially the platform's `Content-Security-Policy`.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::{Position, Url};

/// Removed from each answer, with the reason.
const REMOVED: [&str; 24] = [
    // The jar holds these.
    "set-cookie",
    "set-cookie2",
    // Another server, or a script that outlives the session, would answer instead of the gateway
    // (RFC 7838; Service Workers §"Service-Worker-Allowed").
    "alt-svc",
    "service-worker-allowed",
    // It would sign the staff member out, or delete data of others (Clear Site Data §3.1).
    "clear-site-data",
    // Grants to other origins (Resource Timing §4.5.1), in addition to `Access-Control-*`.
    "timing-allow-origin",
    // A browser would remember these beyond the session. Whether this host requires TLS is not the
    // upstream's decision (RFC 6797, RFC 7469, RFC 8942, RFC 9163).
    "strict-transport-security",
    "public-key-pins",
    "public-key-pins-report-only",
    "expect-ct",
    "accept-ch",
    // Reports would reveal to others which addresses a staff member visits, without a record
    // (Reporting API, Network Error Logging). A policy that only reports protects nothing.
    "report-to",
    "reporting-endpoints",
    "nel",
    "content-security-policy-report-only",
    "cross-origin-opener-policy-report-only",
    "cross-origin-embedder-policy-report-only",
    // A prefetched page would be recorded although no one opened it (Speculation Rules).
    "speculation-rules",
    // It would ask the person for a password and make the browser send a second credential (RFC
    // 9110 §11.6).
    "www-authenticate",
    "authentication-info",
    // Caches that obey these ignore `Cache-Control` (RFC 9213, RFC 9111 §5.3, §5.4).
    "surrogate-control",
    "expires",
    "pragma",
    "age",
];

/// Prefixes of removed names: grants of CORS (Fetch §3.3).
const REMOVED_BY_PREFIX: [&str; 1] = ["access-control-"];
const REMOVED_BY_SUFFIX: [&str; 1] = ["cdn-cache-control"];

/// Set on each response, overriding the upstream's values.
const SET: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // No other site may show it (Fetch §3.7).
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // Other sites must not learn the addresses within a tenant.
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
];

/// The names of a session's host and its upstream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origins<'a> {
    /// The session's host, as browsers write it: `https://s-x.support.example.com`.
    pub(crate) own: &'a str,
    /// The upstream: `http://10.0.0.5:8080`, with the host that requests to it name.
    pub(crate) upstream: &'a str,
    /// Other names of the upstream.
    pub(crate) others: &'a [String],
}

impl Origins<'_> {
    /// Removes response headers that a browser may not get.
    pub(crate) fn answered(self, headers: &mut HeaderMap) {
        retain_harmless(headers);
        for (name, value) in SET {
            headers.insert(name, value);
        }
        rewrite(headers, leads, |text| self.own_address(text));
        rewrite(
            headers,
            |name| name == "hx-location",
            |text| self.own_path_in_json(text),
        );
        rewrite(
            headers,
            |name| name == "refresh",
            |text| self.own_refresh(text),
        );
        rewrite(
            headers,
            |name| name == "link",
            |text| Some(self.own_links(text)),
        );
    }

    /// `Origin`, `Referer` and what scripts send of that kind (`HX-Current-URL`) in the upstream's terms:
    /// for the upstream, a page of the session's host is a page of its own `Host`.
    pub(crate) fn forwarded(self, headers: &mut HeaderMap) {
        let is_own = headers.get(header::ORIGIN).is_some_and(|o| o == self.own);
        if is_own && let Ok(origin) = HeaderValue::from_str(self.upstream) {
            headers.insert(header::ORIGIN, origin);
        }
        let leads_back = |name: &str| name == "referer" || leads(name);
        rewrite(headers, leads_back, |text| {
            let rest = text.strip_prefix(self.own)?;
            let is_own = rest.is_empty() || rest.starts_with(['/', '?', '#']);
            is_own.then(|| format!("{}{rest}", self.upstream))
        });
    }

    /// The same address on the session's own host, if it is an address of the upstream. Relative
    /// addresses mean the same on both, and others stay unchanged.
    fn own_address(self, address: &str) -> Option<String> {
        let own = Url::parse(self.own).ok()?;
        let url = own.join(address.trim()).ok()?;
        let is_upstream = self.are_upstreams(&url) && url.origin() != own.origin();
        // The whole URL, not only the path: a path with two slashes would name a host.
        is_upstream.then(|| format!("{}{}", self.own, &url[Position::BeforePath..]))
    }

    /// Whether a URL is one of the upstream's.
    pub(super) fn are_upstreams(self, url: &Url) -> bool {
        let is_web = matches!(url.scheme(), "http" | "https");
        // An upstream may assume that it is behind TLS or not, so without a port both schemes
        // count.
        let is = |name: &str| {
            Url::parse(name).is_ok_and(|name| {
                url.host() == name.host()
                    && match name.port() {
                        Some(port) => url.port_or_known_default() == Some(port),
                        None => url.port().is_none(),
                    }
            })
        };
        let mut others = self.others.iter();
        is_web && (is(self.upstream) || others.any(|other| is(other)))
    }

    /// htmx: `{"path": "https://…", …}`.
    fn own_path_in_json(self, json: &str) -> Option<String> {
        let mut asked: serde_json::Map<_, _> = serde_json::from_str(json).ok()?;
        let path = asked.get_mut("path")?;
        *path = self.own_address(path.as_str()?)?.into();
        serde_json::to_string(&asked).ok()
    }

    /// `5; url=https://…` (HTML §"shared declarative refresh steps").
    fn own_refresh(self, refresh: &str) -> Option<String> {
        let (seconds, rest) = refresh.split_once([';', ','])?;
        let rest = rest.trim_start();
        let address = match rest.get(..3) {
            Some(url) if url.eq_ignore_ascii_case("url") => {
                rest[3..].trim_start().strip_prefix('=').unwrap_or(rest)
            }
            _ => rest,
        };
        let address = self.own_address(address.trim().trim_matches(['"', '\'']))?;
        Some(format!("{seconds}; url={address}"))
    }

    /// `<https://…>; rel=…, <…>` (RFC 8288 §3).
    fn own_links(self, links: &str) -> String {
        let mut rewritten = String::with_capacity(links.len());
        let mut rest = links;
        while let Some((before, (address, after))) = rest
            .split_once('<')
            .and_then(|(before, after)| Some((before, after.split_once('>')?)))
        {
            let own = self.own_address(address);
            rewritten.push_str(before);
            rewritten.push('<');
            rewritten.push_str(own.as_deref().unwrap_or(address));
            rewritten.push('>');
            rest = after;
        }
        rewritten.push_str(rest);
        rewritten
    }
}

/// Ends of the names of fields by which libraries of pages lead somewhere: `HX-Redirect`,
/// `Turbo-Location`, `X-PJAX-URL`.
const LEADING: [&str; 5] = ["-location", "-redirect", "-redirect-to", "-uri", "-url"];

/// Whether the value of a field is an address.
fn leads(name: &str) -> bool {
    matches!(name, "location" | "sourcemap" | "x-sourcemap")
        || LEADING.iter().any(|end| name.ends_with(end))
}

/// Replaces each value of these fields for which `to` returns another.
fn rewrite(
    headers: &mut HeaderMap,
    is_meant: impl Fn(&str) -> bool,
    to: impl Fn(&str) -> Option<String>,
) {
    for (_, value) in headers
        .iter_mut()
        .filter(|(name, _)| is_meant(name.as_str()))
    {
        let text = std::str::from_utf8(value.as_bytes()).ok();
        let other = text
            .and_then(&to)
            .and_then(|t| HeaderValue::try_from(t).ok());
        if let Some(other) = other {
            *value = other;
        }
    }
}

fn retain_harmless(headers: &mut HeaderMap) {
    let removed: Vec<_> = headers
        .keys()
        .filter(|name| {
            let name = name.as_str();
            REMOVED.contains(&name)
                || REMOVED_BY_PREFIX.iter().any(|p| name.starts_with(p))
                || REMOVED_BY_SUFFIX.iter().any(|s| name.ends_with(s))
        })
        .cloned()
        .collect();
    for name in removed {
        headers.remove(name);
    }
}

/// Why a browser's request is refused, whatever its scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotForBrowsers {
    /// Service Workers §"Service-Worker": every request for such a script has this header.
    #[error("Service workers are not allowed here: they would outlive the support session.")]
    ServiceWorker,
    /// Fetch §4.8. A page of the session's own host never needs to ask.
    #[error("Requests from other origins are not allowed here.")]
    Preflight,
}

/// Whether a browser asks for something that no page may have.
pub(crate) fn check(client: &HeaderMap) -> Result<(), NotForBrowsers> {
    let is_worker = client
        .get_all("sec-fetch-dest")
        .iter()
        .any(|dest| dest == "serviceworker");
    if is_worker || client.contains_key("service-worker") {
        return Err(NotForBrowsers::ServiceWorker);
    }
    let asks_for_grant = client
        .keys()
        .any(|name| name.as_str().starts_with("access-control-request-"));
    match asks_for_grant {
        true => Err(NotForBrowsers::Preflight),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
