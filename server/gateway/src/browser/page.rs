//! The page for people at a session's host: one sentence and a link back.

use app::domain::RequestId;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::headers;

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;\
                     padding:0 1.5rem}small{color:GrayText}:root{color-scheme:light dark}";

/// Headers of every response of ours at a session's host: never stored, never a referrer, never
/// framed.
pub(super) const FIELDS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
];

/// The page, named by its status.
pub(crate) fn page(
    status: StatusCode,
    detail: &str,
    console: &str,
    request_id: RequestId,
) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or("Refused");
    titled(status, title, detail, console, request_id)
}

/// A page with its own title. The title must be ours.
pub(super) fn titled(
    status: StatusCode,
    title: &'static str,
    detail: &str,
    console: &str,
    request_id: RequestId,
) -> Response<Full<Bytes>> {
    let (detail, console) = (escaped(detail), escaped(console));
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} · Support Console</title>\
         <style>{STYLE}</style><main><h1>{title}</h1><p>{detail}</p>\
         <p><a href=\"{console}/support/sessions\">Back to Support Console</a></p>\
         <p><small>Request {request_id}</small></p></main></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let header = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    header.insert(header::CONTENT_TYPE, html);
    for (name, value) in FIELDS {
        header.insert(name, HeaderValue::from_static(value));
    }
    headers::set_request_id(header, request_id);
    response
}

/// Text escaped for HTML, including attributes in double quotes.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_can_not_become_markup() {
        let written = escaped("<a href=\"x\">&</a>");
        assert_eq!(written, "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }
}
