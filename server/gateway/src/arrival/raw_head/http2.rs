//! The head of an HTTP/2 request.
//!
//! The library itself resets a malformed stream (RFC 9113 §8.1.1): repeated, unknown or late
//! pseudo-headers, capital letters, CR, LF and NUL in headers, connection-specific headers, a body
//! whose length differs from `Content-Length`. Anything else that an HTTP/1.1 upstream could read
//! differently is a fault here. One thing can't be seen: a fragment in `:path`, which the library
//! drops first. The rest of the path is checked, recorded and forwarded.

use http::{HeaderMap, HeaderValue, header, request::Parts, uri::Scheme};

use super::{Framing, HeadFault, RawHead};
use crate::headers::is_several;

/// How many header fields a request may have, in either protocol.
pub(crate) const MAX_FIELDS: usize = 128;

/// And how many bytes they may have.
pub(crate) const MAX_FIELD_BYTES: usize = 64 * 1024;
/// How many more a field counts on HTTP/2 (RFC 9113 §6.5.2).
const MORE_PER_FIELD: usize = 32;

/// Fields that HTTP/2 does not have (RFC 9113 §8.2.2).
const CONNECTION_SPECIFIC: [&str; 5] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// The accepted values of `:scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schemes {
    /// The connection is TLS.
    Https,
    /// The connection has no TLS. A proxy that terminated TLS may name either.
    Either,
}

impl Schemes {
    fn allow(self, scheme: Option<&Scheme>) -> bool {
        match scheme {
            // Without `:authority` the library keeps no scheme.
            None => true,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) => self == Self::Either && *scheme == Scheme::HTTP,
        }
    }
}

impl RawHead {
    /// Judges an HTTP/2 head, and moves the host's name into `Host`.
    pub(crate) fn of_frames(parts: &mut Parts, schemes: Schemes) -> Self {
        let fault = field_fault(&parts.headers)
            .or_else(|| (!schemes.allow(parts.uri.scheme())).then_some(HeadFault::Scheme));
        let host = host(parts);
        if let Some(host) = &host {
            parts.headers.insert(header::HOST, host.clone());
        }
        let target = match parts.uri.path_and_query() {
            Some(target) => target.as_str(),
            None => parts.uri.authority().map_or("", |a| a.as_str()),
        };
        Self {
            method: parts.method.as_str().as_bytes().to_vec(),
            target: target.as_bytes().to_vec(),
            two_credentials: is_several(&parts.headers, header::AUTHORIZATION),
            fields: 0,
            framing: Framing::Unknown,
            fault: fault.or_else(|| host.is_none().then_some(HeadFault::Authority)),
        }
    }
}

/// The host's name: `:authority`, `Host`, or both if they are equal (RFC 9113 §8.3.1).
fn host(parts: &Parts) -> Option<HeaderValue> {
    let mut fields = parts.headers.get_all(header::HOST).iter();
    match (parts.uri.authority(), fields.next(), fields.next()) {
        (Some(authority), None, None) => HeaderValue::from_str(authority.as_str()).ok(),
        (Some(authority), Some(host), None) => host
            .as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
            .then(|| host.clone()),
        (None, Some(host), None) => Some(host.clone()),
        _ => None,
    }
}

fn field_fault(headers: &HeaderMap) -> Option<HeadFault> {
    let lengths = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    let bytes: usize = lengths.map(|length| length + MORE_PER_FIELD).sum();
    if headers.len() > MAX_FIELDS || bytes > MAX_FIELD_BYTES {
        return Some(HeadFault::TooManyFields);
    }
    if CONNECTION_SPECIFIC
        .iter()
        .any(|name| headers.contains_key(*name))
    {
        return Some(HeadFault::ConnectionField);
    }
    if headers.values().any(has_blanks_around) {
        return Some(HeadFault::Field);
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let is_number = length
        .is_none_or(|value| !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit));
    (!is_number || is_several(headers, header::CONTENT_LENGTH)).then_some(HeadFault::ContentLength)
}

/// RFC 9113 §8.2.1.
fn has_blanks_around(value: &HeaderValue) -> bool {
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    blank(bytes.first()) || blank(bytes.last())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(uri: &str, fields: &[(&'static str, &'static str)]) -> Parts {
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        for (name, value) in fields {
            parts.headers.append(*name, HeaderValue::from_static(value));
        }
        parts
    }

    fn fault(uri: &str, fields: &[(&'static str, &'static str)]) -> Option<HeadFault> {
        RawHead::of_frames(&mut parts(uri, fields), Schemes::Either).fault
    }

    #[test]
    fn the_host_is_what_authority_and_host_agree_on() {
        for (uri, fields, host) in [
            ("http://g:1/", &[][..], Some("g:1")),
            ("http://g/", &[("host", "G")], Some("G")),
            ("/", &[("host", "g")], Some("g")),
            ("http://g/", &[("host", "bolt")], None),
            ("http://g/", &[("host", "g"), ("host", "g")], None),
            ("/", &[], None),
        ] {
            let mut parts = parts(uri, fields);
            let head = RawHead::of_frames(&mut parts, Schemes::Either);
            match host {
                Some(host) => {
                    assert_eq!(head.fault, None, "{uri} {fields:?}");
                    assert_eq!(parts.headers.get_all("host").iter().count(), 1);
                    assert_eq!(parts.headers["host"], host);
                }
                None => assert_eq!(head.fault, Some(HeadFault::Authority), "{uri} {fields:?}"),
            }
        }
    }

    #[test]
    fn the_target_is_the_path_with_its_query() {
        let mut parts = parts("https://g/a/../b?c=%2e", &[]);
        let head = RawHead::of_frames(&mut parts, Schemes::Https);
        assert_eq!(head.target, b"/a/../b?c=%2e");
        assert_eq!(head.fault, None);
    }

    #[test]
    fn the_scheme_must_be_the_connections() {
        let https = RawHead::of_frames(&mut parts("http://g/", &[]), Schemes::Https);
        assert_eq!(https.fault, Some(HeadFault::Scheme));
        assert_eq!(fault("https://g/", &[]), None);
        assert_eq!(fault("ftp://g/", &[]), Some(HeadFault::Scheme));
    }

    #[test]
    fn what_http_11_could_read_in_another_way_is_a_fault() {
        use HeadFault::{ConnectionField, ContentLength, Field};
        for (fields, expected) in [
            (&[("transfer-encoding", "chunked")][..], ConnectionField),
            (&[("connection", "close")], ConnectionField),
            (&[("upgrade", "websocket")], ConnectionField),
            (
                &[("content-length", "1"), ("content-length", "1")],
                ContentLength,
            ),
            (&[("content-length", "+1")], ContentLength),
            (&[("content-length", "")], ContentLength),
            (&[("accept", " a")], Field),
            (&[("accept", "a\t")], Field),
        ] {
            assert_eq!(fault("http://g/", fields), Some(expected), "{fields:?}");
        }
        let many = vec![("accept", "a"); MAX_FIELDS + 1];
        assert_eq!(fault("http://g/", &many), Some(HeadFault::TooManyFields));
        let long = "a".repeat(MAX_FIELD_BYTES - 38);
        for (more, expected) in [("", None), ("a", Some(HeadFault::TooManyFields))] {
            let mut parts = parts("http://g/", &[]);
            let value = HeaderValue::from_str(&format!("{long}{more}")).unwrap();
            parts.headers.insert("accept", value);
            let head = RawHead::of_frames(&mut parts, Schemes::Either);
            assert_eq!(head.fault, expected);
        }
    }
}
