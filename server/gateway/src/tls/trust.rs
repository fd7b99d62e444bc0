//! The CAs that the gateway trusts for its upstreams and for proxies.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};

use super::{TlsError, certificates, malformed, provider, read};

/// As `trust`, for a client of the gateway itself.
///
/// # Errors
///
/// If the file is not valid, or this machine has no CAs.
pub fn trusting(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    trust(ca).map_err(|error| error.to_string())
}

/// Trusts only the certificates of a PEM file, or by default the system's CAs: operators add their
/// own CAs there, and it is updated with the machine.
pub(crate) fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca {
        Some(path) => roots_of(path)?,
        None => {
            let mut roots = RootCertStore::empty();
            // Some of the system's certificates may be invalid. The others are enough.
            let found = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(found);
            roots
        }
    };
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Unusable)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Accepts only clients with a certificate signed by a CA in a PEM file.
pub(crate) fn holders_of(ca: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let roots = Arc::new(roots_of(ca)?);
    WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| malformed(ca, "certificate", error))
}

fn roots_of(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, &read(path)?)? {
        roots
            .add(certificate)
            .map_err(|error| malformed(path, "certificate", error))?;
    }
    Ok(roots)
}
