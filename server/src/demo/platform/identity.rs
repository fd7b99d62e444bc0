//! The platform's caller: a tenant's own program, or support staff.

use std::collections::HashMap;

use app::identity::{Claims, Presented};
use axum::http::HeaderMap;

use super::{super::cast::Tenant, ApiError, Inner};

/// The header with which a tenant's own programs identify themselves.
pub(in crate::demo) const TOKEN_HEADER: &str = "demo-token";

/// The tenant for which a request is served. Nothing outside it is ever read.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) tenant: Tenant,
    /// The one organization of it, if the request is confined to one.
    pub(super) organization: Option<String>,
    /// The staff member who acts for the tenant, if it is support.
    pub(super) support: Option<Support>,
}

/// A support session, as the console has signed it.
#[derive(Debug, Clone)]
pub(super) struct Support {
    pub(super) session: String,
    pub(super) staff: String,
    pub(super) scopes: String,
    pub(super) request_id: String,
}

/// Establishes the caller: the platform's support by a signed identity, anyone else by a tenant's
/// token. Plain fields that name a tenant or a support session are not even read.
pub(super) async fn establish(
    platform: &Inner,
    headers: &HeaderMap,
    presented: Presented<'_>,
) -> Result<Identity, ApiError> {
    let now = platform.clock.now();
    if let Some(claims) = platform.support.claims(headers, presented, now).await? {
        return of_support(&platform.by_id, &claims);
    }
    let tenant = single(headers, TOKEN_HEADER)
        .and_then(|token| platform.id_by_token.get(token))
        .and_then(|id| platform.by_id.get(id));
    Ok(Identity {
        tenant: tenant.ok_or(ApiError::Unauthenticated)?.clone(),
        organization: None,
        support: None,
    })
}

fn of_support(by_id: &HashMap<String, Tenant>, claims: &Claims) -> Result<Identity, ApiError> {
    let tenant = by_id
        .get(claims.tenant_id.as_str())
        .ok_or(ApiError::UnknownIdentity)?;
    let organization = match &claims.organization_id {
        None => None,
        Some(id) => {
            let mut organizations = tenant.organizations.iter();
            let own = organizations.find(|own| own.id == id.as_str());
            Some(own.ok_or(ApiError::UnknownIdentity)?.id.clone())
        }
    };
    Ok(Identity {
        tenant: tenant.clone(),
        organization,
        support: Some(Support {
            session: claims.sub.to_string(),
            staff: claims.act.sub.to_string(),
            scopes: claims.scope.clone(),
            request_id: claims.jti.to_string(),
        }),
    })
}

/// The header's value if it is there exactly once, because two could be read in two ways.
pub(super) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
