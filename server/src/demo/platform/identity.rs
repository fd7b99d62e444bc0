//! Who calls the platform, and as what.

use std::collections::HashMap;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::{super::cast::Tenant, ApiError};

/// The header by which a tenant's own programs identify themselves.
pub(in crate::demo) const TOKEN_HEADER: &str = "demo-token";

/// Whom a request is served for. Nothing outside of it is ever looked at.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// The one tenant.
    pub(super) tenant: Tenant,
    /// The one organization of it, if the request is confined to one.
    pub(super) organization: Option<String>,
    /// Who acts in its place, where it is the platform's support.
    pub(super) support: Option<Support>,
}

/// A support session, as our gateway names it.
#[derive(Debug, Clone)]
pub(super) struct Support {
    pub(super) session: String,
    pub(super) staff: String,
    pub(super) scopes: String,
    pub(super) request_id: String,
}

/// Establishes the caller. The identity headers are believed from whoever has the credential of
/// the gateway, and from nobody else.
pub(super) fn establish(
    by_id: &HashMap<String, Tenant>,
    id_by_token: &HashMap<String, String>,
    credential: &SecretString,
    headers: &HeaderMap,
) -> Result<Identity, ApiError> {
    if let Some(given) = headers.get(AUTHORIZATION) {
        let equal: bool = given
            .as_bytes()
            .ct_eq(credential.expose_secret().as_bytes())
            .into();
        return if equal {
            from_gateway(by_id, headers)
        } else {
            Err(ApiError::Unauthenticated)
        };
    }
    let tenant = single(headers, TOKEN_HEADER)
        .and_then(|token| id_by_token.get(token))
        .and_then(|id| by_id.get(id));
    Ok(Identity {
        tenant: tenant.ok_or(ApiError::Unauthenticated)?.clone(),
        organization: None,
        support: None,
    })
}

fn from_gateway(
    by_id: &HashMap<String, Tenant>,
    headers: &HeaderMap,
) -> Result<Identity, ApiError> {
    let tenant = single(headers, "support-tenant")
        .and_then(|id| by_id.get(id))
        .ok_or(ApiError::UnknownIdentity)?;
    let organization = match headers.get("support-organization") {
        None => None,
        Some(_) => {
            let id = single(headers, "support-organization");
            let own = tenant
                .organizations
                .iter()
                .find(|own| Some(own.id.as_str()) == id);
            Some(own.ok_or(ApiError::UnknownIdentity)?.id.clone())
        }
    };
    let text = |name| single(headers, name).unwrap_or_default().to_owned();
    Ok(Identity {
        tenant: tenant.clone(),
        organization,
        support: Some(Support {
            session: text("support-session"),
            staff: text("support-staff"),
            scopes: text("support-scopes"),
            request_id: text("x-request-id"),
        }),
    })
}

/// The header's value if it is there exactly once: two could be read in two ways.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
