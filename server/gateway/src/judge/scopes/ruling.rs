//! What scopes say about a method on a path.

use app::domain::scopes::ScopeName;

use super::config::{BodyKnowledge, Upgrade};
use crate::judge::patterns::PathPattern;

/// The tenant and the organization that a path may name.
#[derive(Debug, Clone, Copy)]
pub struct Confinement<'s> {
    /// The support session's tenant.
    pub tenant: &'s str,
    /// The support session's organization, if it has one.
    pub organization: Option<&'s str>,
}

/// The rule that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<'r> {
    /// Its scope.
    pub scope: &'r ScopeName,
    /// Its index among the scope's rules of its kind.
    pub index: usize,
    /// The pattern that matched.
    pub pattern: &'r PathPattern,
}

/// The details of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'r> {
    /// The rule that permits it.
    pub rule: Rule<'r>,
    /// Whether the body is checked.
    pub body: BodyKnowledge,
    /// The permitted upgrade, and the scope that permits it.
    pub upgrade: Option<(Upgrade, &'r ScopeName)>,
    /// Whether the path names the session's tenant, by the pattern.
    pub names_tenant: bool,
    /// Whether the path names the session's organization, by the pattern.
    pub names_organization: bool,
}

/// The ruling of the granted scopes for a method on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling<'r> {
    /// Permitted by the strictest rule that matches.
    Allowed(Grant<'r>),
    /// Refused, even if another rule permits it.
    Denied(Rule<'r>),
    /// A rule would permit it if the path named the session's own tenant.
    OtherTenant(Rule<'r>),
    /// A rule would permit it if the path named the session's own organization.
    OtherOrganization(Rule<'r>),
    /// No rule of a granted scope matches.
    Unmatched,
}

impl Confinement<'_> {
    /// A session of a whole tenant may act in all of its organizations.
    pub(super) fn excludes(self, organization: Option<&str>) -> bool {
        let own = self.organization;
        organization.is_some_and(|named| own.is_some_and(|own| named != own))
    }
}

impl Grant<'_> {
    /// The stricter of two rules that permit the same: the one that checks the body. It has the
    /// upgrades and names of both.
    pub(super) fn stricter(self, other: Self) -> Self {
        let (chosen, left) = match (self.body, other.body) {
            (BodyKnowledge::Opaque, BodyKnowledge::Form) => (other, self),
            _ => (self, other),
        };
        Self {
            upgrade: chosen.upgrade.or(left.upgrade),
            names_tenant: chosen.names_tenant || left.names_tenant,
            names_organization: chosen.names_organization || left.names_organization,
            ..chosen
        }
    }
}
