//! The head of an HTTP/1.1 request that only the library has seen.

use http::{HeaderMap, Method, Uri, header};

use super::{Fields, Framing, HeadFault, RawHead};
use crate::headers::is_several;

impl RawHead {
    /// Judges a head that was parsed elsewhere. What the library tolerated or dropped (a fragment,
    /// merged equal `Content-Length` headers) can't be seen. The rest is judged as strictly as
    /// bytes are.
    pub(crate) fn of_parsed(method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        Self {
            method: method.as_str().as_bytes().to_vec(),
            // The whole URI, so that a target in absolute-form stays as it is.
            target: uri.to_string().into_bytes(),
            two_credentials: is_several(headers, header::AUTHORIZATION),
            fields: 0,
            framing: Framing::Unknown,
            fault: fault(headers),
        }
    }
}

fn fault(headers: &HeaderMap) -> Option<HeadFault> {
    let mut fields = Fields::default();
    for (name, value) in headers {
        fields.note(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
    }
    fields.fault()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fault_of(fields: &[(&'static str, &'static str)]) -> Option<HeadFault> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        fault(&headers)
    }

    #[test]
    fn what_can_be_framed_or_routed_in_two_ways_is_a_fault() {
        let host = ("host", "a");
        assert_eq!(fault_of(&[host]), None);
        assert_eq!(fault_of(&[host, ("content-length", "4")]), None);
        assert_eq!(fault_of(&[host, ("transfer-encoding", "Chunked")]), None);
        for (fields, expected) in [
            (&[][..], HeadFault::Host),
            (&[host, host], HeadFault::Host),
            (
                &[
                    host,
                    ("content-length", "4"),
                    ("transfer-encoding", "chunked"),
                ],
                HeadFault::TwoFramings,
            ),
            (
                &[host, ("content-length", "4"), ("content-length", "4")],
                HeadFault::ContentLength,
            ),
            (&[host, ("content-length", "+4")], HeadFault::ContentLength),
            (&[host, ("content-length", "")], HeadFault::ContentLength),
            (
                &[host, ("transfer-encoding", "gzip, chunked")],
                HeadFault::TransferEncoding,
            ),
        ] {
            assert_eq!(fault_of(fields), Some(expected), "{fields:?}");
        }
    }

    #[test]
    fn a_target_in_absolute_form_stays_what_it_is() {
        for target in ["http://a.example/x?y", "/x?y", "*", "a.example:80"] {
            let uri: Uri = target.parse().unwrap();
            let head = RawHead::of_parsed(&Method::GET, &uri, &HeaderMap::new());
            assert_eq!(head.target, target.as_bytes());
        }
    }
}
