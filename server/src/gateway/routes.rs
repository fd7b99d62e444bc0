//! Patterns that find the tenant and the organization which a path names.

use std::str::FromStr;

use super::{canonical::segments, scopes::prefix_fault};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Tenant,
    Organization,
}

/// A path pattern such as `/v1/tenants/{tenant_id}`. It matches its path and everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePattern(Vec<Part>);

/// What a path names, as it stands there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Captured<'p> {
    /// The segment in the place of `{tenant_id}`.
    pub tenant: Option<&'p str>,
    /// The segment in the place of `{organization_id}`.
    pub organization: Option<&'p str>,
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPattern(&'static str);

impl RoutePattern {
    /// Whether the pattern captures `{tenant_id}`.
    pub fn captures_tenant(&self) -> bool {
        self.0.contains(&Part::Tenant)
    }

    /// What a canonical `path` names, if the pattern matches it.
    pub fn capture<'p>(&self, path: &'p str) -> Option<Captured<'p>> {
        let mut segments = segments(path);
        let mut captured = Captured::default();
        for part in &self.0 {
            let segment = segments.next()?;
            match part {
                Part::Literal(literal) if literal == segment => {}
                Part::Literal(_) => return None,
                Part::Tenant => captured.tenant = Some(segment),
                Part::Organization => captured.organization = Some(segment),
            }
        }
        Some(captured)
    }
}

impl FromStr for RoutePattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let parts: Vec<Part> = segments(text)
            .map(|segment| match segment {
                "{tenant_id}" => Part::Tenant,
                "{organization_id}" => Part::Organization,
                literal => Part::Literal(literal.to_owned()),
            })
            .collect();
        let bare = text
            .replace("{tenant_id}", "t")
            .replace("{organization_id}", "o");
        if bare.contains(['{', '}']) {
            return Err(InvalidPattern(
                "may only capture {tenant_id} and {organization_id}, as whole segments",
            ));
        }
        if let Some(fault) = prefix_fault(&bare) {
            return Err(InvalidPattern(fault));
        }
        let whole = |part: &Part| !matches!(part, Part::Literal(l) if l.contains('{'));
        let count = |part: &Part| parts.iter().filter(|p| *p == part).count();
        let (tenants, organizations) = (count(&Part::Tenant), count(&Part::Organization));
        if !parts.iter().all(whole) {
            Err(InvalidPattern("must capture whole segments"))
        } else if tenants + organizations == 0 {
            Err(InvalidPattern(
                "must capture {tenant_id} or {organization_id}",
            ))
        } else if tenants > 1 || organizations > 1 {
            Err(InvalidPattern("must capture each name at most once"))
        } else {
            Ok(Self(parts))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_its_path_and_everything_below() {
        let pattern: RoutePattern = "/v1/tenants/{tenant_id}/organizations/{organization_id}"
            .parse()
            .unwrap();
        let both = Captured {
            tenant: Some("acme"),
            organization: Some("eu"),
        };
        for path in [
            "/v1/tenants/acme/organizations/eu",
            "/v1/tenants/acme/organizations/eu/",
            "/v1/tenants/acme/organizations/eu/users/7",
        ] {
            assert_eq!(pattern.capture(path), Some(both), "{path}");
        }
        for path in [
            "/v1/tenants/acme/organizations",
            "/v1/tenants/acme/orgs/eu",
            "/V1/tenants/acme/organizations/eu",
            "/x/v1/tenants/acme/organizations/eu",
            "/",
        ] {
            assert_eq!(pattern.capture(path), None, "{path}");
        }
    }

    #[test]
    fn patterns_that_can_not_mean_one_thing_are_refused() {
        for bad in [
            "v1/{tenant_id}",
            "/v1",
            "/v1/{user}",
            "/v1/t-{tenant_id}",
            "/{tenant_id}/{tenant_id}",
            "/a//{tenant_id}",
            "/a/../{tenant_id}",
            "/a;b/{tenant_id}",
            "/%61/{tenant_id}",
        ] {
            assert!(bad.parse::<RoutePattern>().is_err(), "{bad}");
        }
    }
}
