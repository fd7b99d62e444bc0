//! Reads a check: exactly the headers of the configured profile, each once.
//!
//! A proxy that sets a header replaces the client's header of that name, but passes on other names:
//! nginx a client's `X-Forwarded-*`, Caddy and Traefik a client's `X-Original-*`. So a header only
//! counts for its own profile. Envoy sends the request itself: method, target and host are those of
//! the check, and only the address is a header.

use std::net::IpAddr;

use app::domain::access_log::ForwardAuthProfile;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{
    arrival::{
        client_ip::rightmost_untrusted,
        raw_head::{HeadFault, RawHead},
    },
    config::ForwardAuthSettings,
};

/// A check as it arrived.
#[derive(Debug)]
pub(super) struct Check {
    /// Its own request line, byte for byte.
    pub(super) head: RawHead,
    pub(super) headers: HeaderMap,
}

/// A request as the proxy describes it.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) method: Method,
    pub(super) target: Vec<u8>,
    /// The client's header, including its own `Host`, without the description of the request.
    pub(super) headers: HeaderMap,
    pub(super) ip: IpAddr,
}

/// Why a check can't be read. The cause is the proxy's configuration, not the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the check must have {0} exactly once")]
    NotOnce(HeaderName),
    #[error("{0}")]
    Head(HeadFault),
    #[error("the check's method can't be read")]
    Method,
    #[error("the check names no address that the request came from")]
    Address,
}

/// The fields in which a proxy describes the request, if the check is another request.
struct Names {
    method: HeaderName,
    uri: HeaderName,
    host: HeaderName,
    address: HeaderName,
}

const ORIGINAL: Names = Names {
    method: HeaderName::from_static("x-original-method"),
    uri: HeaderName::from_static("x-original-uri"),
    host: HeaderName::from_static("x-original-host"),
    address: HeaderName::from_static("x-original-address"),
};
const FORWARDED: Names = Names {
    method: HeaderName::from_static("x-forwarded-method"),
    uri: HeaderName::from_static("x-forwarded-uri"),
    host: HeaderName::from_static("x-forwarded-host"),
    address: HeaderName::from_static("x-forwarded-for"),
};

/// Reads a check.
///
/// # Errors
///
/// If its head, or one of the profile's fields, is missing, doubled or malformed.
pub(super) fn read(settings: &ForwardAuthSettings, check: Check) -> Result<Said, Unreadable> {
    if let Some(fault) = check.head.fault {
        return Err(Unreadable::Head(fault));
    }
    let mut fields = Fields(check.headers);
    let (method, target, host, address) = match settings.profile {
        ForwardAuthProfile::Nginx => fields.described(&ORIGINAL)?,
        ForwardAuthProfile::Caddy | ForwardAuthProfile::Traefik => fields.described(&FORWARDED)?,
        ForwardAuthProfile::Envoy => (
            check.head.method,
            check.head.target,
            fields.take(&header::HOST)?,
            fields.take(&FORWARDED.address)?,
        ),
    };
    let method = Method::from_bytes(&method).map_err(|_| Unreadable::Method)?;
    let address = address.to_str().unwrap_or_default();
    let ip = rightmost_untrusted([address], &settings.trusted_proxies);
    Ok(Said {
        method,
        target,
        ip: ip.ok_or(Unreadable::Address)?,
        headers: fields.of_the_client(host),
    })
}

/// Method, target, host and address.
type Described = (Vec<u8>, Vec<u8>, HeaderValue, HeaderValue);

/// The header of a check.
struct Fields(HeaderMap);

impl Fields {
    /// Takes out a field that must be there exactly once.
    fn take(&mut self, name: &HeaderName) -> Result<HeaderValue, Unreadable> {
        let once = self.0.get_all(name).iter().count() == 1;
        let value = self.0.remove(name).filter(|_| once);
        value.ok_or_else(|| Unreadable::NotOnce(name.clone()))
    }

    fn described(&mut self, names: &Names) -> Result<Described, Unreadable> {
        Ok((
            self.take(&names.method)?.as_bytes().to_vec(),
            self.take(&names.uri)?.as_bytes().to_vec(),
            self.take(&names.host)?,
            self.take(&names.address)?,
        ))
    }

    /// The remaining headers are the client's, except the ones that frame the check.
    fn of_the_client(mut self, host: HeaderValue) -> HeaderMap {
        self.0.insert(header::HOST, host);
        self.0.remove(header::CONTENT_LENGTH);
        self.0.remove(header::TRANSFER_ENCODING);
        if self.0.contains_key(header::UPGRADE) {
            // Without it the field means nothing (RFC 9110 §7.8), and the proxy adds it again.
            let upgrade = HeaderValue::from_static("upgrade");
            self.0.append(header::CONNECTION, upgrade);
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PrivateAddress;

    const OURS: [(&str, &str); 4] = [
        ("x-original-method", "DELETE"),
        ("x-original-uri", "/v1/a?b=%2F"),
        ("x-original-host", "api.example.com"),
        ("x-original-address", "203.0.113.7"),
    ];
    const THEIRS: [(&str, &str); 4] = [
        ("x-forwarded-method", "PATCH"),
        ("x-forwarded-uri", "/v1/c"),
        ("x-forwarded-host", "www.example.com"),
        ("x-forwarded-for", "198.51.100.9, 203.0.113.8"),
    ];

    fn settings(profile: ForwardAuthProfile) -> ForwardAuthSettings {
        ForwardAuthSettings {
            profile,
            listen: PrivateAddress::Unix("/x".into()),
            secret: Some("x".into()),
            certificate: None,
            trusted_proxies: Vec::new(),
        }
    }

    fn check(
        profile: ForwardAuthProfile,
        fields: &[(&'static str, &str)],
    ) -> Result<Said, Unreadable> {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("check.internal"));
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let head = RawHead::relayed(b"PUT".to_vec(), b"/v1/own".to_vec());
        read(&settings(profile), Check { head, headers })
    }

    fn described(said: &Said) -> String {
        format!(
            "{} {} {} {}",
            said.method,
            String::from_utf8_lossy(&said.target),
            said.headers["host"].to_str().unwrap(),
            said.ip
        )
    }

    #[test]
    fn each_profile_reads_its_own_fields_and_no_other() {
        use ForwardAuthProfile::{Caddy, Envoy, Nginx, Traefik};
        let both = [OURS, THEIRS].concat();
        let forwarded = "PATCH /v1/c www.example.com 203.0.113.8";
        for (profile, expected) in [
            (Nginx, "DELETE /v1/a?b=%2F api.example.com 203.0.113.7"),
            (Caddy, forwarded),
            (Traefik, forwarded),
            (Envoy, "PUT /v1/own check.internal 203.0.113.8"),
        ] {
            assert_eq!(described(&check(profile, &both).unwrap()), expected);
        }
    }

    #[test]
    fn a_field_that_is_missing_or_doubled_is_refused() {
        use ForwardAuthProfile::{Caddy, Envoy, Nginx, Traefik};
        for (profile, own) in [
            (Nginx, &OURS[..]),
            (Caddy, &THEIRS[..]),
            (Traefik, &THEIRS[..]),
            (Envoy, &THEIRS[3..]),
        ] {
            for field in own {
                let mut doubled = [OURS, THEIRS].concat();
                doubled.push(*field);
                let name = HeaderName::from_static(field.0);
                let refused = check(profile, &doubled).unwrap_err();
                assert_eq!(refused, Unreadable::NotOnce(name.clone()), "{profile}");
                let mut missing = [OURS, THEIRS].concat();
                missing.retain(|(other, _)| *other != field.0);
                let refused = check(profile, &missing).unwrap_err();
                assert_eq!(refused, Unreadable::NotOnce(name), "{profile}");
            }
        }
    }

    #[test]
    fn a_method_or_an_address_that_is_none_is_refused() {
        let odd = |name: &str, value: &'static str| {
            let mut fields = OURS.to_vec();
            for field in &mut fields {
                if field.0 == name {
                    field.1 = value;
                }
            }
            check(ForwardAuthProfile::Nginx, &fields).unwrap_err()
        };
        assert_eq!(odd("x-original-method", "GE T"), Unreadable::Method);
        assert_eq!(odd("x-original-address", "unix:"), Unreadable::Address);
    }

    #[test]
    fn what_frames_the_check_says_nothing_of_the_request() {
        let mut fields = OURS.to_vec();
        fields.extend([("content-length", "0"), ("upgrade", "websocket")]);
        let said = check(ForwardAuthProfile::Nginx, &fields).unwrap();
        assert!(!said.headers.contains_key("content-length"));
        assert_eq!(said.headers["connection"], "upgrade");
    }
}
