//! What becomes of a request's header on its way to the upstream, or to a handler.

use std::collections::HashSet;

use app::domain::RequestId;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use http_body::Frame;

use super::{HOP_BY_HOP, OURS, insert_identity, list, named_by_connection};
use crate::{ports::KnownSession, token::holds_token};

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
        // Look-alikes: CGI-like upstreams read '_' and '.' as '-' (RFC 3875 §4.1.18).
        || text.contains(['_', '.'])
}

/// How a request's header is filtered and extended.
#[derive(Debug, Clone)]
pub(crate) struct RequestHeaders {
    allowed: HashSet<HeaderName>,
    /// Marked as sensitive: `Debug` does not show it.
    authorization: Option<HeaderValue>,
}

impl RequestHeaders {
    pub(crate) fn new(
        allowed: impl IntoIterator<Item = HeaderName>,
        authorization: Option<HeaderValue>,
    ) -> Self {
        let mut allowed: HashSet<_> = allowed.into_iter().collect();
        allowed.retain(|name| !is_never_passed(name));
        // Without it the upstream couldn't find the end of a body.
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

    /// Whether a field of a header or a trailer goes on. None that holds a token of ours does.
    fn passes(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        self.allowed.contains(name) && !holds_token(value.as_bytes())
    }

    /// The header that the upstream gets for a request of `session`.
    pub(crate) fn forwarded(
        &self,
        client: &HeaderMap,
        session: &KnownSession,
        request_id: RequestId,
        host: &HeaderValue,
    ) -> HeaderMap {
        let named = named_by_connection(client);
        let mut headers = HeaderMap::with_capacity(client.len() + 8);
        for (name, value) in client {
            if self.passes(name, value) && !named.contains(name) {
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
    pub(crate) fn retain_for_handlers(&self, header: &mut HeaderMap) {
        let named = named_by_connection(header);
        let passes = |name: &HeaderName, value: &HeaderValue| {
            *name == header::HOST || (self.passes(name, value) && !named.contains(name))
        };
        let others = header.iter().filter(|(name, value)| !passes(name, value));
        let others: Vec<_> = others.map(|(name, _)| name.clone()).collect();
        for name in others {
            header.remove(name);
        }
    }

    /// Removes from a request's trailers what its header may not have either.
    pub(crate) fn retain_trailers_of(&self, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_trailers() {
            Ok(trailers) => Frame::trailers(self.retain_trailers(trailers)),
            Err(frame) => frame,
        }
    }

    pub(super) fn retain_trailers(&self, trailers: HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        for (name, value) in &trailers {
            if self.passes(name, value) && *name != header::CONTENT_LENGTH {
                kept.append(name.clone(), value.clone());
            }
        }
        kept
    }
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    list(headers, &header::TE).any(|item| item.eq_ignore_ascii_case("trailers"))
}
