//! Names of request fields: those that never pass, and those of programs that pass by default.

use http::HeaderName;

use super::{HOP_BY_HOP, OURS};

/// These never pass, even if the configuration names them: credentials, fields that we set or
/// derive, and fields that would make the upstream see another request than we checked.
const NEVER: [&str; 24] = [
    "authorization",
    "cookie",
    "cookie2",
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

/// Fields of programs that pass by default. The families are of metadata that is stored with an object and
/// means nothing to the server. Those of containers and accounts also set keys, quotas and access.
pub(super) const DEFAULT_ALLOWED: [&str; 97] = [
    "accept",
    "accept-charset",
    "accept-datetime",
    "accept-encoding",
    "accept-language",
    "accept-version",
    "api-version",
    "baggage",
    "cache-control",
    "connect-accept-encoding",
    "connect-content-encoding",
    "connect-protocol-version",
    "connect-timeout-ms",
    "content-digest",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-md5",
    "content-range",
    "content-type",
    "depth",
    "digest",
    "dry-run",
    "grpc-accept-encoding",
    "grpc-encoding",
    "grpc-timeout",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-schedule-tag-match",
    "if-unmodified-since",
    "last-event-id",
    "link",
    "lock-token",
    "odata-maxversion",
    "odata-version",
    "origin",
    "overwrite",
    "pragma",
    "prefer",
    "range",
    "repr-digest",
    "save-data",
    "slug",
    "soapaction",
    "timeout",
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
    "x-amz-content-sha256",
    "x-amz-decoded-content-length",
    "x-amz-meta-*",
    "x-api-version",
    "x-bz-info-*",
    "x-chunk-index",
    "x-cos-meta-*",
    "x-dry-run",
    "x-goog-hash",
    "x-goog-meta-*",
    "x-goog-resumable",
    "x-goog-upload-command",
    "x-goog-upload-file-name",
    "x-goog-upload-header-content-length",
    "x-goog-upload-header-content-type",
    "x-goog-upload-offset",
    "x-goog-upload-protocol",
    "x-idempotency-key",
    "x-ms-blob-content-type",
    "x-ms-blob-type",
    "x-ms-meta-*",
    "x-ms-page-write",
    "x-ms-range",
    "x-ms-write",
    "x-object-meta-*",
    "x-obs-meta-*",
    "x-oss-meta-*",
    "x-upload-content-length",
    "x-upload-content-type",
    "x-upload-offset",
];

/// Parts of names of fields that name a second path, which nobody judges.
const SECOND_PATHS: [&str; 5] = [
    "copy-from",
    "copy-source",
    "object-manifest",
    "rename-source",
    "symlink-target",
];

/// The request fields of programs that pass by default.
pub(crate) fn default_allowed() -> Vec<HeaderName> {
    DEFAULT_ALLOWED.map(HeaderName::from_static).to_vec()
}

/// Whether a request field is never passed on.
pub(crate) fn is_never_passed(name: &HeaderName) -> bool {
    let text = name.as_str();
    is_unsafe(name)
        // Look-alikes: CGI-like upstreams read '_' and '.' as '-' (RFC 3875 §4.1.18).
        || text.contains(['_', '.'])
}

pub(super) fn is_unsafe(name: &HeaderName) -> bool {
    let text = name.as_str();
    NEVER.contains(&text)
        || HOP_BY_HOP.contains(&text)
        || OURS.contains(name)
        || text.starts_with("support-")
        || names_second_path(text)
}

/// Whether a field names a second path, which nobody judges. Takes the name in small letters.
pub(super) fn names_second_path(name: &str) -> bool {
    name == "destination" || SECOND_PATHS.iter().any(|part| name.contains(part))
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
