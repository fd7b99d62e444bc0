//! Which header fields pass, in either direction.
//!
//! Request headers of programs pass by allow-list, those of pages in browsers by deny-list. Credentials
//! and our own names never pass, whatever the lists say. Response headers pass unless they belong to one connection (RFC 9110 §7.6.1).

mod asks;
mod family;
mod forwarding;
mod meaning;
mod pages;
mod passing;
mod request;

use std::collections::HashSet;

use app::domain::{RequestId, scopes::ScopeName};
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{self, AsHeaderName},
};

pub(crate) use self::{
    asks::{
        asks_for_others_only, asks_for_upgrade, connection_names_ours, connection_says_upgrade,
        hints_at_upgrade, may_be_ours, overrides_method, overrides_target, recodes_body,
        resembles_ours, without_upgrade,
    },
    family::Family,
    forwarding::{Came, Face},
    pages::customary_of_pages,
    passing::{default_allowed, is_never_passed},
    request::{RequestHeaders, Sender, UpstreamAuthorization},
};
use crate::ports::KnownSession;

const SESSION: HeaderName = HeaderName::from_static("support-session");
const TENANT: HeaderName = HeaderName::from_static("support-tenant");
const ORGANIZATION: HeaderName = HeaderName::from_static("support-organization");
const STAFF: HeaderName = HeaderName::from_static("support-staff");
const SCOPES: HeaderName = HeaderName::from_static("support-scopes");
/// Signed for each request, given to the upstream alone.
pub(crate) const IDENTITY: HeaderName = HeaderName::from_static(app::identity::HEADER);
/// Made by the gateway, given to upstream and client.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names that we set towards the upstream.
const OURS: [HeaderName; 7] = [
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
        // All characters of identifiers and scopes are valid in headers.
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}

/// All identity fields, empty if the session has no value. Setting all of them overwrites any that
/// the client sent.
pub(crate) fn identity(
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

/// The header that the client gets for an answer of the upstream. Leaves out our fields that an
/// upstream sets or echoes: a reader may believe that they are the gateway's, and someone with an
/// identity could present it upstream.
pub(crate) fn answered(upstream: &HeaderMap, request_id: RequestId) -> HeaderMap {
    let named = named_by_connection(upstream);
    let mut headers = HeaderMap::with_capacity(upstream.len() + 1);
    for (name, value) in upstream {
        if !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(name) && !may_be_ours(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    set_request_id(&mut headers, request_id);
    headers
}

/// As [`answered`], for an answer of a handler in this process, which has no connection yet.
pub(crate) fn answered_here(headers: &mut HeaderMap, request_id: RequestId) {
    remove_ours(headers);
    set_request_id(headers, request_id);
}

/// The response trailers for the client: none that frame a message or belong to its connection (RFC
/// 9110 §6.5.1), and none of ours.
pub(crate) fn answered_trailers(mut upstream: HeaderMap) -> HeaderMap {
    for name in HOP_BY_HOP {
        upstream.remove(name);
    }
    for name in [header::CONTENT_LENGTH, header::HOST, header::SET_COOKIE] {
        upstream.remove(name);
    }
    remove_ours(&mut upstream);
    upstream
}

fn remove_ours(headers: &mut HeaderMap) {
    let ours: Vec<_> = headers.keys().filter(|n| may_be_ours(n)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

pub(crate) fn set_request_id(headers: &mut HeaderMap, request_id: RequestId) {
    if let Ok(value) = HeaderValue::try_from(request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
}

fn named_by_connection(headers: &HeaderMap) -> HashSet<HeaderName> {
    list(headers, &header::CONNECTION)
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// The value of a field that is there exactly once.
pub(crate) fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// Whether a field is there more than once.
pub(crate) fn is_several(headers: &HeaderMap, name: impl AsHeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
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
