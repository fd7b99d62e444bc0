//! TLS of the gateway: its certificate for clients, and the CAs it trusts for upstreams.

mod certificate;
mod trust;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::domain::saved_text::saved_text;
use tokio_rustls::rustls::{
    self,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

pub(super) use certificate::Certificate;
pub use trust::trusting;
pub(super) use trust::{holders_of, trust};

/// Why certificates or keys can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    #[error("{} can't be read: {reason}; use a PEM file that this program can read", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{} is not a PEM file with a {what}: {reason}", path.display())]
    Malformed {
        path: PathBuf,
        what: &'static str,
        reason: String,
    },
    #[error("the key in {} doesn't belong to the certificate in {}: use a matching pair", key.display(), certificate.display())]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("this machine has no CA certificates: install them, or set a PEM file here")]
    NoRoots,
    #[error("can't set up TLS: {0}")]
    Unusable(rustls::Error),
}

/// The cryptography. It is passed explicitly, so that nothing depends on a process-wide default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let bytes = std::fs::read(path).map_err(|reason| TlsError::Unreadable {
        path: path.to_owned(),
        reason,
    })?;
    // PEM is text. What is none is refused as PEM.
    let text = saved_text(&bytes).map(|text| text.into_owned().into_bytes());
    Ok(text.unwrap_or(bytes))
}

/// The certificates of a PEM file, in their order.
fn certificates(path: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match parsed {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(malformed(path, "certificate", pem::Error::NoItemsFound)),
        Err(error) => Err(malformed(path, "certificate", error)),
    }
}

fn private_key(path: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| malformed(path, "private key", error))
}

fn malformed(path: &Path, what: &'static str, reason: impl ToString) -> TlsError {
    TlsError::Malformed {
        path: path.to_owned(),
        what,
        reason: reason.to_string(),
    }
}
