//! Injects the banner into pages that do not include it: one script element, before anything else
//! that a page loads, while the page streams through.
//!
//! Finding the first element of a document needs HTML's own tokenizer, because a comment may
//! contain anything. `html5gum` implements the standard without dependencies. Our own code would
//! copy a part of it, and a full HTML rewriter would be more than we need. The start of a page is
//! held back until its first element has arrived. The rest passes without being parsed.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use html5gum::{
    Tokenizer,
    emitters::default::{DefaultEmitter, StartTag, Token},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::{Body, Frame, SizeHint};

use crate::{
    body::{BodyError, NextFrame, Relay, Relayed},
    headers,
};

/// How many bytes of a page are held back while its first element is searched. A page that begins
/// with longer comments passes unchanged.
const MAX_HELD: usize = 16 * 1024;

/// Prefixes of names of encodings in which tags are ASCII, and nothing else looks like a tag. The
/// page's own `<meta>` needs no check, because it can't name another kind of encoding.
const ENCODINGS: [&str; 6] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "iso-8859-",
    "windows-125",
    "latin1",
];

/// Headers about the bytes that are changed (RFC 9110 §8.6, §8.8.3, §14.3; RFC 9530).
const ABOUT_BYTES: [&str; 7] = [
    "content-length",
    "etag",
    "accept-ranges",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
];

/// Whether a request loads a page in a tab, by a link or a form, and so gets a banner (Fetch
/// Metadata §2.1).
pub(crate) fn is_wanted(method: &Method, client: &HeaderMap) -> bool {
    let dest = headers::only(client, "sec-fetch-dest");
    *method != Method::HEAD && dest.is_some_and(|dest| dest == "document")
}

/// Asks the upstream for an uncompressed page.
pub(crate) fn ask(headers: &mut HeaderMap) {
    let identity = HeaderValue::from_static("identity");
    headers.insert(header::ACCEPT_ENCODING, identity);
    // A partial or unmodified page can't get a banner, so the whole page is requested.
    for name in [header::RANGE, header::IF_RANGE] {
        headers.remove(name);
    }
}

/// Whether a response is shown as a page.
pub(crate) fn is_page(status: StatusCode, headers: &HeaderMap) -> bool {
    let has_page = !status.is_informational()
        && !status.is_redirection()
        && ![
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::PARTIAL_CONTENT,
        ]
        .contains(&status);
    let content_type = headers.get(header::CONTENT_TYPE);
    let is_html = content_type.is_some_and(|value| {
        let value = value.as_bytes().to_ascii_lowercase();
        value.starts_with(b"text/html") || value.starts_with(b"application/xhtml+xml")
    });
    has_page && is_html && !is_download(headers)
}

/// The injector of an element for a page, if the page can be changed. Adapts its header accordingly.
pub(crate) fn into_page(
    headers: &mut HeaderMap,
    element: impl FnOnce() -> String,
) -> Option<Injector> {
    let says_encoding = says_encoding(headers)?;
    if is_encoded(headers) || must_not_change(headers) {
        return None;
    }
    for name in ABOUT_BYTES {
        headers.remove(HeaderName::from_static(name));
    }
    Some(Injector::of(element(), says_encoding))
}

/// Whether the page's header names its encoding. `None` if the page can't be read.
fn says_encoding(headers: &HeaderMap) -> Option<bool> {
    let content_type = headers.get(header::CONTENT_TYPE)?;
    let content_type = content_type.to_str().ok()?;
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let is_html = parts.next() == Some("text/html");
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    let charset = charset.map(|name| name.trim_matches('"'));
    let can_be_read = |name: &str| ENCODINGS.iter().any(|known| name.starts_with(known));
    (is_html && charset.is_none_or(can_be_read)).then_some(charset.is_some())
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_download(headers: &HeaderMap) -> bool {
    let disposition = headers.get(header::CONTENT_DISPOSITION);
    disposition.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"inline"))
}

/// RFC 9111 §5.2.2.6. Call it with the upstream's own header.
fn must_not_change(headers: &HeaderMap) -> bool {
    let directives = headers.get_all(header::CACHE_CONTROL).iter();
    directives
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// Injects the banner into a page as it passes. If it fails, the page passes unchanged.
pub(crate) struct Injector {
    element: String,
    /// Whether the page's header names its encoding. Otherwise browsers look for it in the first
    /// 1024 bytes (HTML §13.2.3.2), which the element must not use up.
    says_encoding: bool,
    /// The beginning of the page, until its first element is there.
    held: BytesMut,
    is_done: bool,
}

impl Injector {
    pub(super) fn of(element: String, says_encoding: bool) -> Self {
        Self {
            element,
            says_encoding,
            held: BytesMut::new(),
            is_done: false,
        }
    }

    /// The part of a page that can be passed on after `piece`.
    pub(crate) fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.is_done {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        // A tag can't end without one of these.
        if piece.contains(&b'>')
            && let Place::Here(place) = place(&self.held, self.says_encoding)
        {
            return self.put(place);
        }
        match self.held.len() > MAX_HELD {
            true => self.end(),
            false => Bytes::new(),
        }
    }

    pub(crate) fn end(&mut self) -> Bytes {
        if !self.is_done
            && let Place::HereOrLater(place) = place(&self.held, self.says_encoding)
        {
            return self.put(place);
        }
        self.is_done = true;
        self.held.split().freeze()
    }

    fn put(&mut self, place: usize) -> Bytes {
        self.is_done = true;
        let rest = self.held.split_off(place);
        self.held.extend_from_slice(self.element.as_bytes());
        self.held.unsplit(rest);
        self.held.split().freeze()
    }
}

/// Where the banner goes in a page.
enum Place {
    Here(usize),
    /// Behind the element that names the page's encoding, if one follows.
    HereOrLater(usize),
    Unknown,
}

/// The banner's place, once it is known: first in the head, or, without a written head, before the
/// element that opens it implicitly (HTML §13.2.6.4.3). If only the page names its encoding, behind
/// the element that does.
fn place(page: &[u8], says_encoding: bool) -> Place {
    let mut head = None;
    let mut emitter = DefaultEmitter::<usize>::new_with_span();
    // A title contains text, not tags.
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        match (tag.name.as_slice(), head) {
            (b"head", None) if says_encoding => return Place::Here(tag.span.end),
            (b"head", None) => head = Some(tag.span.end),
            (b"meta", Some(_)) if is_encoding(&tag) => return Place::Here(tag.span.end),
            (b"html", None) | (b"meta" | b"title" | b"link" | b"base", Some(_)) => {}
            (_, Some(place)) => return Place::Here(place),
            (_, None) => return Place::Here(tag.span.start),
        }
    }
    head.map_or(Place::Unknown, Place::HereOrLater)
}

fn is_encoding(meta: &StartTag<usize>) -> bool {
    let is_content_type = |value: &[u8]| value.eq_ignore_ascii_case(b"content-type");
    let equiv = meta.attributes.get(b"http-equiv".as_slice());
    meta.attributes.contains_key(b"charset".as_slice())
        || equiv.is_some_and(|value| is_content_type(value))
}

/// A page with the banner in it.
pub(crate) type WithBanner<B> = Relayed<B, Injecting>;

pub(crate) struct Injecting {
    injector: Injector,
    /// The frame after the last bytes of the page.
    last: Option<Frame<Bytes>>,
    has_ended: bool,
}

impl<B> WithBanner<B> {
    pub(crate) fn new(page: B, injector: Injector) -> Self {
        let relay = Injecting {
            injector,
            last: None,
            has_ended: false,
        };
        Self { relay, inner: page }
    }
}

impl<B> Relay<B> for Injecting
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    fn poll(&mut self, page: &mut B, cx: &mut Context<'_>) -> NextFrame {
        loop {
            if self.has_ended {
                return Poll::Ready(self.last.take().map(Ok));
            }
            let frame = ready!(Pin::new(&mut *page).poll_frame(cx)).transpose();
            let frame = match frame {
                Ok(frame) => frame,
                // The held bytes don't matter, because the page will never look complete.
                Err(error) => {
                    self.has_ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            let bytes = match frame.map(Frame::into_data) {
                Some(Ok(data)) => self.injector.pass(data),
                trailers => {
                    self.has_ended = true;
                    self.last = trailers.and_then(Result::err);
                    self.injector.end()
                }
            };
            if !bytes.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }

    fn is_over(&self, _: &B) -> bool {
        self.has_ended && self.last.is_none()
    }

    fn length(&self, _: &B) -> SizeHint {
        // The length of the banner is not known before it is injected.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
