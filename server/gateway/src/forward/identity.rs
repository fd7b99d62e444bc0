//! The signed identity of a request, for the upstream.

use app::{
    domain::{RequestId, Timestamp, scopes::ScopeName},
    identity::{Actor, Claims, MAX_LIFETIME, path_hash},
};

use chrono::TimeDelta;

use crate::judge::Permitted;

/// The input of an identity.
pub(crate) struct Of<'r> {
    pub(crate) issuer: &'r str,
    pub(crate) audience: &'r str,
    pub(crate) permitted: &'r Permitted,
    pub(crate) request_id: RequestId,
    pub(crate) now: Timestamp,
}

/// The claims of a permitted request. They hold for no longer than its support session.
pub(crate) fn claims(of: Of<'_>) -> Claims {
    let (session, request) = (of.permitted.session(), of.permitted.request());
    let scopes: Vec<_> = session.scopes.iter().map(ScopeName::as_str).collect();
    let iat = of.now.timestamp();
    // The claim has whole seconds: one in which the session expires is covered to its end.
    let session_ends = (session.expires_at + TimeDelta::microseconds(999_999)).timestamp();
    Claims {
        iss: of.issuer.to_owned(),
        aud: of.audience.to_owned(),
        sub: session.id,
        act: Actor {
            sub: session.staff_id,
        },
        tenant_id: session.tenant_id.clone(),
        organization_id: session.organization_id.clone(),
        scope: scopes.join(" "),
        method: request.method.to_string(),
        path_hash: path_hash(request.target.as_str()),
        jti: of.request_id,
        iat,
        exp: session_ends.min(iat + MAX_LIFETIME),
    }
}
