//! The gateway's certificate, which is reloaded when its files change or on SIGHUP.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::rustls::{
    self, ServerConfig,
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::CertifiedKey,
};
use tokio_util::sync::CancellationToken;

use super::{TlsError, certificates, holders_of, malformed, private_key, provider, read};

/// How often the files are checked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The protocol's name in TLS (RFC 7301 §6).
const HTTP_11: &[u8] = b"http/1.1";

/// A certificate with its key. Connections keep the one they started with.
#[derive(Debug)]
pub(crate) struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    /// The files' content when they were last read.
    held: Mutex<(Vec<u8>, Vec<u8>)>,
    current: Arc<Current>,
    config: Arc<ServerConfig>,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let current = self.0.read();
        Some(Arc::clone(&current))
    }
}

impl Certificate {
    /// Reads both files, for clients without a certificate.
    pub(crate) fn load(chain: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        Self::load_for(
            WebPkiClientVerifier::no_client_auth(),
            &[b"h2", HTTP_11],
            chain,
            key,
        )
    }

    /// Reads both files, for clients that speak HTTP/1.1 and have a certificate signed by one in
    /// the file `ca`.
    pub(crate) fn load_for_holders(
        ca: &Path,
        chain: PathBuf,
        key: PathBuf,
    ) -> Result<Arc<Self>, TlsError> {
        Self::load_for(holders_of(ca)?, &[HTTP_11], chain, key)
    }

    fn load_for(
        clients: Arc<dyn ClientCertVerifier>,
        protocols: &[&[u8]],
        chain: PathBuf,
        key: PathBuf,
    ) -> Result<Arc<Self>, TlsError> {
        let held = (read(&chain)?, read(&key)?);
        let both = certified(&chain, &key, &held)?;
        let current = Arc::new(Current(RwLock::new(both)));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_client_cert_verifier(clients)
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(Self {
            chain,
            key,
            held: Mutex::new(held),
            current,
            config: Arc::new(config),
        }))
    }

    /// The configuration for handshakes.
    pub(crate) fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Reloads the files and returns whether they changed. If they are not valid, keeps the
    /// previous certificate.
    fn reload(&self) -> Result<bool, TlsError> {
        let now = (read(&self.chain)?, read(&self.key)?);
        let mut held = self.held.lock();
        if *held == now {
            return Ok(false);
        }
        let both = certified(&self.chain, &self.key, &now)?;
        *self.current.0.write() = both;
        *held = now;
        Ok(true)
    }

    /// Follows the files until `end`.
    pub(crate) async fn follow(self: Arc<Self>, end: CancellationToken) {
        let mut hangups = match signal(SignalKind::hangup()) {
            Ok(hangups) => hangups,
            Err(error) => {
                tracing::error!(error = %error, "can't listen for SIGHUP, so the gateway's certificate is not reloaded");
                return;
            }
        };
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut said = String::new();
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                _ = look.tick() => {}
                _ = hangups.recv() => said.clear(),
            }
            let this = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || this.reload()).await {
                Ok(Ok(true)) => tracing::info!("the gateway loaded a new certificate"),
                Ok(Err(error)) if error.to_string() != said => {
                    said = error.to_string();
                    tracing::error!(error = %error, "the new certificate is not valid: the gateway keeps the old one");
                }
                _ => {}
            }
        }
    }
}

fn certified(
    certificate: &Path,
    key: &Path,
    held: &(Vec<u8>, Vec<u8>),
) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(certificate, &held.0)?;
    let private = private_key(key, &held.1)?;
    CertifiedKey::from_der(chain, private, &provider())
        .map(Arc::new)
        .map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
                certificate: certificate.to_owned(),
                key: key.to_owned(),
            },
            rustls::Error::InvalidCertificate(_) => malformed(certificate, "certificate", error),
            _ => malformed(key, "private key", error),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        (certificate, key)
    }

    #[test]
    fn files_that_can_not_be_used_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.pem");
        let (certificate, key) = write(folder.path(), "a.example");
        let load = |c: &PathBuf, k: &PathBuf| Certificate::load(c.clone(), k.clone());
        assert!(load(&certificate, &key).is_ok());
        let told = |result: Result<Arc<Certificate>, TlsError>| result.unwrap_err().to_string();
        assert!(told(load(&missing, &key)).contains("can't be read"));
        assert!(told(load(&key, &key)).contains("not a PEM file with a certificate"));
        assert!(
            told(load(&certificate, &certificate)).contains("not a PEM file with a private key")
        );
        let other = folder.path().join("other.pem");
        std::fs::copy(&key, &other).unwrap();
        let (certificate, _) = write(folder.path(), "b.example");
        assert!(told(load(&certificate, &other)).contains("doesn't belong to"));
    }

    #[test]
    fn a_certificate_is_read_however_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = write(folder.path(), "a.example");
        for path in [&certificate, &key] {
            let text = format!("\u{FEFF}{}", std::fs::read_to_string(path).unwrap());
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            std::fs::write(path, text).unwrap();
            assert!(Certificate::load(certificate.clone(), key.clone()).is_ok());
            std::fs::write(path, wide).unwrap();
            assert!(Certificate::load(certificate.clone(), key.clone()).is_ok());
        }
    }

    #[test]
    fn a_new_certificate_is_taken_once_its_key_is_there_too() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = write(folder.path(), "a.example");
        let loaded = Certificate::load(certificate, key.clone()).unwrap();
        let first = loaded.current.0.read().clone();
        assert!(!loaded.reload().unwrap(), "nothing has changed");
        let old_key = std::fs::read(&key).unwrap();
        write(folder.path(), "a.example");
        let new_key = std::fs::read(&key).unwrap();
        std::fs::write(&key, old_key).unwrap();
        assert!(loaded.reload().is_err(), "half of it");
        assert_eq!(loaded.current.0.read().cert, first.cert);
        std::fs::write(&key, new_key).unwrap();
        assert!(loaded.reload().unwrap());
        assert_ne!(loaded.current.0.read().cert, first.cert);
    }
}
