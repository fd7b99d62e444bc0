//! Static files that a browser may cache while the support session lasts, if the upstream's own
//! answer allows it (RFC 9111).
//!
//! All other answers of a session's host are `no-store`. A static file is a part of a page that
//! can't be opened as a page, has a type that fits its use, and is the same for everybody.

use app::domain::Timestamp;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{headers::only, judge::CanonicalRequest, ports::KnownSession};

const DEST: &str = "sec-fetch-dest";
const SITE: &str = "sec-fetch-site";

/// How a page uses a file, and the types that fit (Fetch §2.2.7, HTML §"script", CSS, MIME Sniffing).
const USES: [(&str, &[&str]); 4] = [
    (
        "script",
        &[
            "text/javascript",
            "application/javascript",
            "application/x-javascript",
            "text/ecmascript",
            "application/ecmascript",
        ],
    ),
    ("style", &["text/css"]),
    (
        "font",
        &[
            "font/",
            "application/font-",
            "application/x-font-",
            "application/vnd.ms-fontobject",
        ],
    ),
    ("image", &["image/"]),
];

/// The fields by which an answer may vary and still be the same for everybody.
const IMPERSONAL: [&str; 5] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "origin",
    "user-agent",
];

/// Fields of an answer that is personal, or a download.
const NOT_STATIC: [header::HeaderName; 3] = [
    header::SET_COOKIE,
    header::PRAGMA,
    header::CONTENT_DISPOSITION,
];

/// For how many seconds the browser may keep the answer to `request`: never beyond the session's end.
pub(crate) fn lifetime(
    request: &CanonicalRequest,
    session: &KnownSession,
    at: Timestamp,
    (status, answer): (StatusCode, &HeaderMap),
) -> Option<i64> {
    if !is_static(request, (status, answer)) {
        return None;
    }
    let ends = session.limits.idle_ends_at.into_iter();
    let end = ends.fold(session.expires_at, Timestamp::min);
    let seconds = fresh_for(answer)?.min((end - at).num_seconds());
    (seconds > 0).then_some(seconds)
}

/// Whether the answer says of a static file only that it is unchanged, and not for how long. The browser then keeps what it has
/// (RFC 9111 §4.3.4) and asks again the next time.
pub(crate) fn is_unchanged(
    request: &CanonicalRequest,
    (status, answer): (StatusCode, &HeaderMap),
) -> bool {
    status == StatusCode::NOT_MODIFIED
        && !answer.contains_key(header::CACHE_CONTROL)
        && is_static(request, (status, answer))
}

fn is_static(request: &CanonicalRequest, (status, answer): (StatusCode, &HeaderMap)) -> bool {
    let Some(types) = used_types(request) else {
        return false;
    };
    let fits = match only(answer, header::CONTENT_TYPE) {
        Some(value) => is_one_of(types, value),
        // The cached answer has a type, and this says that it is unchanged (RFC 9110 §15.4.5).
        None => {
            let is_condition = request.headers.contains_key(header::IF_NONE_MATCH)
                || request.headers.contains_key(header::IF_MODIFIED_SINCE);
            let says_nothing = !answer.contains_key(header::CONTENT_TYPE);
            status == StatusCode::NOT_MODIFIED && is_condition && says_nothing
        }
    };
    matches!(status, StatusCode::OK | StatusCode::NOT_MODIFIED)
        && fits
        && !NOT_STATIC.iter().any(|name| answer.contains_key(name))
        && is_impersonal(answer)
}

/// Lets the browser, but no shared cache, keep an answer for this many seconds.
pub(crate) fn allow(answer: &mut HeaderMap, seconds: i64) {
    let kept = format!("private, max-age={seconds}, must-revalidate");
    if let Ok(kept) = HeaderValue::try_from(kept) {
        answer.insert(header::CACHE_CONTROL, kept);
    }
}

/// The types that fit the use for which a page of the session's host requests this, if that is a
/// use of static files.
fn used_types(request: &CanonicalRequest) -> Option<&'static [&'static str]> {
    let headers = &request.headers;
    let is_of_page = only(headers, SITE).is_some_and(|site| site == "same-origin");
    if request.method != Method::GET || !is_of_page || headers.contains_key(header::RANGE) {
        return None;
    }
    let dest = only(headers, DEST)?;
    let used = USES.iter().find(|(name, _)| dest == name);
    used.map(|(_, types)| *types)
}

fn is_one_of(types: &[&str], value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let fits = |known: &&str| match known.ends_with(['/', '-']) {
        true => essence.starts_with(known),
        false => essence == *known,
    };
    // A list of types doesn't count.
    !text.contains(',') && types.iter().any(fits)
}

/// Whether the answer is the same for every client (RFC 9110 §12.5.5).
fn is_impersonal(answer: &HeaderMap) -> bool {
    let mut fields = answer.get_all(header::VARY).iter();
    fields.all(|field| {
        let mut names = field.to_str().unwrap_or("*").split(',').map(str::trim);
        names.all(|name| {
            name.is_empty()
                || IMPERSONAL
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
        })
    })
}

/// How many seconds the upstream's answer is still fresh, if caches may store it (RFC 9111 §3,
/// §4.2). The shortest of several `max-age` counts.
fn fresh_for(answer: &HeaderMap) -> Option<i64> {
    let mut fresh: Option<i64> = None;
    for field in answer.get_all(header::CACHE_CONTROL) {
        for directive in directives(field.to_str().ok()?)? {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" | "private" => return None,
                "max-age" => {
                    let seconds = seconds(value.trim().trim_matches('"'))?;
                    fresh = Some(fresh.map_or(seconds, |other| other.min(seconds)));
                }
                _ => {}
            }
        }
    }
    let age = match answer.contains_key(header::AGE) {
        true => seconds(only(answer, header::AGE)?.to_str().ok()?)?,
        false => 0,
    };
    fresh.map(|fresh| fresh - age)
}

/// Whole seconds (RFC 9111 §1.2.2). Too large a number becomes the largest.
fn seconds(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(i64::MAX / 4))
}

/// The directives of a field. A comma within quotes does not separate (RFC 9110 §5.6.4). An open
/// quote makes the field unreadable.
fn directives(field: &str) -> Option<Vec<&str>> {
    let (mut found, mut begin) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in field.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                found.push(&field[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.push(&field[begin..]);
    (!quoted).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_answer_is_fresh_for_as_long_as_every_cache_may_believe() {
        for (fields, fresh) in [
            (
                &[("cache-control", "public, max-age=60, immutable")][..],
                Some(60),
            ),
            (&[("cache-control", "MAX-AGE=60")], Some(60)),
            (&[("cache-control", "max-age=\"60\"")], Some(60)),
            (&[("cache-control", "max-age=60"), ("age", "50")], Some(10)),
            (&[("cache-control", "max-age=60, max-age=5")], Some(5)),
            (
                &[("cache-control", "ext=\"no-store, x\", max-age=60")],
                Some(60),
            ),
            (&[("cache-control", "public, immutable")], None),
            (&[("cache-control", "s-maxage=60")], None),
            (
                &[
                    ("cache-control", "max-age=60"),
                    ("cache-control", "no-store"),
                ],
                None,
            ),
            (&[("cache-control", "max-age=60, No-Cache")], None),
            (
                &[("cache-control", "max-age=60, private=\"set-cookie\"")],
                None,
            ),
            (&[("cache-control", "max-age=60, private =x")], None),
            (&[("cache-control", "max-age=60, x=\"no-store")], None),
            (&[("cache-control", "max-age=-1")], None),
            (&[("cache-control", "max-age=+60")], None),
            (&[("cache-control", "max-age=60"), ("age", "x")], None),
            (
                &[("cache-control", "max-age=60"), ("age", "1"), ("age", "1")],
                None,
            ),
            (&[("expires", "Thu, 01 Jan 2099 00:00:00 GMT")], None),
            (&[], None),
        ] {
            assert_eq!(fresh_for(&answer(fields)), fresh, "{fields:?}");
        }
        let long = answer(&[("cache-control", "max-age=99999999999999999999")]);
        assert!(fresh_for(&long).is_some_and(|fresh| fresh > 1 << 40));
    }

    #[test]
    fn an_answer_that_varies_with_the_person_is_for_nobody() {
        for (vary, impersonal) in [
            ("Accept-Encoding", true),
            ("accept-encoding,Origin,", true),
            ("Cookie", false),
            ("Accept-Encoding, Authorization", false),
            ("Support-Tenant", false),
            ("*", false),
            ("X-Anything", false),
        ] {
            assert_eq!(
                is_impersonal(&answer(&[("vary", vary)])),
                impersonal,
                "{vary}"
            );
        }
    }
}
