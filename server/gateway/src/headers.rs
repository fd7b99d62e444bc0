//! Which header fields pass, in either direction.
//!
//! Request fields pass by allow-list; credentials and our own names never do, whatever the list
//! says. Answer fields pass unless they belong to one connection (RFC 9110 §7.6.1).

use std::{collections::HashSet, fmt};

use app::domain::{RequestId, scopes::ScopeName};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::ports::KnownSession;

const SESSION: HeaderName = HeaderName::from_static("support-session");
const TENANT: HeaderName = HeaderName::from_static("support-tenant");
const ORGANIZATION: HeaderName = HeaderName::from_static("support-organization");
const STAFF: HeaderName = HeaderName::from_static("support-staff");
const SCOPES: HeaderName = HeaderName::from_static("support-scopes");
/// Signed for each request, given to the upstream alone.
pub(super) const IDENTITY: HeaderName = HeaderName::from_static(app::identity::HEADER);
/// Made by the gateway, given to upstream and client.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names that we set towards the upstream.
pub(super) const OURS: [HeaderName; 7] = [
    SESSION,
    TENANT,
    ORGANIZATION,
    STAFF,
    SCOPES,
    IDENTITY,
    REQUEST_ID,
];

/// Fields of one connection (RFC 9110 §7.6.1), in both directions.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Never passed on with a request, even where the configuration names them: credentials, fields that
/// we set or derive, and fields that would make the upstream see another request than we checked.
const NEVER: [&str; 21] = [
    "authorization",
    "cookie",
    "x-api-key",
    "x-auth-token",
    "x-access-token",
    "expect",
    "host",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-uri",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-real-ip",
    "content-transfer-encoding",
];

const DEFAULT_ALLOWED: [&str; 26] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "baggage",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-event-id",
    "origin",
    "pragma",
    "prefer",
    "range",
    "traceparent",
    "tracestate",
    "trailer",
    "user-agent",
];

/// The request fields that pass where the configuration does not list them.
pub(super) fn default_allowed() -> Vec<HeaderName> {
    DEFAULT_ALLOWED.map(HeaderName::from_static).to_vec()
}

/// Whether a request field is never passed on.
pub(super) fn is_never_passed(name: &HeaderName) -> bool {
    let text = name.as_str();
    NEVER.contains(&text)
        || HOP_BY_HOP.contains(&text)
        || OURS.contains(name)
        || text.starts_with("support-")
        // Look-alikes: CGI-like upstreams read '_' and '.' as '-' (RFC 3875 §4.1.18).
        || text.contains(['_', '.'])
}

/// What becomes of a request's header.
#[derive(Clone)]
pub(super) struct RequestHeaders {
    allowed: HashSet<HeaderName>,
    authorization: Option<HeaderValue>,
}

impl fmt::Debug for RequestHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHeaders")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl RequestHeaders {
    pub(super) fn new(
        allowed: impl IntoIterator<Item = HeaderName>,
        authorization: Option<HeaderValue>,
    ) -> Self {
        let mut allowed: HashSet<_> = allowed.into_iter().collect();
        allowed.retain(|name| !is_never_passed(name));
        // Without it the upstream could not tell where a body ends.
        allowed.insert(header::CONTENT_LENGTH);
        let authorization = authorization.map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self {
            allowed,
            authorization,
        }
    }

    /// The header that the upstream gets for a request of `session`.
    pub(super) fn forwarded(
        &self,
        client: &HeaderMap,
        session: &KnownSession,
        request_id: RequestId,
        host: &HeaderValue,
    ) -> HeaderMap {
        let named = named_by_connection(client);
        let mut headers = HeaderMap::with_capacity(client.len() + 8);
        for (name, value) in client {
            if self.allowed.contains(name) && !named.contains(name) {
                headers.append(name.clone(), value.clone());
            }
        }
        if client.contains_key(header::TRANSFER_ENCODING) {
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(
                header::TRANSFER_ENCODING,
                HeaderValue::from_static("chunked"),
            );
        }
        if takes_trailers(client) {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
        }
        headers.insert(header::HOST, host.clone());
        if let Some(value) = &self.authorization {
            headers.insert(header::AUTHORIZATION, value.clone());
        }
        insert_identity(&mut headers, session, request_id);
        headers
    }

    /// Removes from a request's header what handlers behind the layer don't get.
    pub(super) fn retain_for_handlers(&self, header: &mut HeaderMap) {
        let named = named_by_connection(header);
        let passes = |name: &HeaderName| {
            *name == header::HOST || (self.allowed.contains(name) && !named.contains(name))
        };
        let names: Vec<_> = header.keys().filter(|n| !passes(n)).cloned().collect();
        for name in names {
            header.remove(name);
        }
    }

    /// Removes from a request's trailers what its header may not have either.
    pub(super) fn retain_trailers(&self, trailers: HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        for (name, value) in &trailers {
            if self.allowed.contains(name) && *name != header::CONTENT_LENGTH {
                kept.append(name.clone(), value.clone());
            }
        }
        kept
    }
}

fn insert_identity(headers: &mut HeaderMap, session: &KnownSession, request_id: RequestId) {
    let scopes: Vec<_> = session.scopes.iter().map(ScopeName::as_str).collect();
    let mut identity = vec![
        (SESSION, session.id.to_string()),
        (TENANT, session.tenant_id.to_string()),
        (STAFF, session.staff_id.to_string()),
        (SCOPES, scopes.join(" ")),
        (REQUEST_ID, request_id.to_string()),
    ];
    if let Some(organization) = &session.organization_id {
        identity.push((ORGANIZATION, organization.to_string()));
    }
    for (name, text) in identity {
        // Identifiers and scopes are of an alphabet that every header can carry.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// Every identity field, empty where the session has no value: whoever sets them all leaves none of
/// the client's own in its place.
pub(super) fn identity(
    session: &KnownSession,
    request_id: RequestId,
    signed: HeaderValue,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(OURS.len());
    headers.insert(ORGANIZATION, HeaderValue::from_static(""));
    insert_identity(&mut headers, session, request_id);
    headers.insert(IDENTITY, signed);
    headers
}

/// The header that the client gets for an answer of the upstream. An identity that an upstream
/// echoes is left out: whoever has it could present it there.
pub(super) fn answered(upstream: &HeaderMap, request_id: RequestId) -> HeaderMap {
    let named = named_by_connection(upstream);
    let mut headers = HeaderMap::with_capacity(upstream.len() + 1);
    for (name, value) in upstream {
        if !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(name) && *name != IDENTITY {
            headers.append(name.clone(), value.clone());
        }
    }
    set_request_id(&mut headers, request_id);
    headers
}

/// The trailers that the client gets: none that frame a message or belong to its connection
/// (RFC 9110 §6.5.1), and none of ours.
pub(super) fn answered_trailers(mut upstream: HeaderMap) -> HeaderMap {
    for name in HOP_BY_HOP {
        upstream.remove(name);
    }
    for name in [
        header::CONTENT_LENGTH,
        header::HOST,
        header::SET_COOKIE,
        IDENTITY,
        REQUEST_ID,
    ] {
        upstream.remove(name);
    }
    upstream
}

/// Sets `X-Request-Id`.
pub(super) fn set_request_id(headers: &mut HeaderMap, request_id: RequestId) {
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
}

/// Whether a request asks to change the protocol.
pub(super) fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
        || headers.contains_key("http2-settings")
        || connection_says_upgrade(headers)
}

/// Whether `Connection` says that the protocol changes.
pub(super) fn connection_says_upgrade(headers: &HeaderMap) -> bool {
    named_by_connection(headers).contains(&header::UPGRADE)
}

/// Whether a request whose `Connection` was not relayed asks to change the protocol: the fields of
/// a WebSocket's opening handshake (RFC 6455 §4.1) tell it too.
pub(super) fn hints_at_upgrade(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    asks_for_upgrade(headers) || names.any(|name| name.starts_with("sec-websocket-"))
}

/// Whether a field could be taken for one of ours: CGI-like upstreams read '_' and '.' as '-'
/// (RFC 3875 §4.1.18).
pub(super) fn resembles_ours(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let plain = name.as_str().replace(['_', '.'], "-");
        plain != name.as_str() && (plain.contains("support-") || plain.ends_with("request-id"))
    })
}

/// Whether a field makes some upstreams take another target than the request line's.
pub(super) fn overrides_target(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| {
        let name = name.as_str().replace(['_', '.'], "-");
        matches!(name.as_str(), "x-original-url" | "x-rewrite-url")
    })
}

/// Whether `Connection` names a field that we set: a way to have the next hop drop it.
pub(super) fn connection_names_ours(headers: &HeaderMap) -> bool {
    let named = named_by_connection(headers);
    named
        .iter()
        .any(|name| OURS.contains(name) || *name == header::HOST || *name == header::AUTHORIZATION)
}

/// Whether a field asks the upstream to take another method than the request's own.
pub(super) fn overrides_method(headers: &HeaderMap) -> bool {
    const NAMES: [&str; 3] = [
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    ];
    headers.keys().any(|name| {
        let name = name.as_str().replace(['_', '.'], "-");
        NAMES.contains(&name.as_str())
    })
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    list(headers, &header::TE).any(|item| item.eq_ignore_ascii_case("trailers"))
}

fn named_by_connection(headers: &HeaderMap) -> HashSet<HeaderName> {
    list(headers, &header::CONNECTION)
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// The members of a list field (RFC 9110 §5.6.1).
fn list<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests;
