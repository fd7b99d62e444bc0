//! The ways in which one tenant's session tries to reach another tenant.

use gateway::rules::RuleSet;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::plan::Subject;

/// The tenant of the session, and the one it must not reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Between<'p> {
    pub(super) own: &'p Subject,
    pub(super) other: &'p Subject,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// A request for its own resource.
    Own,
    /// For the other's path.
    OthersPath,
    /// For its own path, at the other's host name.
    OthersHost(String),
    /// For its own path, with the other's name in the fields that the gateway sets.
    OurFields,
    /// For its own path, with the other's name in a query parameter that the rules know.
    Parameter(String),
    /// The same with a header field.
    Header(HeaderName),
}

/// The request, always a GET.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) target: String,
    /// Instead of the gateway's own.
    pub(super) host: Option<String>,
    pub(super) headers: HeaderMap,
}

impl Ask {
    /// Every way that these rules know.
    pub(super) fn all(rules: &RuleSet, between: &Between<'_>) -> Vec<Self> {
        let mut all = vec![Self::Own];
        if between.own.target != between.other.target {
            all.push(Self::OthersPath);
        }
        let host = rules.tenant_host_of(&between.other.tenant);
        all.extend(host.map(Self::OthersHost));
        all.push(Self::OurFields);
        let parameters = rules.tenant_parameters().iter().cloned();
        all.extend(parameters.map(Self::Parameter));
        let headers = rules.tenant_headers().iter().cloned();
        all.extend(headers.map(Self::Header));
        all
    }

    /// A description for people.
    pub(super) fn sentence(&self, between: &Between<'_>) -> String {
        let (own, other) = (&between.own.tenant, &between.other.tenant);
        match self {
            Self::Own => format!("{own} requests its own {}", between.own.target.as_str()),
            Self::OthersPath => {
                let target = between.other.target.as_str();
                format!("{own} requests {other}'s {target}")
            }
            Self::OthersHost(host) => format!("{own} requests at {other}'s host {host}"),
            Self::OurFields => format!("{own} names {other} in the gateway's own headers"),
            Self::Parameter(name) => format!("{own} names {other} in the query parameter {name}"),
            Self::Header(name) => format!("{own} names {other} in the header {name}"),
        }
    }

    pub(super) fn request(&self, between: &Between<'_>) -> Request {
        let mut request = Request {
            target: between.own.target.as_str().to_owned(),
            host: None,
            headers: HeaderMap::new(),
        };
        let other = between.other.tenant.as_str();
        let mut set = |name: HeaderName| {
            if let Ok(value) = HeaderValue::from_str(other) {
                request.headers.insert(name, value);
            }
        };
        match self {
            Self::Own => {}
            Self::OthersPath => between
                .other
                .target
                .as_str()
                .clone_into(&mut request.target),
            Self::OthersHost(host) => request.host = Some(host.clone()),
            Self::OurFields => {
                set(HeaderName::from_static("support-tenant"));
                set(HeaderName::from_static("support_tenant"));
            }
            Self::Parameter(name) => {
                let joint = if between.own.target.query().is_some() {
                    '&'
                } else {
                    '?'
                };
                request.target = format!("{}{joint}{name}={other}", request.target);
            }
            Self::Header(name) => set(name.clone()),
        }
        request
    }
}
