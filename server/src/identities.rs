//! Signs the identities that the upstream is given, and publishes the keys to check them with.
//!
//! The keys are files that the command line changes under a running server, so they are looked at
//! every second. A file that can't be used changes nothing: the server goes on with what it has.

mod publish;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use app::identity::{ALGORITHM, Claims, KeySet, PublicKey, TYPE};
use axum::body::Bytes;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use http::HeaderValue;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::keys::identity::IdentityKeys;

pub use publish::router;

/// How often the key files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Signs identities in the name of one console, with whichever key is current.
pub struct Identities {
    issuer: String,
    ring: RwLock<Arc<Ring>>,
}

/// The keys at one time.
struct Ring {
    signer: SigningKey,
    /// The encoded header of what the signer signs, with the dot after it.
    header: String,
    key_set: Arc<KeySet>,
    /// The key set as it is served.
    document: Bytes,
}

impl Ring {
    fn new(keys: IdentityKeys) -> Self {
        let current = PublicKey::new(keys.current.verifying_key());
        let header = json!({ "typ": TYPE, "alg": ALGORITHM, "kid": current.kid() });
        let others = keys.others.iter();
        let others = others.map(|key| PublicKey::new(key.verifying_key()));
        let key_set = KeySet::new([current].into_iter().chain(others));
        Self {
            signer: keys.current,
            header: format!("{}.", URL_SAFE_NO_PAD.encode(header.to_string())),
            document: key_set.to_json().to_string().into(),
            key_set: Arc::new(key_set),
        }
    }
}

impl Identities {
    /// `issuer` is the console's public URL.
    pub fn new(issuer: &str, keys: IdentityKeys) -> Arc<Self> {
        Arc::new(Self {
            issuer: issuer.trim_end_matches('/').to_owned(),
            ring: RwLock::new(Arc::new(Ring::new(keys))),
        })
    }

    /// The console in whose name is signed.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// An identity as the value of a header field; marked sensitive.
    ///
    /// # Errors
    ///
    /// Never with claims of ours: everything in them serialises.
    pub fn sign(&self, claims: &Claims) -> Result<HeaderValue, serde_json::Error> {
        let ring = self.ring();
        let claims = serde_json::to_vec(claims)?;
        let mut token = String::with_capacity(ring.header.len() + claims.len() * 4 / 3 + 96);
        token.push_str(&ring.header);
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = ring.signer.sign(token.as_bytes()).to_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        let mut value = HeaderValue::try_from(token).map_err(serde::ser::Error::custom)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The published keys.
    pub fn key_set(&self) -> Arc<KeySet> {
        Arc::clone(&self.ring().key_set)
    }

    /// From now on with other keys; whether they are others.
    fn replace(&self, keys: IdentityKeys) -> bool {
        let ring = Arc::new(Ring::new(keys));
        let mut held = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        let changed = (&held.header, &held.document) != (&ring.header, &ring.document);
        if changed {
            *held = ring;
        }
        changed
    }

    fn ring(&self) -> Arc<Ring> {
        let held = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&held)
    }
}

/// Follows the key files in `data_dir` until `end`.
pub async fn follow(identities: Arc<Identities>, data_dir: PathBuf, end: CancellationToken) {
    let mut every = tokio::time::interval(LOOK_EVERY);
    // What is wrong is told once, not every second.
    let mut told = String::new();
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = end.cancelled() => return,
        }
        let fault = look(&identities, &data_dir).err().unwrap_or_default();
        if fault != told {
            if !fault.is_empty() {
                tracing::error!(fault, "the keys that sign identities stay as they were");
            }
            told = fault;
        }
    }
}

fn look(identities: &Identities, data_dir: &Path) -> Result<(), String> {
    let keys = IdentityKeys::read(data_dir).map_err(|error| error.to_string())?;
    if identities.replace(keys) {
        let key_set = identities.key_set();
        let signs = key_set.keys().first().map(PublicKey::kid);
        tracing::info!(
            key.signs = signs,
            key.published = key_set.keys().len(),
            "the keys that sign identities have changed"
        );
    }
    Ok(())
}
