//! The checks of an upstream before it accepts an identity.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::Signature;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ALGORITHM, Claims, IdentityError, KeySet, MAX_LIFETIME, TYPE, path_hash};

/// The longest identity that is parsed, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// The request that carried an identity, as the upstream received it.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'r> {
    /// The method of the request.
    pub method: &'r str,
    /// Path and query as in the request line, not decoded.
    pub target: &'r str,
}

/// Checks the identities of one console for one upstream.
#[derive(Debug, Clone)]
pub struct Verifier {
    issuer: String,
    audience: String,
    leeway: i64,
}

impl Verifier {
    /// For a console's public URL (without a slash at its end) and the audience that the gateway
    /// is configured with, which is the upstream's origin unless it says otherwise. Clocks may
    /// differ by 5 seconds.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: audience.into(),
            leeway: 5,
        }
    }

    /// With another leeway for clocks that differ, in seconds.
    #[must_use]
    pub fn with_leeway(self, leeway: i64) -> Self {
        Self { leeway, ..self }
    }

    /// By how many seconds clocks may differ.
    pub const fn leeway(&self) -> i64 {
        self.leeway
    }

    /// The claims of an identity that is valid for this request at `now`, in seconds since 1970.
    /// The upstream must still check that the resource belongs to `tenant_id` and
    /// `organization_id`, and that the identity was not used before ([`Replays`](super::Replays)).
    ///
    /// # Errors
    ///
    /// The reason for rejecting the identity. Don't serve the request then.
    pub fn verify(
        &self,
        token: &str,
        keys: &KeySet,
        request: Presented<'_>,
        now: i64,
    ) -> Result<Claims, IdentityError> {
        let claims = read_signed(token, keys)?;
        self.check(&claims, now)?;
        if claims.method != request.method {
            return Err(IdentityError::WrongMethod);
        }
        if claims.path_hash != path_hash(request.target) {
            return Err(IdentityError::WrongPath);
        }
        Ok(claims)
    }

    /// Everything about claims that does not depend on the request.
    ///
    /// # Errors
    ///
    /// If they come from another console, are for another upstream, or don't hold at `now`, in
    /// seconds since 1970.
    pub fn check(&self, claims: &Claims, now: i64) -> Result<(), IdentityError> {
        if claims.iss != self.issuer {
            return Err(IdentityError::WrongIssuer);
        }
        if claims.aud != self.audience {
            return Err(IdentityError::WrongAudience);
        }
        if claims.iat > now.saturating_add(self.leeway) {
            return Err(IdentityError::NotYetValid);
        }
        if now >= claims.exp.saturating_add(self.leeway) {
            return Err(IdentityError::Expired);
        }
        if claims.exp.saturating_sub(claims.iat) > MAX_LIFETIME {
            return Err(IdentityError::TooLong);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Header {
    typ: Option<String>,
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

/// The claims of an identity that a published key has signed. Their validity is not checked yet.
///
/// # Errors
///
/// If it is malformed, of another kind or algorithm, or signed by none of these keys.
pub fn read_signed(token: &str, keys: &KeySet) -> Result<Claims, IdentityError> {
    if token.len() > MAX_LENGTH {
        return Err(IdentityError::Malformed);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err(IdentityError::Malformed);
    };
    let signed = &token[..header.len() + 1 + claims.len()];
    let header: Header = decoded(header)?;
    // The algorithm is ours to choose, never the token's (RFC 8725 §3.1).
    if header.alg != ALGORITHM || header.crit.is_some() {
        return Err(IdentityError::WrongAlgorithm);
    }
    if header.typ.as_deref() != Some(TYPE) {
        return Err(IdentityError::WrongType);
    }
    let key = header.kid.and_then(|kid| keys.find(&kid));
    let key = key.ok_or(IdentityError::UnknownKey)?;
    let signature = bytes(signature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| IdentityError::BadSignature)?;
    key.key()
        .verify_strict(signed.as_bytes(), &signature)
        .map_err(|_| IdentityError::BadSignature)?;
    decoded(claims)
}

fn bytes(part: &str) -> Result<Vec<u8>, IdentityError> {
    let decoded = URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| IdentityError::Malformed)
}

fn decoded<T: DeserializeOwned>(part: &str) -> Result<T, IdentityError> {
    serde_json::from_slice(&bytes(part)?).map_err(|_| IdentityError::Malformed)
}
