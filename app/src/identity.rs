//! The identity that the gateway signs for each request it forwards, and how an upstream checks it.
//!
//! It is a JWT (RFC 7519) in the header `Support-Identity`: one for each request, valid only for
//! that method and target, for at most 15 seconds and never longer than the support session. It is
//! signed with Ed25519 (RFC 8037). The console publishes the keys as a [`KeySet`].
//!
//! ```
//! use app::identity::{IdentityError, KeySet, Presented, Verifier};
//!
//! # fn main() -> Result<(), IdentityError> {
//! let verifier = Verifier::new("https://console.example.com", "http://10.0.0.5:8080");
//! // Fetched from https://console.example.com/.well-known/jwks.json.
//! let keys = KeySet::parse(r#"{"keys":[]}"#)?;
//! let request = Presented { method: "GET", target: "/v1/tenants/acme?page=2" };
//! let refused = verifier.verify("e30.e30.e30", &keys, request, 1_800_000_000);
//! assert!(refused.is_err());
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]

mod error;
mod key_set;
mod replays;
mod verify;

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::{
    error::IdentityError,
    key_set::{KeySet, PublicKey},
    replays::Replays,
    verify::{Presented, Verifier, read_signed},
};
use crate::domain::{OrganizationId, RequestId, StaffId, SupportSessionId, TenantId};

/// The header field that carries it, in lower case.
pub const HEADER: &str = "support-identity";
/// Its media type, so that no other JWT is taken for one (RFC 8725 §3.11).
pub const TYPE: &str = "support-identity+jwt";
/// Its algorithm (RFC 8037 §3.1), with the curve Ed25519 only.
pub const ALGORITHM: &str = "EdDSA";
/// For how long it is good at most, in seconds.
pub const MAX_LIFETIME: i64 = 15;
/// The path of the published keys.
pub const KEY_SET_PATH: &str = "/.well-known/jwks.json";

/// The signed claims of an identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Claims {
    /// The console's public URL without a slash at its end.
    pub iss: String,
    /// The upstream that the identity is for.
    pub aud: String,
    /// The support session, as the token's subject.
    pub sub: SupportSessionId,
    /// The staff member who acts (RFC 8693 §4.1).
    pub act: Actor,
    /// The one tenant that the request may touch.
    pub tenant_id: TenantId,
    /// The one organization of it, if the support session is confined to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// The scopes granted, separated by spaces (RFC 8693 §4.2).
    pub scope: String,
    /// The method of the request that the identity is for.
    pub method: String,
    /// [`path_hash`] of the request's target.
    pub path_hash: String,
    /// The request's identifier: the one in `X-Request-Id` and in the access log.
    pub jti: RequestId,
    /// When it was signed, in seconds since 1970.
    pub iat: i64,
    /// From when on it is no longer good, in seconds since 1970.
    pub exp: i64,
}

/// The staff member who acts for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The staff member, as the actor's subject.
    pub sub: StaffId,
}

/// The claim `path_hash` of a request's target: SHA-256 over the bytes between the method and
/// `HTTP/1.1` in the request line, as the upstream receives them (the path, and the query with its
/// question mark if there is one, not decoded), in base64url without padding.
pub fn path_hash(target: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(target))
}
