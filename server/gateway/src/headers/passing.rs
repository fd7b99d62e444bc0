//! Names of request fields: those that never pass, those that pass by default, and those without
//! which a request means something else.

use http::HeaderName;

use super::{HOP_BY_HOP, OURS};

/// These never pass, even if the configuration names them: credentials, fields that we set or
/// derive, and fields that would make the upstream see another request than we checked.
const NEVER: [&str; 26] = [
    "authorization",
    "content-transfer-encoding",
    "cookie",
    "cookie2",
    "destination",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "proxy",
    "x-access-token",
    "x-api-key",
    "x-auth-token",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-uri",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// Those of them that are sent with most requests.
const EXPECTED_TO_STAY: [&str; 7] = [
    "authorization",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "x-real-ip",
];

/// Fields of programs that pass by default.
const DEFAULT_ALLOWED: [&str; 51] = [
    "accept",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "accept-language",
    "baggage",
    "cache-control",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "digest",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-schedule-tag-match",
    "if-unmodified-since",
    "last-event-id",
    "origin",
    "pragma",
    "prefer",
    "range",
    "repr-digest",
    "save-data",
    "soapaction",
    "traceparent",
    "tracestate",
    "trailer",
    "tus-resumable",
    "upload-checksum",
    "upload-complete",
    "upload-concat",
    "upload-defer-length",
    "upload-draft-interop-version",
    "upload-incomplete",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "user-agent",
    "want-content-digest",
    "want-digest",
    "want-repr-digest",
    "x-upload-content-length",
    "x-upload-content-type",
];

/// Prefixes of names that a page of the platform may not send either: what proxies say about a
/// client, which some upstreams believe, and fields of the browser's connection to us.
const NOT_OF_PAGES: [&str; 87] = [
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
    "x-auth-request-",
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
    "x-goog-",
    "x-host",
    "x-http-destination",
    "x-http-host",
    "x-https",
    "x-invoke-",
    "x-jwt",
    "x-matched-path",
    "x-middleware-",
    "x-ms-client-principal",
    "x-ms-copy",
    "x-nf-",
    "x-now-",
    "x-original-",
    "x-originating-",
    "x-pomerium-",
    "x-proxy",
    "x-proxy-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
    "x-script-name",
    "x-sendfile",
    "x-ssl-",
    "x-tls-",
    "x-user-",
    "x-vercel-",
    "x-vouch-",
    "x-webauth-",
    "z-forwarded",
];
/// And whole names of that kind.
const NOT_OF_PAGES_EITHER: [&str; 15] = [
    "date",
    "eppn",
    "max-forwards",
    "purpose",
    "via",
    "x-authorization",
    "x-email",
    "x-groups",
    "x-jwt",
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

/// Parts of the names of fields from which servers read a tenant, a person, a client's address or a
/// credential. From a page they pass only if the configuration lists them, best as a selector,
/// which is judged.
const NAMING_SOMEONE: [&str; 32] = [
    "access-key",
    "access-token",
    "act-as",
    "api-key",
    "apikey",
    "as-user",
    "auth-key",
    "client-ip",
    "clientip",
    "credential",
    "forwarded",
    "gitlab-token",
    "id-token",
    "impersonat",
    "job-token",
    "on-behalf",
    "org-id",
    "organisation",
    "organization",
    "orgid",
    "password",
    "private-token",
    "real-ip",
    "remote-user",
    "run-as",
    "secret",
    "session-token",
    "sudo",
    "tenant",
    "userinfo",
    "username",
    "vault-token",
];

/// Prefixes of names that say how to understand a body, or under which condition to carry out the
/// request.
const MEANING: [&str; 6] = [
    "content-",
    "if-",
    "tus-",
    "upload-",
    "x-content-range",
    "x-upload-content-",
];
/// And whole names of that kind.
const MEANING_TOO: [&str; 4] = ["digest", "if", "repr-digest", "soapaction"];

/// The request fields of programs that pass by default.
pub(crate) fn default_allowed() -> Vec<HeaderName> {
    DEFAULT_ALLOWED.map(HeaderName::from_static).to_vec()
}

/// Whether a request field is never passed on.
pub(crate) fn is_never_passed(name: &HeaderName) -> bool {
    let text = name.as_str();
    NEVER.contains(&text)
        || HOP_BY_HOP.contains(&text)
        || OURS.contains(name)
        || text.starts_with("support-")
        // Fields that name a second path, which nobody judges.
        || text.contains("copy-source")
        || text.contains("copy-from")
        // Look-alikes: CGI-like upstreams read '_' and '.' as '-' (RFC 3875 §4.1.18).
        || text.contains(['_', '.'])
}

/// Whether a session's record names a dropped field. It doesn't name those that clients and proxies
/// send with most requests, because nobody misses them.
pub(super) fn is_missed(name: &HeaderName) -> bool {
    let text = name.as_str();
    !HOP_BY_HOP.contains(&text)
        && !OURS.contains(name)
        && !EXPECTED_TO_STAY.contains(&text)
        && !text.starts_with("x-forwarded-")
}

/// Whether a field that a page of the platform has sent passes.
pub(super) fn is_of_pages(name: &HeaderName) -> bool {
    let text = name.as_str();
    // Some readers read any unknown character as '-'.
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_plain
        && !is_never_passed(name)
        && !NOT_OF_PAGES.iter().any(|begin| text.starts_with(begin))
        && !NOT_OF_PAGES_EITHER.contains(&text)
        && !NAMING_SOMEONE.iter().any(|part| text.contains(part))
}

/// Whether a request means something else without this field.
pub(super) fn is_meaning(name: &HeaderName) -> bool {
    let text = name.as_str();
    MEANING.iter().any(|begin| text.starts_with(begin)) || MEANING_TOO.contains(&text)
}
