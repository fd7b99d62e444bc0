//! The fields that tell an upstream how a request came. Those of a client never pass.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The one address that `Host`, `Origin`, `Referer` and the fields of proxies name to an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Face<'a> {
    /// `http` or `https`.
    pub(crate) scheme: &'a str,
    /// As in `Host`.
    pub(crate) host: &'a str,
}

/// How a request came, for its upstream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came<'a> {
    /// The client's address.
    pub(crate) ip: IpAddr,
    /// The origin that the request names.
    pub(crate) face: Face<'a>,
}

impl Came<'_> {
    /// Sets the fields of RFC 7239, and the older ones.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Self {
            ip,
            face: Face { scheme, host },
        } = self;
        let node = match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("\"[{ip}]\""),
        };
        for (name, text) in [
            (FOR, ip.to_string()),
            (HOST, host.to_owned()),
            (PROTO, scheme.to_owned()),
            (
                FORWARDED,
                format!("for={node};host=\"{host}\";proto={scheme}"),
            ),
        ] {
            // All characters of addresses and hosts are valid in headers.
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_told_once_and_in_both_ways() {
        let mut headers = HeaderMap::new();
        headers.append(FOR, HeaderValue::from_static("6.6.6.6"));
        let came = Came {
            ip: "2001:db8::1".parse().unwrap(),
            face: Face {
                scheme: "https",
                host: "app.example.com:8443",
            },
        };
        came.tell(&mut headers);
        assert_eq!(headers.len(), 4);
        assert_eq!(headers[FOR], "2001:db8::1");
        assert_eq!(headers[HOST], "app.example.com:8443");
        assert_eq!(headers[PROTO], "https");
        assert_eq!(
            headers[FORWARDED],
            "for=\"[2001:db8::1]\";host=\"app.example.com:8443\";proto=https"
        );
    }
}
