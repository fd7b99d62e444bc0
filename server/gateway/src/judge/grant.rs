//! What one set of rules says about a request.

use app::domain::access_log::Refusal;

use super::{
    bindings::TenantBinding,
    denied::{Denied, wrong_organization, wrong_tenant},
    patterns::{Captured, PathPattern},
    readings::EMPTY_SEGMENT,
    request::CanonicalRequest,
    rule_set::RuleSet,
    scopes::{Grant, Ruling},
    selectors::naming_another,
};
use crate::ports::KnownSession;

impl RuleSet {
    /// The rule that permits the request.
    pub(super) fn grant<'r>(
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
                    "The scope {} doesn't allow {} on {}.",
                    rule.scope, request.method, rule.pattern
                );
                return Err(Denied::new(Refusal::OutOfScope, detail));
            }
            Ruling::OtherTenant(_) => {
                let detail = "The path names another tenant.";
                return Err(Denied::new(Refusal::WrongTenant, detail));
            }
            Ruling::OtherOrganization(_) => return Err(Denied::plain(Refusal::WrongOrganization)),
            Ruling::Unmatched => {
                let detail = format!("This session's scopes don't allow {} here.", request.method);
                return Err(Denied::new(Refusal::OutOfScope, detail));
            }
        };
        self.check_established(session, path, &grant)?;
        Ok(grant)
    }

    /// The rule that permits a reading of the request's odd path: within the same tenant and organization,
    /// and without a secret that its record would show.
    pub(super) fn grant_reading<'r>(
        &'r self,
        session: &KnownSession,
        request: &CanonicalRequest,
        reading: &str,
    ) -> Option<Grant<'r>> {
        let reaches = |pattern: &PathPattern| pattern.matches(reading).is_some();
        let Ruling::Allowed(grant) = self.ruling(session, &request.method, reading) else {
            return None;
        };
        // In a path that names a tenant, an empty segment or a host would move the name. A host may name
        // another tenant itself.
        let may_name_host = request.target.may_name_host();
        let whole = reading.replace(EMPTY_SEGMENT, "");
        let routes = self.routes.iter();
        let named: Vec<_> = routes.flat_map(|route| route.names(&whole)).collect();
        let names = grant.names_tenant || grant.names_organization || !named.is_empty();
        let tenant = session.tenant_id.as_str();
        let organization = session.organization_id.as_ref();
        let is_own = named.iter().all(|named| {
            let other_tenant = named.tenant.as_ref().is_some_and(|named| named != tenant);
            let both = named.organization.as_ref().zip(organization);
            !other_tenant && both.is_none_or(|(named, own)| named == own.as_str())
        });
        let is_permitted = is_own
            && !(names && (may_name_host || reading.contains(EMPTY_SEGMENT)))
            && !(may_name_host && self.binding == TenantBinding::Host)
            && self.check_established(session, reading, &grant).is_ok()
            && (self.only.is_empty() || self.only.iter().any(reaches))
            && !self.hidden.is_in(reading);
        is_permitted.then_some(grant)
    }

    /// Checks that nothing in the request names another tenant or organization.
    fn check_names(
        &self,
        session: &KnownSession,
        request: &CanonicalRequest,
    ) -> Result<(), Denied> {
        let tenant = session.tenant_id.as_str();
        // Read loosely too, because the upstream may ignore a path's case.
        let path = request.target.path();
        let named: Vec<_> = self
            .routes
            .iter()
            .flat_map(|route| route.names(path))
            .collect();
        if named
            .iter()
            .any(|named| named.tenant.as_ref().is_some_and(|named| named != tenant))
        {
            let detail = "The path names another tenant.";
            return Err(Denied::new(Refusal::WrongTenant, detail));
        }
        if let Some(what) = naming_another(&self.tenant, request, tenant) {
            return Err(wrong_tenant(&what));
        }
        let Some(organization) = &session.organization_id else {
            return Ok(());
        };
        let organization = organization.as_str();
        if named.iter().any(|named| {
            named
                .organization
                .as_ref()
                .is_some_and(|named| named != organization)
        }) {
            return Err(Denied::plain(Refusal::WrongOrganization));
        }
        match naming_another(&self.organization, request, organization) {
            Some(what) => Err(wrong_organization(&what)),
            None => Ok(()),
        }
    }

    /// Checks that the tenant, and the organization if there is one, are established by something
    /// that the upstream obeys.
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
            let detail = "The path names no tenant, so the request can't be restricted to the \
                          support session's tenant.";
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
