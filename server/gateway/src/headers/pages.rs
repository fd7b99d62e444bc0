//! Which request fields of the platform's pages pass: all but some kinds.

use http::HeaderName;

use super::{
    may_be_ours,
    meaning::meaning_of,
    passing::{DEFAULT_ALLOWED, is_unsafe},
};

/// Prefixes of names that a page of the platform may not send either: what proxies say about a
/// client, which some upstreams believe, and fields of the browser's connection to us.
const NOT_OF_PAGES: [&str; 86] = [
    "access-control-",
    "akamai-",
    "api-key",
    "apikey",
    "cdn-loop",
    "cf-",
    "client-cert",
    "client-ip",
    "client-verify",
    "dd-",
    "fastly-",
    "fly-",
    "forwarded",
    "front-end-https",
    "incap-",
    "iv-",
    "oam-",
    "oidc-",
    "proxy-",
    "remote-",
    "sec-fetch-",
    "sec-purpose",
    "sec-websocket-",
    "shib",
    "sm-",
    "ssl-",
    "tailscale-",
    "teleport-",
    "tls-",
    "true-client-",
    "wl-",
    "x-accel-",
    "x-akamai-",
    "x-amzn-",
    "x-anonymous-consumer",
    "x-apigateway-",
    "x-appengine-",
    "x-arr-",
    "x-auth-",
    "x-authenticated-",
    "x-authentik-",
    "x-aws-",
    "x-azure-",
    "x-client-cert",
    "x-client-dn",
    "x-client-ip",
    "x-client-s-dn",
    "x-client-san",
    "x-client-subject",
    "x-client-verify",
    "x-cluster-client-",
    "x-consumer-",
    "x-credential",
    "x-endpoint-",
    "x-envoy-",
    "x-forwarded",
    "x-goog-auth",
    "x-goog-iam-",
    "x-goog-iap-",
    "x-goog-jwt",
    "x-goog-request-params",
    "x-host-",
    "x-http-destination",
    "x-http-host",
    "x-invoke-",
    "x-jwt",
    "x-matched-path",
    "x-middleware-",
    "x-ms-client-principal",
    "x-ms-copy",
    "x-nf-",
    "x-now-",
    "x-originating-",
    "x-pomerium-",
    "x-proxy",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
    "x-script-name",
    "x-sendfile",
    "x-ssl-",
    "x-tls-",
    "x-vercel-",
    "x-vouch-",
    "x-webauth-",
    "z-forwarded",
];
/// And whole names of that kind.
const NOT_OF_PAGES_EITHER: [&str; 16] = [
    "date",
    "eppn",
    "max-forwards",
    "purpose",
    "via",
    "x-authorization",
    "x-email",
    "x-groups",
    "x-host",
    "x-https",
    "x-moz",
    "x-roles",
    "x-scheme",
    "x-url-scheme",
    "x-user",
    "x-username",
];

/// Names that platforms commonly use for a customer. Such a field of a page passes, because it may
/// also mean something else. `gateway check` warns of it.
const CUSTOMARY: [&str; 16] = [
    "x-account",
    "x-account-id",
    "x-company-id",
    "x-customer",
    "x-customer-id",
    "x-org",
    "x-org-id",
    "x-organization-id",
    "x-project-id",
    "x-realm",
    "x-site-id",
    "x-team-id",
    "x-tenant",
    "x-tenant-id",
    "x-workspace",
    "x-workspace-id",
];

/// The common names for a customer that pass from pages.
pub(crate) fn customary_of_pages() -> impl Iterator<Item = HeaderName> {
    let names = CUSTOMARY.map(HeaderName::from_static).into_iter();
    names.filter(is_of_pages)
}

/// Parts of the names of fields from which servers read a tenant, a person, a client's address, a
/// credential or another target. From a page they pass only if the configuration lists them, best as
/// a selector, which is judged.
const NAMING_SOMEONE: [&str; 28] = [
    "access-key",
    "access-token",
    "api-key",
    "apikey",
    "auth-key",
    "client-ip",
    "clientip",
    "credential",
    "forwarded",
    "gitlab-token",
    "impersonat",
    "on-behalf",
    "org-id",
    "organisation",
    "organization",
    "orgid",
    "password",
    "private-token",
    "real-ip",
    "remote-user",
    "secret",
    "session-token",
    "tenant",
    "userinfo",
    "username",
    "vault-token",
    "x-original-",
    "x-user-",
];

/// And whole words of such names: in other words they mean nothing (`pseudo`, `grid-token`).
const NAMING_SOMEONE_AS_WORDS: [&str; 6] = [
    "act-as",
    "as-user",
    "id-token",
    "job-token",
    "run-as",
    "sudo",
];
/// Last words of names that say how something looks or which file it was. No server reads from such
/// a field who or whose it is (`X-Tenant-Theme`, `X-Password-Reset`, `X-Original-Filename`).
const LOOKS: [&str; 23] = [
    "agent", "color", "colors", "colour", "expiry", "filename", "height", "hint", "lang",
    "language", "layout", "length", "locale", "logo", "palette", "policy", "reset", "rules",
    "size", "strength", "theme", "timezone", "width",
];

/// Whether a field that a page of the platform has sent passes.
pub(super) fn is_of_pages(name: &HeaderName) -> bool {
    let text = name.as_str();
    match read_by_cgi(name) {
        // CGI-like servers read it as another field, which must be a page's own too.
        Some(other) => {
            !may_be_ours(name)
                && !DEFAULT_ALLOWED.contains(&other.as_str())
                && meaning_of(&other).is_none()
                && is_of_pages(&other)
        }
        None => {
            // Some readers read any unknown character as '-'.
            let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            is_plain
                && !is_unsafe(name)
                && !NOT_OF_PAGES.iter().any(|begin| text.starts_with(begin))
                && !NOT_OF_PAGES_EITHER.contains(&text)
                && (!names_someone(text) || is_about_looks(text))
        }
    }
}

/// The field that CGI-like servers take a name with '_' for (RFC 3875 §4.1.18).
pub(super) fn read_by_cgi(name: &HeaderName) -> Option<HeaderName> {
    let other = name.as_str().replace('_', "-");
    (other != name.as_str())
        .then(|| other.parse().ok())
        .flatten()
}

fn names_someone(name: &str) -> bool {
    let has_words = |words: &&str| {
        let mut found = name.match_indices(*words);
        found.any(|(at, _)| {
            let ends = at + words.len();
            let begins = at == 0 || name.as_bytes()[at - 1] == b'-';
            begins && name.as_bytes().get(ends).is_none_or(|b| *b == b'-')
        })
    };
    NAMING_SOMEONE.iter().any(|part| name.contains(part))
        || NAMING_SOMEONE_AS_WORDS.iter().any(has_words)
}

fn is_about_looks(name: &str) -> bool {
    let last = name.rsplit('-').next().unwrap_or_default();
    LOOKS.contains(&last) || name.ends_with("-file-name")
}
