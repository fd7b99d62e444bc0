//! The `[[scopes]]` tables of the configuration.

use app::domain::scopes::{READ_ONLY, Scope, ScopeName};
use http::Method;
use serde::{Deserialize, Serialize};

use super::{Allow, Deny, Rules};
use crate::{config::Faults, judge::patterns::PathPattern};

pub(super) const READ_ONLY_DESCRIPTION: &str = "Read everything in the tenant; change nothing.";

/// The methods that `read_only` may permit: the safe ones (RFC 9110 §9.2.1), and POST for an
/// endpoint that only reads.
const READING: [&str; 4] = ["GET", "HEAD", "OPTIONS", "POST"];

/// One `[[scopes]]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeConfig {
    /// The scope's name. A table named `read_only` says what that scope permits instead of
    /// reading everything.
    pub name: ScopeName,
    /// The permissions in a sentence, for staff and tenants.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The requests that the scope permits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<AllowConfig>,
    /// The refused requests, even if this or another granted scope permits them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deny: Vec<DenyConfig>,
}

/// A rule that permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllowConfig {
    /// The HTTP methods, in upper case.
    pub methods: Vec<String>,
    /// Path patterns, read exactly.
    pub paths: Vec<String>,
    /// Whether the body is checked.
    #[serde(default, skip_serializing_if = "BodyKnowledge::is_opaque")]
    pub body: BodyKnowledge,
    /// The permitted upgrade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade: Option<Upgrade>,
}

/// A rule that refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenyConfig {
    /// The HTTP methods in upper case. `*` is every method. GET includes HEAD.
    pub methods: Vec<String>,
    /// Path patterns, read loosely: each with everything below it, in any case, with any suffix.
    pub paths: Vec<String>,
}

/// Whether a rule checks the bodies that it permits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKnowledge {
    /// Nothing: the body passes as it is.
    #[default]
    Opaque,
    /// It is a form (`application/x-www-form-urlencoded`) of at most 64 KiB, which is checked for
    /// method overrides and selectors of tenants and organizations.
    Form,
}

impl BodyKnowledge {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde asks for this shape"
    )]
    const fn is_opaque(&self) -> bool {
        matches!(self, Self::Opaque)
    }
}

/// A permitted upgrade of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upgrade {
    /// A WebSocket (RFC 6455).
    WebSocket,
}

/// The default of `read_only`.
pub(super) fn reading_everything() -> Allow {
    Allow {
        methods: vec![Method::GET, Method::HEAD, Method::OPTIONS],
        paths: vec![PathPattern::every_path()],
        body: BodyKnowledge::Opaque,
        upgrade: None,
    }
}

impl ScopeConfig {
    pub(super) fn rules(&self, key: &str, faults: &mut Faults) -> Rules {
        let reads_only = self.name.as_str() == READ_ONLY;
        let description = match self.description.trim() {
            "" if reads_only => READ_ONLY_DESCRIPTION,
            "" => {
                let problem = "describe in a sentence what the scope permits";
                faults.push(format!("{key}.description"), problem);
                ""
            }
            description => description,
        };
        let allow = self.allow.iter().enumerate();
        let mut allow: Vec<_> = allow
            .map(|(index, rule)| rule.rule(&format!("{key}.allow[{index}]"), reads_only, faults))
            .collect();
        if allow.is_empty() && reads_only {
            allow.push(reading_everything());
        } else if allow.is_empty() {
            let problem = "the scope permits nothing: add a rule, such as \
                           { methods = [\"POST\"], paths = [\"/v1/exports\"] }";
            faults.push(format!("{key}.allow"), problem);
        }
        let deny = self.deny.iter().enumerate();
        // `read_only` may have POST for endpoints that only read.
        let writes = !reads_only && allow.iter().any(Allow::may_write);
        Rules {
            scope: Scope {
                name: self.name.clone(),
                description: description.to_owned(),
                writes,
            },
            allow,
            deny: deny
                .map(|(index, rule)| rule.rule(&format!("{key}.deny[{index}]"), faults))
                .collect(),
        }
    }
}

impl AllowConfig {
    fn rule(&self, key: &str, reads_only: bool, faults: &mut Faults) -> Allow {
        let methods = methods(key, &self.methods, faults);
        let changing = methods.iter().find(|m| !READING.contains(&m.as_str()));
        if let Some(method) = changing.filter(|_| reads_only) {
            let problem = format!(
                "read_only can't permit {method}: it takes GET, HEAD, OPTIONS, and POST where the \
                 endpoint only reads; move the rule to another scope"
            );
            faults.push(format!("{key}.methods"), problem);
        }
        if self.upgrade.is_some() {
            let problem = if reads_only {
                "read_only can't permit an upgrade, because the messages after it aren't checked"
            } else if methods == [Method::GET] {
                ""
            } else {
                "a WebSocket is opened by GET (RFC 6455 §4.1): give the upgrade its own rule \
                 with methods = [\"GET\"]"
            };
            if !problem.is_empty() {
                faults.push(format!("{key}.upgrade"), problem);
            }
        }
        Allow {
            methods,
            paths: paths(key, &self.paths, faults),
            body: self.body,
            upgrade: self.upgrade,
        }
    }
}

impl DenyConfig {
    fn rule(&self, key: &str, faults: &mut Faults) -> Deny {
        let every = self.methods.iter().any(|method| method == "*");
        Deny {
            methods: (!every).then(|| methods(key, &self.methods, faults)),
            paths: paths(key, &self.paths, faults),
        }
    }
}

fn methods(key: &str, texts: &[String], faults: &mut Faults) -> Vec<Method> {
    let key = format!("{key}.methods");
    if texts.is_empty() {
        faults.push(key.as_str(), "name at least one method");
    }
    faults.each(&key, texts, |text| {
        let method = Method::from_bytes(text.as_bytes()).ok().filter(|method| {
            method.as_str() == text.to_ascii_uppercase()
                && *method != Method::CONNECT
                && *method != Method::TRACE
        });
        method.ok_or("is not an allowed method: use upper case, and neither CONNECT nor TRACE")
    })
}

fn paths(key: &str, texts: &[String], faults: &mut Faults) -> Vec<PathPattern> {
    let key = format!("{key}.paths");
    if texts.is_empty() {
        let problem = "name at least one path; \"/**\" is every path";
        faults.push(key.as_str(), problem);
    }
    faults.each(&key, texts, str::parse)
}
