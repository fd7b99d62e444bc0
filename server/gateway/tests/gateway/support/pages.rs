//! A platform's answers to a browser: pages and cookies, and everything that it should not send.

use std::{fmt::Write, net::SocketAddr};

/// A page without a stated length.
pub(crate) const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Invoices</title></head></html>\n";

/// The answer to a request for a path that ends so, if it is one of these. `head` is the request's.
pub(super) fn answer(last: &str, head: &str, address: SocketAddr) -> Option<String> {
    if let Some(host) = last.strip_prefix("moved-to-") {
        let fields = format!("Location: https://{host}/next?a=b\r\nContent-Length: 0\r\n");
        return Some(format!("HTTP/1.1 302 X\r\n{fields}\r\n"));
    }
    if let Some(domain) = last.strip_prefix("cookies-for-") {
        let fields = format!("Set-Cookie: for={domain}; Domain={domain}; Path=/\r\n");
        return Some(format!(
            "HTTP/1.1 200 X\r\n{fields}Content-Length: 0\r\n\r\n"
        ));
    }
    if last == "as-asked" {
        return Some(as_asked(head));
    }
    let (status, fields, body) = match last {
        "login" => {
            let fields = "Set-Cookie: sid=platform-secret; Path=/; HttpOnly; Secure; SameSite=Lax\r\n\
                          Set-Cookie: strict=1; Path=/; SameSite=Strict\r\n\
                          Set-Cookie: wide=1; Path=/; Domain=0.1\r\n\
                          Set-Cookie: other=1; Path=/; Domain=console.example.com\r\n\
                          Set-Cookie: suffix=1; Path=/; Domain=com\r\n";
            (200, fields.to_owned(), String::new())
        }
        "csrf" => {
            let fields = "Set-Cookie: csrftoken=t0ken; Path=/; Max-Age=600; SameSite=Strict\r\n\
                          Set-Cookie: sid=hush; Path=/; HttpOnly\r\n";
            (200, fields.to_owned(), String::new())
        }
        "like-ours" => {
            let fields = "Set-Cookie: __Host-support-session=theirs; Path=/; Secure\r\n\
                          Set-Cookie: __Host-support-entry=theirs; Path=/; Secure\r\n";
            (200, fields.to_owned(), String::new())
        }
        "many-cookies" => {
            let mut fields = format!("Set-Cookie: huge={}; Path=/\r\n", "x".repeat(9000));
            for number in 0..150 {
                let _ = write!(
                    fields,
                    "Set-Cookie: c{number}={}; Path=/\r\n",
                    "x".repeat(300)
                );
            }
            (200, fields, String::new())
        }
        "hostile" => (200, HOSTILE.to_owned(), String::new()),
        "mirror" => (200, String::new(), head.to_owned()),
        "own-address" => {
            let fields = format!(
                "Location: http://{address}/v1/tenants/acme/next?a=b\r\n\
                 Link: <http://{address}/a.css>; rel=preload\r\n"
            );
            (302, fields, String::new())
        }
        "page" => (200, HTML.to_owned(), PAGE.to_owned()),
        "page-strict" => (200, format!("{HTML}{STRICT}"), PAGE.to_owned()),
        "page-gzip" => (
            200,
            format!("{HTML}Content-Encoding: gzip\r\n"),
            PAGE.to_owned(),
        ),
        "page-part" => (206, HTML.to_owned(), PAGE.to_owned()),
        _ => return None,
    };
    let length = body.len();
    Some(format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    ))
}

/// Status and fields as the request's `X-Answer` wants them: `200 OK|Content-Type: text/css`.
fn as_asked(head: &str) -> String {
    let wanted = head
        .lines()
        .find_map(|line| line.strip_prefix("x-answer: "));
    let wanted = wanted.expect("what to answer").replace('|', "\r\n");
    match wanted.starts_with("304") {
        true => format!("HTTP/1.1 {wanted}\r\n\r\n"),
        false => format!("HTTP/1.1 {wanted}\r\nContent-Length: 2\r\n\r\nok"),
    }
}

const HTML: &str = "Content-Type: text/html; charset=utf-8\r\nETag: \"1\"\r\n";

const STRICT: &str = "Content-Security-Policy: script-src 'nonce-abc' 'strict-dynamic'\r\n\
    Content-Security-Policy: default-src 'none'; form-action 'none'\r\n\
    Content-Security-Policy-Report-Only: script-src 'none'\r\n";

const HOSTILE: &str = "Cache-Control: public, max-age=31536000\r\n\
    Access-Control-Allow-Origin: https://evil.example\r\n\
    Access-Control-Allow-Credentials: true\r\n\
    Timing-Allow-Origin: *\r\n\
    Cross-Origin-Resource-Policy: cross-origin\r\n\
    Alt-Svc: h2=\"evil.example:443\"\r\n\
    Clear-Site-Data: \"*\"\r\n\
    Service-Worker-Allowed: /\r\n\
    Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\
    NEL: {\"report_to\":\"x\",\"max_age\":9}\r\n\
    Report-To: {\"group\":\"x\"}\r\n\
    WWW-Authenticate: Basic realm=\"x\"\r\n\
    Set-Cookie: a=b\r\n";
