//! The accepted `Host` of clients, and the upstream's `Host` if tenants have their own host names.

use std::{fmt, str::FromStr};

use http::{HeaderMap, header};

/// The tenant's placeholder in a template.
const PLACE: &str = "{tenant_id}";

/// The upstream's host name for a tenant: `{tenant_id}.api.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenantHost {
    before: String,
    after: String,
}

/// Why a template is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a host name in lower case with {PLACE} as one whole label, such as \"{PLACE}.api.example.com\""
)]
pub(crate) struct InvalidTenantHost;

impl TenantHost {
    /// The host name of `tenant`. `None` if the tenant can't be part of one: host names know no
    /// case (RFC 4343), so `Acme` would be another tenant's `acme`.
    pub(crate) fn of(&self, tenant: &str) -> Option<String> {
        is_label(tenant).then(|| format!("{}{tenant}{}", self.before, self.after))
    }
}

/// A label of a host name (RFC 1123 §2.1) in lower case.
fn is_label(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl FromStr for TenantHost {
    type Err = InvalidTenantHost;

    fn from_str(text: &str) -> Result<Self, InvalidTenantHost> {
        let (before, after) = text.split_once(PLACE).ok_or(InvalidTenantHost)?;
        let (name, port) = match after.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (after, None),
        };
        let labels = |text: &str| text.is_empty() || text.split('.').all(is_label);
        let before_fits = before.strip_suffix('.').map_or(before.is_empty(), labels);
        let after_fits = name.strip_prefix('.').is_some_and(labels);
        let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
        if before_fits && after_fits && port_fits && name.len() > 1 {
            Ok(Self {
                before: before.to_owned(),
                after: after.to_owned(),
            })
        } else {
            Err(InvalidTenantHost)
        }
    }
}

impl fmt::Display for TenantHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PLACE}{}", self.before, self.after)
    }
}

/// Whether a request's `Host` is one of these, in any case.
pub(crate) fn is_one_of<'h>(headers: &HeaderMap, hosts: impl IntoIterator<Item = &'h str>) -> bool {
    let host = headers.get(header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    host.is_some_and(|host| {
        let mut hosts = hosts.into_iter();
        hosts.any(|known| known.eq_ignore_ascii_case(host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_becomes_one_label_of_the_host() {
        let template: TenantHost = "{tenant_id}.api.example.com:8443".parse().unwrap();
        let host = template.of("acme-2").unwrap();
        assert_eq!(host, "acme-2.api.example.com:8443");
        let inner: TenantHost = "api.{tenant_id}.example.com".parse().unwrap();
        assert_eq!(inner.of("acme").unwrap(), "api.acme.example.com");
    }

    #[test]
    fn a_tenant_that_is_no_label_has_no_host() {
        let template: TenantHost = "{tenant_id}.example.com".parse().unwrap();
        let long = "a".repeat(64);
        for tenant in ["Acme", "a.b", "a_b", "a:b", "-a", "a-", "", &long] {
            assert_eq!(template.of(tenant), None, "{tenant}");
        }
    }

    #[test]
    fn templates_that_can_not_mean_one_thing_are_refused() {
        for bad in [
            "",
            "api.example.com",
            "{tenant_id}",
            "t-{tenant_id}.example.com",
            "{tenant_id}x.example.com",
            "{tenant_id}.{tenant_id}.example.com",
            "{tenant_id}.Example.com",
            "{tenant_id}.example.com/",
            "{tenant_id}.example.com:0",
            "{tenant_id}.example.com:port",
            "https://{tenant_id}.example.com",
            "{tenant_id}..com",
            "{tenant_id}.",
        ] {
            assert!(bad.parse::<TenantHost>().is_err(), "{bad}");
        }
    }
}
