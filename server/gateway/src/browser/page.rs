//! Pages for people at a session's host: what was refused, what to do, and links back.

use app::domain::RequestId;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;

use crate::headers;

/// The colours of the product, in light and dark, with at least 4.5:1 for text.
const STYLE: &str = ":root{color-scheme:light dark}*{box-sizing:border-box}body{margin:0;padding:12vh 1rem;\
    background:light-dark(oklch(97% .004 262),oklch(16% .012 262));\
    color:light-dark(oklch(24% .02 262),oklch(95% .006 262));font:1rem/1.5 system-ui,sans-serif}\
    main{max-width:36rem;margin:auto;padding:1.5rem;border:1px solid light-dark(oklch(88% .008 262),\
    oklch(34% .014 262));border-inline-start:.25rem solid light-dark(oklch(49% .18 26),oklch(62% .19 26));\
    border-radius:.5rem;background:light-dark(#fff,oklch(20.5% .013 262));overflow-wrap:anywhere}\
    h1{margin:0 0 .5rem;font-size:1.25rem}a{color:light-dark(oklch(50% .17 264),oklch(74% .12 264))}\
    button{font:inherit;min-height:2.75rem;padding:0 1rem}nav{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;margin-block:1rem}\
    small{color:light-dark(oklch(43% .02 262),oklch(80% .012 262))}";

/// Headers of each response of ours at a session's host: not stored, no referrer, not framed.
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

/// Where a person can go from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WayOut {
    /// The console's origin.
    pub(crate) console: String,
    /// The path of the previous page, if it is at the session's host.
    pub(crate) back: Option<String>,
}

impl WayOut {
    /// From a request at the session's host with this origin.
    pub(crate) fn of(client: &HeaderMap, console: &str, origin: &str) -> Self {
        let from = headers::only(client, header::REFERER);
        let from = from.and_then(|from| from.to_str().ok()?.strip_prefix(origin));
        // One slash: two would lead to another host.
        let path = from.filter(|path| path.starts_with('/') && !path[1..].starts_with(['/', '\\']));
        Self {
            console: console.to_owned(),
            back: path.map(ToOwned::to_owned),
        }
    }
}

/// What was refused or has failed, named by its status.
pub(crate) fn refusal(
    status: StatusCode,
    (code, detail): (&'static str, &str),
    way_out: &WayOut,
    request_id: RequestId,
) -> Response<Full<Bytes>> {
    let sentences = [detail].into_iter().chain(advice(code));
    let id = request_id.to_string();
    let mut response = refused(status, code, sentences, way_out, Some(&id));
    headers::set_request_id(response.headers_mut(), request_id);
    response
}

/// The page for a refusal of the console itself.
pub struct RefusalPage(WayOut);

impl RefusalPage {
    /// For the sender of a request to the console with this origin.
    pub fn of(client: &HeaderMap, console: &str) -> Self {
        Self(WayOut::of(client, console, console))
    }

    /// The response. The sentences say what was refused, and what to do.
    pub fn write(
        &self,
        status: StatusCode,
        code: &str,
        sentences: &[String],
        request_id: Option<&str>,
    ) -> Response<Full<Bytes>> {
        let sentences = sentences.iter().map(String::as_str);
        refused(status, code, sentences, &self.0, request_id)
    }
}

fn refused<'a>(
    status: StatusCode,
    code: &str,
    sentences: impl Iterator<Item = &'a str>,
    way_out: &WayOut,
    request_id: Option<&str>,
) -> Response<Full<Bytes>> {
    let title = status.canonical_reason().unwrap_or("Refused");
    let back = match &way_out.back {
        Some(path) => format!("<a href=\"{}\">Back to the last page</a>", escaped(path)),
        None => String::new(),
    };
    let sentences = sentences.map(|sentence| format!("<p>{}</p>", escaped(sentence)));
    let text = format!(
        "{}<nav>{back}{}</nav><p><small>Code <code>{code}</code>{}</small></p>",
        sentences.collect::<String>(),
        to_console(&way_out.console),
        request_id.map_or_else(String::new, |id| format!(" · Request {}", escaped(id))),
    );
    written(status, title, &text)
}

/// A page with its own title. The title must be ours.
pub(super) fn titled(
    status: StatusCode,
    title: &'static str,
    detail: &str,
    console: &str,
    request_id: RequestId,
) -> Response<Full<Bytes>> {
    let text = format!(
        "<p>{}</p><nav>{}</nav><p><small>Request {request_id}</small></p>",
        escaped(detail),
        to_console(console)
    );
    let mut response = written(status, title, &text);
    headers::set_request_id(response.headers_mut(), request_id);
    response
}

/// Asks whether to end the session, for pages whose own policy prevents their banner from ending
/// it.
pub(super) fn end(console: &str, request_id: RequestId) -> Response<Full<Bytes>> {
    let text = format!(
        "<p>Ends it in every browser, and for its access token.</p>\
         <form method=\"post\" action=\"/.support-console/end\"><button>End now</button></form>\
         <nav>{}</nav><p><small>Request {request_id}</small></p>",
        to_console(console)
    );
    let title = "End the support session?";
    let mut response = written(StatusCode::OK, title, &text);
    headers::set_request_id(response.headers_mut(), request_id);
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    );
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn to_console(console: &str) -> String {
    let console = escaped(console);
    format!("<a href=\"{console}/support/sessions\">Back to Support Console</a>")
}

/// What a person can do about a refusal.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "out_of_scope" | "upgrade_refused" => {
            "If you need this, create a support session with a scope that allows it. The page that led \
             here may show an error of its own."
        }
        "wrong_tenant" | "wrong_organization" | "organization_not_confinable" => {
            "This support session is for one tenant. Go back to a page of it."
        }
        "ambiguous_path" | "malformed_request" => {
            "The address or the form can't be sent on as it is. Go back and try another way."
        }
        "no_upstream" => "No server is configured for this address.",
        "wrong_host" => "Open the tenant again in Support Console.",
        "session_expired" | "session_revoked" | "budget_exhausted" => {
            "Create a new support session in Support Console, and open the tenant again."
        }
        "rate_limited" | "too_many_at_once" | "overloaded" | "rules_differ" => {
            "Nothing was sent to the platform. Wait a moment, then reload this page."
        }
        // What happened to the request is said above.
        "record_unavailable" => "Wait a moment, then reload this page.",
        "wrong_origin" => "Open the page from a page of this tenant, in a tab of its own.",
        "upstream_failed" | "upstream_timeout" => {
            "The platform did not answer. Whether it has done something is not known."
        }
        _ => return None,
    })
}

fn written(status: StatusCode, title: &'static str, text: &str) -> Response<Full<Bytes>> {
    let text = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} · Support Console</title>\
         <style>{STYLE}</style><main><h1>{title}</h1>{text}</main></html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let header = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    header.insert(header::CONTENT_TYPE, html);
    for (name, value) in FIELDS {
        header.insert(name, HeaderValue::from_static(value));
    }
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
    fn the_way_back_leads_to_the_same_host_alone() {
        for (referer, back) in [
            ("https://s-a.example/x?y=\"z", Some("/x?y=\"z")),
            ("https://s-a.example/", Some("/")),
            ("https://s-a.example", None),
            ("https://s-a.example//evil.example/", None),
            ("https://s-a.example/\\evil.example/", None),
            ("https://s-a.example.evil/", None),
            ("https://s-a.example@evil/", None),
            ("https://evil.example/", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::REFERER, HeaderValue::from_static(referer));
            let way_out = WayOut::of(&headers, "https://console", "https://s-a.example");
            assert_eq!(way_out.back.as_deref(), back, "{referer}");
        }
    }

    #[test]
    fn a_sentence_can_not_become_markup() {
        let written = escaped("<a href=\"x\">&</a>");
        assert_eq!(written, "&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;");
    }
}
