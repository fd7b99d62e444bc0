//! Signs the identities for upstreams, and holds the keys that verify them.

use std::sync::Arc;

use app::identity::{ALGORITHM, Claims, KeySet, PublicKey, TYPE};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use ed25519_dalek::{Signer, SigningKey};
use http::HeaderValue;
use parking_lot::RwLock;
use serde_json::json;

use crate::entropy::Entropy;

/// The keys that sign identities. Not `Debug`, because they are secret.
#[derive(Clone)]
pub struct IdentityKeys {
    /// The key that signs new identities.
    pub current: SigningKey,
    /// The next and retired keys, which are published but don't sign.
    pub others: Vec<SigningKey>,
}

impl IdentityKeys {
    /// Keys for a program whose identities nobody sees.
    pub fn throwaway(entropy: &dyn Entropy) -> Self {
        let mut seed = [0; 32];
        entropy.fill(&mut seed);
        Self {
            current: SigningKey::from_bytes(&seed),
            others: Vec::new(),
        }
    }
}

/// Signs identities in the name of one console, with the current key.
pub struct Identities {
    issuer: String,
    ring: RwLock<Arc<Ring>>,
}

/// The keys at one time.
struct Ring {
    signer: SigningKey,
    /// The encoded header of signed tokens, with the dot after it.
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

    /// The console in whose name it signs.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// An identity as a header value, marked as sensitive.
    ///
    /// # Errors
    ///
    /// Never for our own claims: all of them serialise.
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

    /// The public keys, for publication.
    pub fn key_set(&self) -> Arc<KeySet> {
        Arc::clone(&self.ring().key_set)
    }

    /// The published keys as the JSON document that is served (RFC 7517).
    pub fn document(&self) -> Bytes {
        self.ring().document.clone()
    }

    /// Signs with `keys` from now on. Returns whether the keys changed.
    pub fn replace(&self, keys: IdentityKeys) -> bool {
        let ring = Arc::new(Ring::new(keys));
        let mut held = self.ring.write();
        let changed = (&held.header, &held.document) != (&ring.header, &ring.document);
        if changed {
            *held = ring;
        }
        changed
    }

    fn ring(&self) -> Arc<Ring> {
        let held = self.ring.read();
        Arc::clone(&held)
    }
}
