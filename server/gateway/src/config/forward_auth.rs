//! The `[forward_auth]` table: the listener for the platform's own proxy.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
};

use app::domain::access_log::ForwardAuthProfile;
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    GatewayConfig, TenantBinding,
    fault::{Faults, InvalidConfig},
};
use crate::tls::Certificate;

/// The least characters of a shared secret: 128 bits in hexadecimal.
const SECRET_MIN: usize = 32;
/// The most.
const SECRET_MAX: usize = 256;
/// The prefix of a Unix socket's path.
const UNIX: &str = "unix:";

/// The `[forward_auth]` table of the configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForwardAuthConfig {
    /// The one kind of proxy that asks. No other kind's fields are read.
    pub profile: ForwardAuthProfile,
    /// The listen address for checks: a private address, `127.0.0.1:3110`, or `unix:` and a path.
    pub listen: String,
    /// The value of the proxy's `Support-Check-Secret`. Without it the proxy needs a certificate.
    pub secret: Option<SecretString>,
    /// Mutual TLS, instead of a secret or in addition.
    pub tls: Option<CheckTlsConfig>,
}

/// The `[forward_auth.tls]` table: mutual TLS with the proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckTlsConfig {
    /// PEM file with our certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// PEM file with the only CA that may sign the proxy's certificate.
    pub client_ca: PathBuf,
}

/// The listen address for checks. Never a public address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateAddress {
    /// Loopback, RFC 1918 or RFC 4193.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for PrivateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// A `[forward_auth]` table that has passed its check.
#[derive(Debug, Clone)]
pub struct ForwardAuthSettings {
    pub(crate) profile: ForwardAuthProfile,
    pub(crate) listen: PrivateAddress,
    pub(crate) secret: Option<SecretString>,
    pub(crate) certificate: Option<Arc<Certificate>>,
    pub(crate) trusted_proxies: Vec<IpNet>,
}

impl ForwardAuthSettings {
    /// The listen address for checks.
    pub fn listen(&self) -> &PrivateAddress {
        &self.listen
    }
}

impl ForwardAuthConfig {
    /// Checks the table. It uses the rules of `[gateway]`, which must exist.
    ///
    /// # Errors
    ///
    /// All faults, each with its key and what to change.
    pub fn validate(
        &self,
        gateway: Option<&GatewayConfig>,
        trusted_proxies: &[IpNet],
    ) -> Result<ForwardAuthSettings, InvalidConfig> {
        let mut faults = Faults::default();
        match gateway {
            None => {
                let problem = "needs a [gateway] table: its rules decide here too";
                faults.push("forward_auth", problem);
            }
            Some(gateway) if gateway.tenant_binding == Some(TenantBinding::Host) => {
                let problem = "can't use tenant_binding = \"host\": the proxy that forwards a \
                               request sets the upstream's host; use \"path\" or \"identity\", or \
                               the gateway as a proxy";
                faults.push("forward_auth", problem);
            }
            Some(_) => {}
        }
        let listen = private_address(&self.listen);
        let listen = faults.take("forward_auth.listen", listen);
        self.check_secret(&mut faults);
        let certificate = self.certificate(listen.as_ref(), &mut faults);
        let settings = listen.map(|listen| ForwardAuthSettings {
            profile: self.profile,
            listen,
            secret: self.secret.clone(),
            certificate,
            trusted_proxies: trusted_proxies.to_vec(),
        });
        faults.or(settings).map_err(InvalidConfig)
    }

    fn certificate(
        &self,
        listen: Option<&PrivateAddress>,
        faults: &mut Faults,
    ) -> Option<Arc<Certificate>> {
        let tls = self.tls.as_ref()?;
        if matches!(listen, Some(PrivateAddress::Unix(_))) {
            let problem = "needs an address with a port: a Unix socket has owner and group instead";
            faults.push("forward_auth.tls", problem);
        }
        let (chain, key) = (tls.certificate.clone(), tls.key.clone());
        let loaded = Certificate::load_for_holders(&tls.client_ca, chain, key);
        faults.take("forward_auth.tls", loaded)
    }

    fn check_secret(&self, faults: &mut Faults) {
        let Some(secret) = &self.secret else {
            if self.tls.is_none() {
                let problem = "is missing: set the secret that the proxy sends with each check, or \
                               forward_auth.tls with certificates for both sides";
                faults.push("forward_auth.secret", problem);
            }
            return;
        };
        let secret = secret.expose_secret();
        let sound = (SECRET_MIN..=SECRET_MAX).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !sound {
            let problem = "must be 32 to 256 visible ASCII characters without spaces; make one \
                           with `openssl rand -hex 32`";
            faults.push("forward_auth.secret", problem);
        }
    }
}

fn private_address(text: &str) -> Result<PrivateAddress, String> {
    if let Some(path) = text.strip_prefix(UNIX) {
        let path = PathBuf::from(path);
        return if path.is_absolute() {
            Ok(PrivateAddress::Unix(path))
        } else {
            Err(format!(
                "{text:?} must name the socket by an absolute path: \"unix:/run/support-console/check.sock\""
            ))
        };
    }
    match text.parse::<SocketAddr>() {
        Ok(address) if is_private(address.ip()) => Ok(PrivateAddress::Tcp(address)),
        Ok(_) => Err(format!(
            "{text:?} can be reached from outside: listen on loopback, on a private address (RFC \
             1918, RFC 4193), or on \"unix:\" and a path"
        )),
        Err(_) => Err(format!(
            "{text:?} must be an address with a port, such as \"127.0.0.1:3110\", or \"unix:\" and \
             a path"
        )),
    }
}

/// Loopback, RFC 1918 and RFC 4193. Not the unspecified address, which includes public ones.
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn gateway(binding: &str) -> GatewayConfig {
        let text = format!(
            "listen = \"127.0.0.1:3100\"\npublic_url = \"http://127.0.0.1:3100\"\n\
             upstream = \"http://127.0.0.1:3200\"\ntenant_binding = \"{binding}\"\n"
        );
        toml::from_str(&text).unwrap()
    }

    fn faults(text: &str, gateway: Option<&GatewayConfig>) -> String {
        let config: ForwardAuthConfig = toml::from_str(text).unwrap();
        let checked = config.validate(gateway, &[]);
        checked.map_or_else(|faults| faults.to_string(), |_| String::new())
    }

    fn listening(listen: &str) -> String {
        let text = format!("profile = \"nginx\"\nlisten = {listen:?}\nsecret = {SECRET:?}\n");
        faults(&text, Some(&gateway("identity")))
    }

    #[test]
    fn checks_are_answered_on_private_addresses_and_unix_sockets_alone() {
        for listen in [
            "127.0.0.1:3110",
            "10.1.2.3:3110",
            "172.16.0.1:3110",
            "192.168.7.7:3110",
            "[::1]:3110",
            "[fd00::7]:3110",
            "unix:/run/support-console/check.sock",
        ] {
            assert_eq!(listening(listen), "", "{listen}");
        }
        for listen in [
            "0.0.0.0:3110",
            "[::]:3110",
            "203.0.113.7:3110",
            "172.32.0.1:3110",
            "169.254.1.1:3110",
            "[2001:db8::1]:3110",
            "[::ffff:203.0.113.7]:3110",
        ] {
            assert!(listening(listen).contains("from outside"), "{listen}");
        }
        for listen in ["3110", "localhost:3110", "unix:check.sock", ""] {
            assert!(listening(listen).contains("must"), "{listen}");
        }
    }

    #[test]
    fn a_short_or_odd_secret_is_a_fault() {
        for secret in ["", "too short", &"a b".repeat(20), &"x".repeat(257)] {
            let text =
                format!("profile = \"nginx\"\nlisten = \"127.0.0.1:3110\"\nsecret = {secret:?}\n");
            let faults = faults(&text, Some(&gateway("path")));
            assert!(faults.starts_with("forward_auth.secret: must"), "{faults}");
            assert!(secret.is_empty() || !faults.contains(secret));
        }
    }

    #[test]
    fn a_proxy_needs_a_secret_or_a_certificate() {
        let gateway = gateway("path");
        let told = |listen: &str, more: &str| {
            let text = format!("profile = \"envoy\"\nlisten = {listen:?}\n{more}");
            faults(&text, Some(&gateway))
        };
        let tls = "[tls]\ncertificate = \"c\"\nkey = \"k\"\nclient_ca = \"/nowhere/ca.pem\"\n";
        assert!(told("127.0.0.1:3110", "").contains("forward_auth.secret: is missing"));
        let missing = told("127.0.0.1:3110", tls);
        assert!(
            missing.starts_with("forward_auth.tls: /nowhere/ca.pem"),
            "{missing}"
        );
        assert!(told("unix:/run/check.sock", tls).contains("owner and group"));
    }

    #[test]
    fn the_gateways_rules_are_needed_and_must_hold_here() {
        let text = format!("profile = \"nginx\"\nlisten = \"127.0.0.1:3110\"\nsecret = {SECRET:?}");
        assert!(faults(&text, None).contains("needs a [gateway] table"));
        assert!(faults(&text, Some(&gateway("host"))).contains("can't use"));
        assert_eq!(faults(&text, Some(&gateway("path"))), "");
    }

    #[test]
    fn an_unknown_profile_is_refused_with_those_there_are() {
        let text = "profile = \"haproxy\"\nlisten = \"127.0.0.1:3110\"\nsecret = \"x\"";
        let error = toml::from_str::<ForwardAuthConfig>(text).unwrap_err();
        assert!(error.to_string().contains("nginx"), "{error}");
    }
}
