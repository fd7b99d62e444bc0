//! Who may connect to the gateway: anyone over TLS, this machine and listed proxies without TLS.

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use ipnet::IpNet;
use serde::Deserialize;

use super::{GatewayConfig, fault::Faults};
use crate::tls::Certificate;

/// The `[gateway.tls]` table: the gateway terminates TLS itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file with the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

impl GatewayConfig {
    /// Checks that no token crosses a network in clear text, except from a named proxy.
    pub(super) fn entry(
        &self,
        trusted_proxies: &[IpNet],
        faults: &mut Faults,
    ) -> Option<Arc<Certificate>> {
        if let Some(tls) = &self.tls {
            if !self.public_url.starts_with("https://") {
                let problem = format!(
                    "{} has no TLS, but clients need https:// with gateway.tls: change it to \
                     https://",
                    self.public_url
                );
                faults.push("gateway.public_url", problem);
            }
            let loaded = Certificate::load(tls.certificate.clone(), tls.key.clone());
            return faults.take("gateway.tls", loaded);
        }
        if !self.listen.ip().is_loopback() {
            if trusted_proxies.is_empty() {
                let problem = format!(
                    "other machines can reach {} without TLS: add gateway.tls with certificate \
                     and key, list the proxies that terminate TLS in trusted_proxies, or listen \
                     on 127.0.0.1",
                    self.listen
                );
                faults.push("gateway.listen", problem);
            }
            if let Some(all) = trusted_proxies.iter().find(|net| net.prefix_len() == 0) {
                let problem = format!(
                    "{all} means everyone, but gateway.listen is {}, without TLS: list the \
                     proxies' addresses",
                    self.listen
                );
                faults.push("trusted_proxies", problem);
            }
        }
        None
    }
}

/// Whether a connection in clear text from `peer` is served.
pub(crate) fn admits_clear_text(peer: IpAddr, trusted_proxies: &[IpNet]) -> bool {
    let peer = peer.to_canonical();
    peer.is_loopback() || trusted_proxies.iter().any(|net| net.contains(&peer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(more: &str, trusted: &[&str]) -> String {
        let config: GatewayConfig = toml::from_str(&format!(
            "public_url = \"https://g.example\"\nupstream = \"http://127.0.0.1:1\"\n\
             tenant_binding = \"identity\"\n{more}"
        ))
        .unwrap();
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        config
            .validate(&[], &trusted)
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn off_loopback_clear_text_needs_a_named_proxy() {
        let here = "listen = \"127.0.0.1:1\"\n";
        let everywhere = "listen = \"0.0.0.0:1\"\n";
        assert_eq!(faults(here, &[]), "");
        assert!(faults(everywhere, &[]).contains("add gateway.tls"));
        assert_eq!(faults(everywhere, &["10.0.0.1/32"]), "");
        assert!(faults(everywhere, &["0.0.0.0/0"]).contains("everyone"));
    }

    #[test]
    fn a_certificate_that_is_not_there_is_named() {
        let text = "listen = \"0.0.0.0:1\"\n[tls]\ncertificate = \"/nowhere/a.pem\"\nkey = \"k\"\n";
        let told = faults(text, &[]);
        assert!(told.contains("gateway.tls: /nowhere/a.pem"), "{told}");
    }

    #[test]
    fn clear_text_comes_from_here_or_from_a_named_proxy() {
        let trusted = ["10.0.0.0/24".parse().unwrap()];
        for (peer, admitted) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.7", true),
            ("::ffff:10.0.0.7", true),
            ("10.0.1.7", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(
                admits_clear_text(peer.parse().unwrap(), &trusted),
                admitted,
                "{peer}"
            );
        }
    }
}
