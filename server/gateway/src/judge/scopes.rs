//! Scopes as configuration: rules of methods and path patterns. A refusal wins over every
//! permission. Requests that no rule permits are refused.

mod config;
mod ruling;

use app::domain::scopes::{READ_ONLY, Scope, ScopeName};
use http::Method;

pub use self::{
    config::{AllowConfig, BodyKnowledge, DenyConfig, ScopeConfig, Upgrade},
    ruling::{Confinement, Grant, Rule, Ruling},
};
use super::{canonical::segments, patterns::PathPattern};
use crate::config::{Fault, Faults};

/// A rule that permits.
#[derive(Debug, Clone)]
struct Allow {
    methods: Vec<Method>,
    paths: Vec<PathPattern>,
    body: BodyKnowledge,
    upgrade: Option<Upgrade>,
}

impl Allow {
    /// Whether a permitted request may change something: by its method (RFC 9110 §9.2.1), or on a
    /// connection that is upgraded.
    fn may_write(&self) -> bool {
        self.upgrade.is_some() || self.methods.iter().any(|method| !method.is_safe())
    }
}

/// A rule that refuses.
#[derive(Debug, Clone)]
struct Deny {
    /// `None` is every method.
    methods: Option<Vec<Method>>,
    paths: Vec<PathPattern>,
}

#[derive(Debug, Clone)]
struct Rules {
    scope: Scope,
    allow: Vec<Allow>,
    deny: Vec<Deny>,
}

/// Every scope that exists, `read_only` first.
#[derive(Debug, Clone)]
pub struct Scopes(Vec<Rules>);

impl Scopes {
    /// Checks the configured scopes and adds `read_only` if it is not among them.
    ///
    /// # Errors
    ///
    /// Every fault, naming its key and what to change.
    pub fn new(configured: &[ScopeConfig]) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let mut scopes = Self::built_in().0;
        for (index, config) in configured.iter().enumerate() {
            let rules = config.rules(&format!("scopes[{index}]"), &mut faults);
            if configured[..index].iter().any(|c| c.name == config.name) {
                let problem = format!("{} is used twice; rename one of them", config.name);
                faults.push(format!("scopes[{index}].name"), problem);
            }
            if config.name.as_str() == READ_ONLY {
                scopes[0] = rules;
            } else {
                scopes.push(rules);
            }
        }
        faults.or(Some(Self(scopes)))
    }

    /// Only `read_only`, as it is by default.
    pub fn built_in() -> Self {
        Self(vec![Rules {
            scope: Scope {
                name: ScopeName::read_only(),
                description: config::READ_ONLY_DESCRIPTION.into(),
                writes: false,
            },
            allow: vec![config::reading_everything()],
            deny: Vec::new(),
        }])
    }

    /// No scope at all.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// The message for an unknown scope, if it is unknown.
    pub fn unknown(&self, name: &ScopeName) -> Option<String> {
        if self.list().any(|scope| scope.name == *name) {
            return None;
        }
        let known: Vec<&str> = self.list().map(|scope| scope.name.as_str()).collect();
        let known = known.join(", ");
        Some(format!(
            "unknown scope {name}: use one of {known}, or add it to [[scopes]]"
        ))
    }

    /// The scopes that people choose from.
    pub fn list(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter().map(|rules| &rules.scope)
    }

    /// Whether a rule that permits has `{tenant_id}` in its path.
    pub(crate) fn name_tenants(&self) -> bool {
        let mut allow = self.0.iter().flat_map(|rules| &rules.allow);
        allow.any(|rule| rule.paths.iter().any(PathPattern::captures_tenant))
    }

    /// The tenant that a path names by some rule that permits.
    pub(crate) fn tenant_named_by<'p>(&self, path: &'p str) -> Option<&'p str> {
        let allow = self.0.iter().flat_map(|rules| &rules.allow);
        let mut paths = allow.flat_map(|rule| &rule.paths);
        paths.find_map(|pattern| pattern.matches(path)?.tenant)
    }

    /// The ruling of the `granted` scopes for `method` on a canonical `path`. A granted scope that
    /// no longer exists permits nothing.
    pub fn rule(
        &self,
        granted: &[ScopeName],
        method: &Method,
        path: &str,
        own: Confinement<'_>,
    ) -> Ruling<'_> {
        let granted = || {
            let all = self.0.iter();
            all.filter(|rules| granted.contains(&rules.scope.name))
        };
        if let Some(rule) = granted().find_map(|rules| rules.denied(method, path)) {
            return Ruling::Denied(rule);
        }
        let mut ruling = Ruling::Unmatched;
        for found in granted().flat_map(|rules| rules.allowed(method, path, own)) {
            ruling = match (ruling, found) {
                (Ruling::Allowed(one), Ruling::Allowed(other)) => {
                    Ruling::Allowed(one.stricter(other))
                }
                (Ruling::Unmatched, found) | (_, found @ Ruling::Allowed(_)) => found,
                (ruling, _) => ruling,
            };
        }
        ruling
    }

    /// Rules that can't keep their promise, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        self.0.iter().flat_map(Rules::warnings).collect()
    }
}

impl Rules {
    fn denied(&self, method: &Method, path: &str) -> Option<Rule<'_>> {
        self.deny.iter().enumerate().find_map(|(index, deny)| {
            let pattern = deny.matching(method, path)?;
            Some(self.rule(index, pattern))
        })
    }

    fn allowed<'r, 'p>(
        &'r self,
        method: &'p Method,
        path: &'p str,
        own: Confinement<'p>,
    ) -> impl Iterator<Item = Ruling<'r>> + use<'r, 'p> {
        let rules = self.allow.iter().enumerate();
        let rules = rules.filter(|(_, allow)| allow.methods.contains(method));
        rules.flat_map(move |(index, allow)| {
            let paths = allow.paths.iter();
            let found = paths.filter_map(move |pattern| Some((pattern, pattern.matches(path)?)));
            found.map(move |(pattern, captured)| {
                let rule = self.rule(index, pattern);
                if captured.tenant.is_some_and(|named| named != own.tenant) {
                    Ruling::OtherTenant(rule)
                } else if own.excludes(captured.organization) {
                    Ruling::OtherOrganization(rule)
                } else {
                    Ruling::Allowed(Grant {
                        rule,
                        body: allow.body,
                        upgrade: allow.upgrade.map(|to| (to, rule.scope)),
                        names_tenant: captured.tenant.is_some(),
                        names_organization: captured.organization.is_some(),
                    })
                }
            })
        })
    }

    const fn rule<'r>(&'r self, index: usize, pattern: &'r PathPattern) -> Rule<'r> {
        Rule {
            scope: &self.scope.name,
            index,
            pattern,
        }
    }

    fn warnings(&self) -> impl Iterator<Item = String> {
        let name = &self.scope.name;
        let writing = self.allow.iter().enumerate().filter(|(_, allow)| {
            allow.methods.contains(&Method::POST) && allow.body == BodyKnowledge::Opaque
        });
        writing.flat_map(move |(index, allow)| {
            let hiding = allow.paths.iter().filter(|path| hides_its_act(path));
            hiding.map(move |path| {
                format!(
                    "scope {name}, allow[{index}]: POST {path} leads to an endpoint that does \
                     whatever its body says (GraphQL, JSON-RPC or batch); a path can't make it \
                     read-only, so grant this only where every action of that endpoint is allowed"
                )
            })
        })
    }
}

impl Deny {
    fn matching(&self, method: &Method, path: &str) -> Option<&PathPattern> {
        let concerned = match &self.methods {
            None => true,
            // HEAD must not reveal what GET may not.
            Some(methods) => {
                methods.contains(method)
                    || (*method == Method::HEAD && methods.contains(&Method::GET))
            }
        };
        let mut paths = self.paths.iter().filter(|_| concerned);
        paths.find(|pattern| pattern.resembles(path))
    }
}

/// Whether the effect of a POST to this path depends only on its body.
fn hides_its_act(pattern: &PathPattern) -> bool {
    const NAMES: [&str; 9] = [
        "graphql", "graphiql", "gql", "rpc", "jsonrpc", "json-rpc", "batch", "$batch", "bulk",
    ];
    let named = pattern.last_literal().is_some_and(|literal| {
        let literal = literal.to_ascii_lowercase();
        NAMES.contains(&literal.as_str())
    });
    named || (pattern.is_open() && segments(pattern.as_str()).count() <= 2)
}

#[cfg(test)]
mod tests;
