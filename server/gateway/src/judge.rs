//! May this support session make this request? One pure decision, and the value that proves it.

pub(crate) mod bindings;
pub mod canonical;
mod denied;
mod form;
mod grant;
pub(crate) mod hidden;
mod host;
pub(crate) mod patterns;
mod readings;
mod request;
pub(crate) mod rule_book;
mod rule_set;
pub mod scopes;
pub(crate) mod selectors;
mod source;
pub(crate) mod spelling;
mod uri;

use std::sync::Arc;

use app::domain::{access_log::Refusal, scopes::ScopeName};

use self::scopes::{BodyKnowledge, Upgrade};
use crate::{headers, ports::KnownSession};

pub use self::{
    denied::Denied, form::UncheckedForm, request::CanonicalRequest, rule_set::RuleSet,
    source::RuleSource,
};

/// Proof that a request may pass. The forwarder accepts nothing else, and only [`Judge::authorise`]
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

    /// The request that may pass.
    pub fn request(&self) -> &CanonicalRequest {
        &self.request
    }

    /// The scope that allows the request.
    pub fn scope(&self) -> &ScopeName {
        &self.scope
    }

    /// The protocol that the connection may change to.
    pub fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade
    }

    /// The tenant's host name at the upstream, if tenants have their own.
    pub fn upstream_host(&self) -> Option<&str> {
        self.upstream_host.as_deref()
    }
}

/// The decision about a request that is not denied.
#[derive(Debug, Clone)]
pub enum Authorised {
    /// It may pass as it is.
    Permitted(Permitted),
    /// It may pass if its form names no other tenant.
    Form(UncheckedForm),
}

/// The judge: today's rules, and those under which the session was created.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Accepted values of `Host`.
    pub hosts: &'a [String],
    /// Today's rules.
    pub rules: &'a Arc<RuleSet>,
    /// The rules under which the session was created, if they differ. Later permissions only apply
    /// to new sessions.
    pub earlier: Option<&'a Arc<RuleSet>>,
}

/// What the readings of an odd path require, beyond the path itself.
#[derive(Debug, Default)]
struct Strictest {
    /// One of them accepts a form, which must be checked first.
    has_form: bool,
    /// One of them does not allow an upgrade.
    refuses_upgrades: bool,
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
        let granted = self.rules.grant(session, &request);
        let mut read = Strictest::default();
        if !matches!(&granted, Err(denied) if denied.refusal == Refusal::OutOfScope) {
            read = self.check_readings(session, &request)?;
        }
        let grant = granted?;
        let mut upgrade = grant.upgrade.map(|(to, _)| to);
        let mut body = grant.body;
        if read.refuses_upgrades {
            upgrade = None;
        }
        if read.has_form {
            body = BodyKnowledge::Form;
        }
        let scope = match grant.upgrade {
            // Not the scope that permits reading the same path.
            Some((_, scope)) if headers::asks_for_upgrade(&request.headers) => scope,
            _ => grant.rule.scope,
        };
        let scope = scope.clone();
        if let Some(earlier) = self.earlier {
            let grant = earlier.grant(session, &request).map_err(|denied| Denied {
                detail: format!(
                    "{} The rules were stricter when this support session was created. A new \
                     session can do this.",
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

    /// An odd path passes only if every reading of it is permitted.
    fn check_readings(
        &self,
        session: &KnownSession,
        request: &CanonicalRequest,
    ) -> Result<Strictest, Denied> {
        let mut strictest = Strictest::default();
        for reading in request.target.readings() {
            for rules in std::iter::once(self.rules).chain(self.earlier) {
                let grant = rules.grant_reading(session, request, reading);
                let grant = grant.ok_or_else(|| {
                    let detail = "The path can be read in several ways, and this session may not go \
                                  to all of these places: write it as UTF-8, without ';', without \
                                  empty segments, and without escapes of '/', '\\', ';', '%' and \
                                  control characters.";
                    Denied::new(Refusal::AmbiguousPath, detail)
                })?;
                strictest.has_form |= grant.body == BodyKnowledge::Form;
                strictest.refuses_upgrades |= grant.upgrade.is_none();
            }
        }
        Ok(strictest)
    }

    /// A host that is not the gateway's own may be another tenant's (RFC 9110 §15.5.20). Returns
    /// the tenant's host at the upstream, if tenants have their own.
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
        // Only its own name: any other may be a tenant's.
        let own = match self.hosts.first() {
            Some(own) => format!("Its address is {own}."),
            None => "Use the address that its public_url says.".to_owned(),
        };
        let detail = format!("The Host header does not name this server. {own}");
        Err(Denied::new(Refusal::WrongHost, detail))
    }
}

#[cfg(test)]
mod tests;
