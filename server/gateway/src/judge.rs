//! May this support session make this request? One pure decision, and the value that proves it.

pub mod canonical;
mod form;
pub(crate) mod hidden;
mod host;
pub mod patterns;
pub(crate) mod rule_book;
pub mod scopes;
pub(crate) mod selectors;
mod source;
mod ways;

use std::{borrow::Cow, sync::Arc};

use app::domain::{OrganizationId, access_log::Refusal, scopes::ScopeName};
use http::{HeaderMap, Method};

use self::{
    canonical::CanonicalTarget,
    hidden::Hidden,
    host::TenantHost,
    patterns::{Captured, PathPattern},
    scopes::{BodyKnowledge, Confinement, Grant, Ruling, Scopes, Upgrade},
    selectors::{Named, SelectorRules},
};
pub use self::{form::UncheckedForm, source::RuleSource};
use crate::{config::TenantBinding, headers, ports::KnownSession};

/// Everything that the decision depends on besides session and request.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub(crate) hash: String,
    pub(crate) scopes: Scopes,
    pub(crate) binding: TenantBinding,
    pub(crate) tenant_host: Option<TenantHost>,
    pub(crate) routes: Vec<PathPattern>,
    pub(crate) tenant: SelectorRules,
    pub(crate) organization: SelectorRules,
    pub(crate) organization_header: bool,
    pub(crate) hidden: Hidden,
    /// Nothing but these paths can be permitted, where there are any.
    pub(crate) only: Vec<PathPattern>,
}

impl RuleSet {
    /// Which rules these are: see [`RuleSource::hash`].
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The scopes that people choose from, `read_only` first.
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// The tenant that a path names by a route or a rule, whoever may name it.
    pub fn tenant_named_by<'p>(&self, path: &'p str) -> Option<&'p str> {
        let routes = self.routes.iter();
        let mut named = routes.filter_map(|route| route.matches_above(path)?.tenant);
        named.next().or_else(|| self.scopes.tenant_named_by(path))
    }

    /// What the granted scopes alone say of a method on a canonical path.
    pub fn ruling(&self, session: &KnownSession, method: &Method, path: &str) -> Ruling<'_> {
        let own = Confinement {
            tenant: session.tenant_id.as_str(),
            organization: session.organization_id.as_ref().map(OrganizationId::as_str),
        };
        self.scopes.rule(&session.scopes, method, path, own)
    }

    /// What stands in for rules that are lost.
    pub(crate) fn permitting_nothing(hash: &str) -> Self {
        Self {
            hash: hash.to_owned(),
            scopes: Scopes::none(),
            binding: TenantBinding::Path,
            tenant_host: None,
            routes: Vec::new(),
            tenant: SelectorRules::default(),
            organization: SelectorRules::default(),
            organization_header: false,
            hidden: Hidden::default(),
            only: Vec::new(),
        }
    }
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

/// Proof that a request may pass: the forwarder takes nothing else, and only [`Judge::authorise`]
/// and [`UncheckedForm::check`] make it.
#[derive(Debug, Clone)]
pub struct Permitted {
    session: Arc<KnownSession>,
    request: CanonicalRequest,
    scope: ScopeName,
    upgrade: Option<Upgrade>,
    upstream_host: Option<String>,
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

    /// The granted scope that lets the request through.
    pub fn scope(&self) -> &ScopeName {
        &self.scope
    }

    /// The protocol that the connection may change to.
    pub fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade
    }

    /// The tenant's host name at the upstream, where tenants have their own.
    pub fn upstream_host(&self) -> Option<&str> {
        self.upstream_host.as_deref()
    }
}

/// What a judge says of a request that is not denied.
#[derive(Debug, Clone)]
pub enum Authorised {
    /// It may pass.
    Permitted(Permitted),
    /// It may pass if its form names nobody else's tenant.
    Form(UncheckedForm),
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

/// Who decides: the rules of today, and those of the day on which the session was created.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Values of `Host` that the gateway answers to.
    pub hosts: &'a [String],
    /// The rules of today.
    pub rules: &'a Arc<RuleSet>,
    /// The rules under which the session was created, where they are others: what has been permitted
    /// since then is permitted to new sessions only.
    pub earlier: Option<&'a Arc<RuleSet>>,
}

impl Judge<'_> {
    /// Decides whether `request` may be made in `session`: host, tenant, organization, scope.
    ///
    /// # Errors
    ///
    /// The first reason why not.
    pub fn authorise(
        &self,
        session: &Arc<KnownSession>,
        request: CanonicalRequest,
    ) -> Result<Authorised, Denied> {
        let upstream_host = self.check_host(session, &request)?;
        let grant = self.rules.grant(session, &request)?;
        let (mut upgrade, mut body) = (grant.upgrade.map(|(to, _)| to), grant.body);
        let scope = match grant.upgrade {
            // Not by the scope that lets the same path be read.
            Some((_, scope)) if headers::asks_for_upgrade(&request.headers) => scope,
            _ => grant.rule.scope,
        };
        let scope = scope.clone();
        if let Some(earlier) = self.earlier {
            let grant = earlier.grant(session, &request).map_err(|denied| Denied {
                detail: format!(
                    "{} The rules permit more now than when this support session was created: a new \
                     one has their permission.",
                    denied.detail
                )
                .into(),
                ..denied
            })?;
            upgrade = upgrade.and(grant.upgrade.map(|(to, _)| to));
            if grant.body == BodyKnowledge::Form {
                body = BodyKnowledge::Form;
            }
        }
        let permitted = Permitted {
            session: Arc::clone(session),
            request,
            scope,
            upgrade,
            upstream_host,
        };
        Ok(match body {
            BodyKnowledge::Opaque => Authorised::Permitted(permitted),
            BodyKnowledge::Form => {
                let rules = std::iter::once(self.rules).chain(self.earlier);
                Authorised::Form(UncheckedForm::new(permitted, rules.cloned().collect())?)
            }
        })
    }

    /// A host that is not the gateway's own may be another tenant's (RFC 9110 §15.5.20). Gives the
    /// tenant's host at the upstream, where tenants have their own.
    fn check_host(
        &self,
        session: &KnownSession,
        request: &CanonicalRequest,
    ) -> Result<Option<String>, Denied> {
        let tenant_host = match &self.rules.tenant_host {
            None => None,
            Some(template) => Some(template.of(session.tenant_id.as_str()).ok_or_else(|| {
                let detail = "The tenant's ID can't be part of a host name, so the request can't be \
                              confined to it.";
                Denied::new(Refusal::WrongTenant, detail)
            })?),
        };
        let known = self.hosts.iter().chain(&tenant_host).map(String::as_str);
        if host::is_one_of(&request.headers, known) {
            return Ok(tenant_host);
        }
        let detail = "The Host header does not name this server: use the address that its \
                      public_url says.";
        Err(Denied {
            status: 421,
            ..Denied::new(Refusal::WrongTenant, detail)
        })
    }
}

impl RuleSet {
    /// The rule that permits the request.
    fn grant<'r>(
        &'r self,
        session: &KnownSession,
        request: &CanonicalRequest,
    ) -> Result<Grant<'r>, Denied> {
        let path = request.target.path();
        if !self.only.is_empty() && !self.only.iter().any(|only| only.matches(path).is_some()) {
            let detail = "No support session reaches this address.";
            return Err(Denied::new(Refusal::OutOfScope, detail));
        }
        self.check_names(session, request)?;
        let grant = match self.ruling(session, &request.method, path) {
            Ruling::Allowed(grant) => grant,
            Ruling::Denied(rule) => {
                let detail = format!(
                    "The scope {} refuses {} on {}.",
                    rule.scope, request.method, rule.pattern
                );
                return Err(Denied::new(Refusal::OutOfScope, detail));
            }
            Ruling::OtherTenant(_) => {
                let detail = "The path names another tenant than the support session's.";
                return Err(Denied::new(Refusal::WrongTenant, detail));
            }
            Ruling::OtherOrganization(_) => return Err(Denied::plain(Refusal::WrongOrganization)),
            Ruling::Unmatched => return Err(Denied::plain(Refusal::OutOfScope)),
        };
        self.check_established(session, path, &grant)?;
        Ok(grant)
    }

    /// Nothing in the request may name another tenant or organization.
    fn check_names(
        &self,
        session: &KnownSession,
        request: &CanonicalRequest,
    ) -> Result<(), Denied> {
        let tenant = session.tenant_id.as_str();
        // Read loosely too: the upstream may not mind a path's case.
        let path = request.target.path();
        let named = || self.routes.iter().filter_map(|route| route.resembles(path));
        if named().any(|captured| captured.tenant.is_some_and(|named| named != tenant)) {
            let detail = "The path names another tenant than the support session's.";
            return Err(Denied::new(Refusal::WrongTenant, detail));
        }
        if let Named::Other(what) = selectors::named(&self.tenant, request, tenant) {
            return Err(wrong_tenant(&what));
        }
        let Some(organization) = &session.organization_id else {
            return Ok(());
        };
        let organization = organization.as_str();
        if named().any(|captured| {
            captured
                .organization
                .is_some_and(|named| named != organization)
        }) {
            return Err(Denied::plain(Refusal::WrongOrganization));
        }
        match selectors::named(&self.organization, request, organization) {
            Named::Other(what) => Err(wrong_organization(&what)),
            Named::Nothing | Named::Own => Ok(()),
        }
    }

    /// The tenant, and the organization if there is one, must be established by something that the
    /// upstream obeys.
    fn check_established(
        &self,
        session: &KnownSession,
        path: &str,
        grant: &Grant<'_>,
    ) -> Result<(), Denied> {
        let routes = self.routes.iter();
        let captured: Vec<Captured<'_>> = routes
            .filter_map(|route| route.matches_above(path))
            .collect();
        let names_tenant = grant.names_tenant || captured.iter().any(|c| c.tenant.is_some());
        if self.binding == TenantBinding::Path && !names_tenant {
            let detail = "The path names no tenant, so the request can't be confined to the support \
                          session's.";
            return Err(Denied::new(Refusal::WrongTenant, detail));
        }
        let confined = session.organization_id.is_none()
            || self.organization_header
            || grant.names_organization
            || captured.iter().any(|c| c.organization.is_some());
        if confined {
            Ok(())
        } else {
            Err(Denied::plain(Refusal::OrganizationNotConfinable))
        }
    }
}

fn wrong_tenant(what: &str) -> Denied {
    let detail = format!("{what} must name the support session's tenant, once and unencoded.");
    Denied::new(Refusal::WrongTenant, detail)
}

fn wrong_organization(what: &str) -> Denied {
    let detail =
        format!("{what} must name the support session's organization, once and unencoded.");
    Denied::new(Refusal::WrongOrganization, detail)
}

#[cfg(test)]
mod tests;
