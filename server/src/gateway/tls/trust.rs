//! Whom the gateway believes to be its upstream.

use std::{path::Path, sync::Arc};

use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{TlsError, certificates, malformed, provider, read};

/// As [`trust`], for who speaks to the gateway itself.
///
/// # Errors
///
/// What is wrong with the file, or that this machine trusts no one.
pub(crate) fn trusting(ca: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    trust(ca).map_err(|error| error.to_string())
}

/// Trusts the certificates of a PEM file and nobody else, or without one whom this machine trusts:
/// its store is where operators put their own CAs, and it is kept up to date with the machine.
///
/// # Errors
///
/// If there is no certificate to trust.
pub(in crate::gateway) fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            for certificate in certificates(path, &read(path)?)? {
                roots
                    .add(certificate)
                    .map_err(|error| malformed(path, "certificate", error))?;
            }
        }
        None => {
            // Some of a machine's certificates may be odd; those that are not are enough.
            let found = rustls_native_certs::load_native_certs().certs;
            roots.add_parsable_certificates(found);
        }
    }
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
