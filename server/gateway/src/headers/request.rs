//! Filters and extends a request's header for the upstream, or for a handler.

use std::{collections::HashSet, fmt};

use app::domain::{RequestId, access_log::Refusal};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use http_body::Frame;

use super::{
    family::Family,
    insert_identity, list,
    meaning::{chooses, meaning_of},
    named_by_connection, only,
    pages::{is_of_pages, read_by_cgi},
    passing::{is_missed, is_never_passed},
};
use crate::{
    judge::Denied,
    ports::KnownSession,
    token::{credential_holds_token, holds_token},
};

/// Who wrote a request's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A program with a token. Its fields pass by an allow-list.
    Program,
    /// A page of the platform, or the browser that shows it. Its fields pass by a deny-list.
    Page,
}

/// The `Authorization` that an upstream gets.
#[derive(Clone, Default)]
pub(crate) enum UpstreamAuthorization {
    /// None.
    #[default]
    Nothing,
    /// Always this one, of ours.
    Ours(HeaderValue),
    /// The one that a page of the platform sends.
    Pages,
}

impl fmt::Debug for UpstreamAuthorization {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Ours(_) => "Ours",
            Self::Pages => "Pages",
        })
    }
}

/// How a request's header is filtered and extended.
#[derive(Debug, Clone)]
pub(crate) struct RequestHeaders {
    allowed: HashSet<HeaderName>,
    families: Vec<Family>,
    authorization: UpstreamAuthorization,
}

impl RequestHeaders {
    pub(crate) fn new(
        allowed: impl IntoIterator<Item = HeaderName>,
        mut authorization: UpstreamAuthorization,
    ) -> Self {
        let mut allowed: HashSet<_> = allowed.into_iter().collect();
        let families = allowed.iter().filter_map(Family::named);
        let families = families.filter(Family::is_narrow).collect();
        allowed.retain(|name| !is_never_passed(name));
        // The upstream needs it to find the end of a body.
        allowed.insert(header::CONTENT_LENGTH);
        if let UpstreamAuthorization::Ours(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Self {
            allowed,
            families,
            authorization,
        }
    }

    /// Whether the upstream gets the `Authorization` of the platform's pages.
    pub(crate) const fn passes_authorization(&self) -> bool {
        matches!(self.authorization, UpstreamAuthorization::Pages)
    }

    /// Whether a field of this name is forwarded.
    fn passes_name(&self, sender: Sender, name: &HeaderName) -> bool {
        let of_page = || {
            let read_as = read_by_cgi(name);
            // Fields that the configuration lists are judged or expected in their own spelling.
            is_of_pages(name) && !read_as.is_some_and(|other| self.allowed.contains(&other))
        };
        self.allowed.contains(name)
            || self.families.iter().any(|family| family.has(name))
            || (sender == Sender::Page && of_page())
    }

    /// Whether a field is forwarded. Not if it holds a token of ours.
    fn passes(&self, sender: Sender, name: &HeaderName, value: &HeaderValue) -> bool {
        self.passes_name(sender, name) && !holds_token(value.as_bytes())
    }

    /// Checks that a request means the same without the fields that don't pass, and without the
    /// trailers that it announces.
    ///
    /// # Errors
    ///
    /// The field that says how to understand its body, or under which condition it applies.
    pub(crate) fn check_meaning(
        &self,
        sender: Sender,
        method: &Method,
        client: &HeaderMap,
    ) -> Result<(), Denied> {
        let named = named_by_connection(client);
        let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
        let only_reads = only_reads && !has_body(client);
        let meaning = |name: &HeaderName| match only_reads {
            true => chooses(name).then_some("what it is about"),
            false => meaning_of(name),
        };
        let passes = |name: &HeaderName| self.passes_name(sender, name) && !named.contains(name);
        let announced = list(client, &header::TRAILER).filter_map(|name| name.parse().ok());
        let mut names = client.keys().cloned().chain(announced);
        let missing = names.find_map(|name| {
            let meaning = meaning(&name)?;
            (!passes(&name)).then_some((meaning, name))
        });
        let Some((meaning, name)) = missing else {
            return Ok(());
        };
        let what = match is_never_passed(&name) {
            true => "Leave it out.",
            false => "Leave it out, or have gateway.request_headers_add name it.",
        };
        let detail = format!(
            "Without its field {name} the request would mean something else, because it says {meaning}, and \
             the field doesn't pass. {what}"
        );
        Err(Denied::new(Refusal::MalformedRequest, detail))
    }

    /// The dropped fields that somebody could miss, except those that browsers add.
    pub(crate) fn left_out(&self, sender: Sender, client: &HeaderMap) -> Vec<HeaderName> {
        let names = client.keys().filter(|name| is_missed(name));
        let names = names.filter(|name| !self.passes_name(sender, name));
        let names = names.filter(|name| match sender {
            Sender::Program => true,
            Sender::Page => !name.as_str().starts_with("sec-"),
        });
        names.cloned().collect()
    }

    /// The header that the upstream gets for a request of `session`.
    pub(crate) fn forwarded(
        &self,
        (sender, client): (Sender, &HeaderMap),
        session: &KnownSession,
        request_id: RequestId,
        host: &HeaderValue,
    ) -> HeaderMap {
        let named = named_by_connection(client);
        let mut headers = HeaderMap::with_capacity(client.len() + 12);
        for (name, value) in client {
            if self.passes(sender, name, value) && !named.contains(name) {
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
        if let Some(value) = self.authorization_from(sender, client) {
            headers.insert(header::AUTHORIZATION, value);
        }
        insert_identity(&mut headers, session, request_id);
        headers
    }

    /// Whether the upstream may ask a person for a credential. Not if it gets ours.
    pub(crate) const fn asks_people(&self) -> bool {
        !matches!(self.authorization, UpstreamAuthorization::Ours(_))
    }

    /// Admission refuses a token of ours beside a browser's cookie, and two fields.
    fn authorization_from(&self, sender: Sender, client: &HeaderMap) -> Option<HeaderValue> {
        match (&self.authorization, sender) {
            (UpstreamAuthorization::Ours(value), _) => Some(value.clone()),
            (UpstreamAuthorization::Pages, Sender::Page) => {
                let mut value = only(client, header::AUTHORIZATION)?.clone();
                value.set_sensitive(true);
                (!credential_holds_token(&value)).then_some(value)
            }
            _ => None,
        }
    }

    /// Removes from a request's header what handlers behind the layer don't get.
    pub(crate) fn retain_for_handlers(&self, header: &mut HeaderMap) {
        let named = named_by_connection(header);
        let passes = |name: &HeaderName, value: &HeaderValue| {
            *name == header::HOST
                || (self.passes(Sender::Program, name, value) && !named.contains(name))
        };
        let others = header.iter().filter(|(name, value)| !passes(name, value));
        let others: Vec<_> = others.map(|(name, _)| name.clone()).collect();
        for name in others {
            header.remove(name);
        }
    }

    /// Removes from a request's trailers the fields that its header may not have.
    pub(crate) fn retain_trailers_of(&self, sender: Sender, frame: Frame<Bytes>) -> Frame<Bytes> {
        match frame.into_trailers() {
            Ok(trailers) => Frame::trailers(self.retain_trailers(sender, &trailers)),
            Err(frame) => frame,
        }
    }

    pub(super) fn retain_trailers(&self, sender: Sender, trailers: &HeaderMap) -> HeaderMap {
        let mut kept = HeaderMap::new();
        for (name, value) in trailers {
            if self.passes(sender, name, value) && *name != header::CONTENT_LENGTH {
                kept.append(name.clone(), value.clone());
            }
        }
        kept
    }
}

/// Whether a header announces a body.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    length.is_some_and(|length| length != "0") || headers.contains_key(header::TRANSFER_ENCODING)
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    list(headers, &header::TE).any(|item| item.eq_ignore_ascii_case("trailers"))
}
