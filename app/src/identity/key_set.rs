//! The published keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::VerifyingKey;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ALGORITHM, IdentityError};

/// A key that identities are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    key: VerifyingKey,
}

impl PublicKey {
    /// A key under its thumbprint.
    pub fn new(key: VerifyingKey) -> Self {
        Self {
            kid: thumbprint(&key),
            key,
        }
    }

    /// Its name: the thumbprint of RFC 7638.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The Ed25519 public key.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// As in a key set (RFC 8037 §2).
    fn to_json(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "x": encoded(&self.key),
            "kid": self.kid, "use": "sig", "alg": ALGORITHM,
        })
    }
}

/// The keys that the console publishes (RFC 7517): those that sign now, will sign, or have just
/// signed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<PublicKey>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Member>,
}

#[derive(Deserialize)]
struct Member {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    kid: String,
}

impl KeySet {
    /// Keys, each once, in the order given.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut set = Self::default();
        for key in keys {
            if set.find(&key.kid).is_none() {
                set.0.push(key);
            }
        }
        set
    }

    /// Reads a key set. Keys of other kinds are passed over, as RFC 7517 §5 asks.
    ///
    /// # Errors
    ///
    /// If the JSON is no key set, or one of our keys is damaged.
    pub fn parse(json: &str) -> Result<Self, IdentityError> {
        let document: Document = serde_json::from_str(json).map_err(|_| IdentityError::KeySet)?;
        let ours = document.keys.iter();
        let ours = ours.filter(|member| member.kty == "OKP" && member.crv == "Ed25519");
        let keys: Result<Vec<_>, _> = ours.map(Member::key).collect();
        Ok(Self::new(keys?))
    }

    /// The set as it is published.
    pub fn to_json(&self) -> Value {
        let keys: Vec<Value> = self.0.iter().map(PublicKey::to_json).collect();
        json!({ "keys": keys })
    }

    /// The key of that name.
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.0.iter().find(|key| key.kid == kid)
    }

    /// Every key of the set.
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }
}

impl Member {
    fn key(&self) -> Result<PublicKey, IdentityError> {
        let bytes = URL_SAFE_NO_PAD.decode(&self.x).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let key = PublicKey::new(key.ok_or(IdentityError::KeySet)?);
        if key.kid == self.kid {
            Ok(key)
        } else {
            Err(IdentityError::KeySet)
        }
    }
}

fn encoded(key: &VerifyingKey) -> String {
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

/// SHA-256 over the required members in the order of their names, without spaces (RFC 7638 §3,
/// RFC 8037 §2).
fn thumbprint(key: &VerifyingKey) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, encoded(key));
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}
