//! The banner in pages that do not include it themselves: one script element, before anything else
//! that a page loads, in the stream as it passes.
//!
//! Where the first element of a document begins is a question for HTML's own tokenizer: a comment may
//! hold anything. `html5gum` answers it as the standard does, and brings nothing else; own code would
//! be a copy of a part of it, and a whole rewriter of HTML more than is asked for. The beginning of a
//! page is held until its first element is there; what follows passes without being read.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use html5gum::{
    Tokenizer,
    emitters::default::{DefaultEmitter, Token},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use http_body::{Body, Frame, SizeHint};

use crate::{arrival::body::BodyError, headers};

/// What is put into a page. It obeys the platform's `Content-Security-Policy`, where `'self'` is
/// enough.
const SCRIPT: &str = r#"<script type="module" src="/.support-console/banner.js"></script>"#;

/// How much of a page is held while its first element is looked for, in bytes; one that begins with
/// longer comments passes as it is.
const MAX_HELD: usize = 16 * 1024;

/// The beginnings of encodings' names in which tags are written in ASCII, and nothing else looks like
/// them. What a page itself says of its encoding needs no look: no `meta` can name another kind.
const ENCODINGS: [&str; 6] = [
    "utf-8",
    "utf8",
    "us-ascii",
    "iso-8859-",
    "windows-125",
    "latin1",
];

/// Statements about the very bytes that are changed (RFC 9110 §8.6, §8.8.3, §14.3; RFC 9530).
const ABOUT_BYTES: [&str; 7] = [
    "content-length",
    "etag",
    "accept-ranges",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
];

/// Whether a request is for a page of its own, in which a banner belongs (Fetch Metadata §2.1): one
/// that a tab goes to, by a link or by a form.
pub(crate) fn is_wanted(method: &Method, client: &HeaderMap) -> bool {
    let dest = headers::only(client, "sec-fetch-dest");
    *method != Method::HEAD && dest.is_some_and(|dest| dest == "document")
}

/// Asks the upstream for a page that can be read.
pub(crate) fn ask(headers: &mut HeaderMap) {
    let identity = HeaderValue::from_static("identity");
    headers.insert(header::ACCEPT_ENCODING, identity);
    // A part of a page is none; the whole one is asked for, whatever was kept of it.
    for name in [header::RANGE, header::IF_RANGE] {
        headers.remove(name);
    }
}

/// What puts the banner into an answer, if it is a page that can be changed; its header is then fit
/// for that.
pub(crate) fn into_page(status: StatusCode, headers: &mut HeaderMap) -> Option<Injector> {
    let has_page = !status.is_informational()
        && !status.is_redirection()
        && ![
            StatusCode::NO_CONTENT,
            StatusCode::RESET_CONTENT,
            StatusCode::PARTIAL_CONTENT,
        ]
        .contains(&status);
    if !has_page
        || !is_readable_html(headers)
        || is_encoded(headers)
        || is_download(headers)
        || must_not_change(headers)
    {
        return None;
    }
    for name in ABOUT_BYTES {
        headers.remove(HeaderName::from_static(name));
    }
    Some(Injector::default())
}

fn is_readable_html(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let Some(content_type) = content_type.and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let content_type = content_type.to_ascii_lowercase();
    let mut parts = content_type.split(';').map(str::trim);
    let is_html = parts.next() == Some("text/html");
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    let charset = charset.map(|name| name.trim_matches('"'));
    is_html && charset.is_none_or(|name| ENCODINGS.iter().any(|known| name.starts_with(known)))
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

/// RFC 9111 §5.2.2.6. To be asked of the upstream's own header.
fn must_not_change(headers: &HeaderMap) -> bool {
    let directives = headers.get_all(header::CACHE_CONTROL).iter();
    directives
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-transform"))
}

/// Puts the banner into a page as it passes. It fails in one way only: the page passes as it is.
#[derive(Default)]
pub(crate) struct Injector {
    /// The beginning of the page, until its first element is there.
    held: BytesMut,
    is_done: bool,
}

impl Injector {
    /// What can be passed on of a page once `piece` has come.
    pub(crate) fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.is_done {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        // No tag has come to its end without one of these.
        if piece.contains(&b'>')
            && let Some(place) = place(&self.held)
        {
            self.is_done = true;
            let rest = self.held.split_off(place);
            self.held.extend_from_slice(SCRIPT.as_bytes());
            self.held.unsplit(rest);
            return self.held.split().freeze();
        }
        match self.held.len() > MAX_HELD {
            true => self.end(),
            false => Bytes::new(),
        }
    }

    /// What is left to be passed on.
    pub(crate) fn end(&mut self) -> Bytes {
        self.is_done = true;
        self.held.split().freeze()
    }
}

/// Where the banner belongs in a page that begins so, once that can be said: in the head before all
/// else, or, where none is written, before what opens it implicitly (HTML §13.2.6.4.3).
fn place(page: &[u8]) -> Option<usize> {
    let emitter = DefaultEmitter::<usize>::new_with_span();
    for token in Tokenizer::new_with_emitter(page, emitter) {
        let Ok(Token::StartTag(tag)) = token else {
            continue;
        };
        match tag.name.as_slice() {
            b"html" => {}
            b"head" => return Some(tag.span.end),
            _ => return Some(tag.span.start),
        }
    }
    None
}

/// A page with the banner in it.
pub(crate) struct WithBanner<B> {
    page: B,
    injector: Injector,
    /// What follows what was found at the end of the page.
    last: Option<Frame<Bytes>>,
    has_ended: bool,
}

impl<B> WithBanner<B> {
    pub(crate) fn new(page: B, injector: Injector) -> Self {
        Self {
            page,
            injector,
            last: None,
            has_ended: false,
        }
    }
}

impl<B> Body for WithBanner<B>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if self.has_ended {
                return Poll::Ready(self.last.take().map(Ok));
            }
            let frame = ready!(Pin::new(&mut self.page).poll_frame(cx)).transpose();
            let frame = match frame {
                Ok(frame) => frame,
                // What is still held does not matter: the page will never look complete.
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

    fn is_end_stream(&self) -> bool {
        self.has_ended && self.last.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        // How much the banner adds is not known before it is in.
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests;
