//! May this support session make this request? One pure decision, and the value that proves it.

use std::{borrow::Cow, sync::Arc};

use app::domain::access_log::Refusal;
use http::{HeaderMap, HeaderName, Method};

use super::{
    canonical::CanonicalTarget,
    config::TenantBinding,
    ports::KnownSession,
    routes::RoutePattern,
    scopes::Scopes,
    selectors::{self, Named},
};

/// Query parameters and headers that can name a tenant or an organization to the upstream.
#[derive(Debug, Clone, Default)]
pub(super) struct SelectorRules {
    pub(super) query: Vec<String>,
    pub(super) headers: Vec<HeaderName>,
}

/// Everything that the decision depends on besides session and request.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(super) scopes: Scopes,
    pub(super) binding: TenantBinding,
    pub(super) routes: Vec<RoutePattern>,
    pub(super) tenant: SelectorRules,
    pub(super) organization: SelectorRules,
    pub(super) organization_header: bool,
    /// Values of `Host` that the gateway answers to, in lower case.
    pub(super) hosts: Vec<String>,
}

/// A request whose target is canonical; nobody has said yet that it may pass.
#[derive(Debug, Clone)]
pub struct CanonicalRequest {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub target: CanonicalTarget,
    /// Its header, as the client sent it.
    pub headers: HeaderMap,
}

/// Proof that a request may pass: the forwarder takes nothing else, and only [`authorise`] makes it.
#[derive(Debug, Clone)]
pub struct Permitted {
    session: Arc<KnownSession>,
    request: CanonicalRequest,
}

impl Permitted {
    /// The session that the request is made in.
    pub fn session(&self) -> &Arc<KnownSession> {
        &self.session
    }

    /// The request.
    pub fn request(&self) -> &CanonicalRequest {
        &self.request
    }
}

/// Why a request may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The refusal as it is recorded.
    pub refusal: Refusal,
    /// The status that the client gets.
    pub status: u16,
    /// A sentence for whoever sent the request.
    pub detail: Cow<'static, str>,
}

impl Denied {
    /// A denial with the refusal's own status.
    pub fn new(refusal: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            refusal,
            status: refusal.status(),
            detail: detail.into(),
        }
    }

    /// A denial in the refusal's own words.
    pub fn plain(refusal: Refusal) -> Self {
        Self::new(refusal, refusal.sentence())
    }
}

/// Decides whether `request` may be made in `session`: host, scope, tenant, organization.
///
/// # Errors
///
/// The first reason why not.
pub fn authorise(
    rules: &RuleSet,
    session: &Arc<KnownSession>,
    request: CanonicalRequest,
) -> Result<Permitted, Denied> {
    check_host(rules, &request)?;
    check_tenant(rules, session, &request)?;
    check_organization(rules, session, &request)?;
    if !rules
        .scopes
        .permit(&session.scopes, &request.method, request.target.path())
    {
        return Err(Denied::plain(Refusal::OutOfScope));
    }
    Ok(Permitted {
        session: Arc::clone(session),
        request,
    })
}

/// A host that is not the gateway's own may be another tenant's (RFC 9110 §15.5.20).
fn check_host(rules: &RuleSet, request: &CanonicalRequest) -> Result<(), Denied> {
    let host = request.headers.get(http::header::HOST);
    let host = host.and_then(|value| value.to_str().ok());
    let known = host.is_some_and(|host| {
        let host = host.to_ascii_lowercase();
        rules.hosts.contains(&host)
    });
    known.then_some(()).ok_or_else(|| Denied {
        status: 421,
        ..Denied::new(
            Refusal::WrongTenant,
            "The Host header does not name this gateway: use the address that gateway.public_url says.",
        )
    })
}

fn check_tenant(
    rules: &RuleSet,
    session: &KnownSession,
    request: &CanonicalRequest,
) -> Result<(), Denied> {
    let path = request.target.path();
    let captured = rules.routes.iter().filter_map(|route| route.capture(path));
    let mut established = rules.binding == TenantBinding::Identity;
    for tenant in captured.filter_map(|captured| captured.tenant) {
        if tenant != session.tenant_id.as_str() {
            return Err(Denied::new(
                Refusal::WrongTenant,
                "The path names another tenant than the support session's.",
            ));
        }
        established = true;
    }
    if !established {
        return Err(Denied::new(
            Refusal::WrongTenant,
            "The path names no tenant, so the request can't be confined to the support session's.",
        ));
    }
    match selectors::named(&rules.tenant, request, session.tenant_id.as_str()) {
        Named::Nothing | Named::Own => Ok(()),
        Named::Other(what) => Err(Denied::new(
            Refusal::WrongTenant,
            format!("{what} must name the support session's tenant, once and unencoded."),
        )),
    }
}

fn check_organization(
    rules: &RuleSet,
    session: &KnownSession,
    request: &CanonicalRequest,
) -> Result<(), Denied> {
    let Some(organization) = &session.organization_id else {
        return Ok(());
    };
    let path = request.target.path();
    let captured = rules.routes.iter().filter_map(|route| route.capture(path));
    let mut confined = rules.organization_header;
    for named in captured.filter_map(|captured| captured.organization) {
        if named != organization.as_str() {
            return Err(Denied::plain(Refusal::WrongOrganization));
        }
        confined = true;
    }
    if let Named::Other(what) =
        selectors::named(&rules.organization, request, organization.as_str())
    {
        return Err(Denied::new(
            Refusal::WrongOrganization,
            format!("{what} must name the support session's organization, once and unencoded."),
        ));
    }
    if confined {
        Ok(())
    } else {
        Err(Denied::plain(Refusal::OrganizationNotConfinable))
    }
}

#[cfg(test)]
mod tests;
