//! Compresses answers, unless another site may have caused the request.
//!
//! An attacker who makes a signed-in browser send many requests, and sees the lengths of the
//! answers, can guess the content of a page that repeats a part of its address (BREACH). See
//! `docs/decisions/0026-compressed-for-those-who-asked.md`.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, USER_AGENT, VARY},
};
use tower_http::{
    CompressionLevel,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, Predicate, SizeAbove},
    },
};

use super::same_origin::{SEC_FETCH_SITE, SameOrigin};

/// In bytes. A smaller answer fits into one packet as it is.
const LEAST: u64 = 1024;
/// The level of Brotli (to 11) and gzip (to 9). The demo's overview is an eighth smaller than at
/// Brotli's 4, for a third more time. Higher levels gain little.
const LEVEL: i32 = 6;

/// For pages, their server functions and their downloads.
pub(crate) fn for_own_pages(routes: Router, own: SameOrigin) -> Router {
    compressed(routes, Some(own))
}

/// For programs, whose keys no other site can make a browser send.
pub(crate) fn for_programs(routes: Router) -> Router {
    compressed(routes, None)
}

fn compressed(routes: Router, own: Option<SameOrigin>) -> Router {
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Precise(LEVEL))
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(LEAST)));
    routes
        .layer(compression)
        .layer(from_fn_with_state(own, negotiate))
}

async fn negotiate(
    State(own): State<Option<SameOrigin>>,
    mut request: Request,
    next: Next,
) -> Response {
    let is_head = request.method() == Method::HEAD;
    let may_compress = own.as_ref().is_none_or(|own| may_compress(own, &request));
    let headers = request.headers_mut();
    // The layer would answer 406 if it knows none of the codings, even to an act that was done.
    if !may_compress || !["br", "gzip"].iter().any(|name| accepts(headers, name)) {
        headers.remove(ACCEPT_ENCODING);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_head {
        // GET may be answered with another length.
        headers.remove(CONTENT_LENGTH);
    }
    let varies = match own {
        Some(_) => "accept-encoding, sec-fetch-site",
        None => "accept-encoding",
    };
    // A handler's own words stay. The compression has put its own beside them.
    let is_ours = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"accept-encoding");
    let all = headers
        .get_all(VARY)
        .into_iter()
        .filter(|value| !is_ours(value));
    let others: Vec<_> = all.cloned().collect();
    headers.insert(VARY, HeaderValue::from_static(varies));
    for other in others {
        headers.append(VARY, other);
    }
    response
}

/// Whether a person or one of our pages made the request, and the answer has nothing that is shown
/// only once.
fn may_compress(own: &SameOrigin, request: &Request) -> bool {
    let headers = request.headers();
    let is_asked = if headers.contains_key(SEC_FETCH_SITE) {
        SameOrigin::has_asked(headers)
    } else {
        // An old browser. Programs have no cookie that another site could use.
        own.has_linked(headers) || !is_browser(headers)
    };
    is_asked && !shows_once(request)
}

/// Browsers of all makers use this name.
fn is_browser(headers: &HeaderMap) -> bool {
    let mut names = headers.get_all(USER_AGENT).iter();
    names.any(|name| name.as_bytes().windows(8).any(|part| part == b"Mozilla/"))
}

/// Whether the answer has a flash, which may hold a new token.
fn shows_once(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    query.split('&').any(|pair| pair.starts_with("flash="))
}

/// Whether a content coding is named without being refused (RFC 9110 §12.5.3).
pub(crate) fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| {
            let mut parts = item.split(';').map(str::trim);
            let is_named = parts
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let is_refused = parts.any(|parameter| {
                let weight = parameter.split_once('=');
                let weight = weight.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
                weight.is_some_and(|(_, q)| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0))
            });
            is_named && !is_refused
        })
}

#[cfg(test)]
mod tests;
