//! The plan of a probe, checked before any session is created.

use std::sync::Arc;

use app::domain::{TenantId, scopes::ScopeName};
use gateway::{
    GatewaySettings,
    canonical::CanonicalTarget,
    config::{ProbeConfig, ProbeTenantConfig, TenantBinding},
    ports::KnownSession,
    rules::{CanonicalRequest, RuleSet},
};
use http::{HeaderMap, HeaderValue, Method, header};

/// The shortest canary. A shorter one may appear by chance.
const CANARY_MIN: usize = 6;
/// The tenant's placeholder in a path.
const PLACE: &str = "{tenant_id}";

#[derive(Debug, Clone)]
pub struct Plan {
    pub scopes: Vec<ScopeName>,
    pub tenants: [Subject; 2],
}

/// One of the two tenants.
#[derive(Debug, Clone)]
pub struct Subject {
    pub tenant: TenantId,
    /// The path for its session.
    pub target: CanonicalTarget,
    /// The text that only its own response may contain.
    pub canary: String,
}

impl Plan {
    /// Checks the plan against the rules.
    ///
    /// # Errors
    ///
    /// Every fault, with what to change.
    pub fn new(settings: &GatewaySettings, config: &ProbeConfig) -> Result<Self, Vec<String>> {
        let scopes = match config.scopes.as_slice() {
            [] => vec![ScopeName::read_only()],
            scopes => scopes.to_vec(),
        };
        let mut faults = Vec::new();
        for name in &scopes {
            if let Some(fault) = settings.rules().scopes().unknown(name) {
                faults.push(fault);
            }
        }
        let [one, other] = config.tenants.as_slice() else {
            faults.push(format!(
                "two tenants are needed, but {} given: use --tenant ID=CANARY twice, or two \
                 [[gateway.probe.tenants]] tables",
                config.tenants.len()
            ));
            return Err(faults);
        };
        if one.id == other.id {
            faults.push(format!("{} is named twice: name two tenants", one.id));
        }
        let common = config.path.as_deref();
        let tenants = [one, other].map(|tenant| subject(tenant, common, &mut faults));
        let [Some(one), Some(other)] = tenants else {
            return Err(faults);
        };
        let plan = Self {
            scopes,
            tenants: [one, other],
        };
        faults.extend(plan.tell_tale());
        if faults.is_empty() {
            faults.extend(plan.refused(settings));
        }
        if faults.is_empty() {
            Ok(plan)
        } else {
            Err(faults)
        }
    }

    /// What this probe doesn't test.
    pub(super) fn remark(&self, rules: &RuleSet) -> Option<&'static str> {
        let [one, other] = &self.tenants;
        let alike = one.target == other.target;
        (alike && rules.tenant_binding() == TenantBinding::Identity).then_some(
            "both tenants used the same path, so no request named a resource of the other tenant \
             by its ID: give each tenant its own path to test that too",
        )
    }

    /// A canary that is also sent proves nothing, because an upstream that echoes it would pass.
    fn tell_tale(&self) -> Vec<String> {
        let [one, other] = &self.tenants;
        let mut faults = Vec::new();
        for (own, stranger) in [(one, other), (other, one)] {
            let canary = own.canary.to_ascii_lowercase();
            let sent = [own, stranger].into_iter().find_map(|subject| {
                let texts = [subject.target.as_str(), subject.tenant.as_str()];
                texts
                    .into_iter()
                    .find(|text| text.to_ascii_lowercase().contains(&canary))
            });
            if let Some(text) = sent {
                faults.push(format!(
                    "the canary of {} is part of the request ({text}): an upstream that only \
                     echoes its requests would pass; use a text that only the platform knows, \
                     such as the name of a record in that tenant",
                    own.tenant
                ));
            }
            if stranger.canary.to_ascii_lowercase().contains(&canary) {
                faults.push(format!(
                    "the canary of {} is part of the canary of {}: use two different ones",
                    own.tenant, stranger.tenant
                ));
            }
        }
        faults
    }

    /// The requests that the rules refuse even for a tenant's own session.
    fn refused(&self, settings: &GatewaySettings) -> Vec<String> {
        let mut faults = Vec::new();
        for subject in &self.tenants {
            let session = KnownSession::supposed(subject.tenant.clone(), None, &self.scopes);
            let mut headers = HeaderMap::new();
            if let Some(Ok(host)) = settings.own_host().map(HeaderValue::from_str) {
                headers.insert(header::HOST, host);
            }
            let request = CanonicalRequest {
                method: Method::GET,
                target: subject.target.clone(),
                headers,
            };
            if let Err(denied) = settings.authorise(&Arc::new(session), request) {
                faults.push(format!(
                    "the rules refuse GET {} in a support session of {} ({}): {} Use another \
                     path, or other scopes with --scopes",
                    subject.target.as_str(),
                    subject.tenant,
                    denied.refusal,
                    denied.detail
                ));
            }
        }
        faults
    }
}

fn subject(
    config: &ProbeTenantConfig,
    common: Option<&str>,
    faults: &mut Vec<String>,
) -> Option<Subject> {
    let id = &config.id;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" -._".contains(&b);
    let canary = config.canary.trim();
    if canary.len() < CANARY_MIN || !canary.bytes().all(plain) {
        faults.push(format!(
            "the canary of {id} must be at least {CANARY_MIN} letters and digits of ASCII, '-', \
             '.', '_' or blanks: other characters are spelt in more than one way"
        ));
    }
    let Some(path) = config.path.as_deref().or(common) else {
        faults.push(format!(
            "no path for {id}: add --path PATH with {PLACE} in place of the tenant's \
             ID goes, or write gateway.probe.path"
        ));
        return None;
    };
    let path = path.replace(PLACE, id.as_str());
    match CanonicalTarget::parse(path.as_bytes()) {
        Ok(target) => Some(Subject {
            tenant: id.clone(),
            target,
            canary: canary.to_owned(),
        }),
        Err(error) => {
            faults.push(format!("the path {path} is not valid: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway::GatewayConfig;

    use super::*;

    fn settings() -> GatewaySettings {
        let text = "listen = \"127.0.0.1:1\"\npublic_url = \"http://127.0.0.1:1\"\n\
             upstream = \"http://127.0.0.1:2\"\ntenant_binding = \"path\"\n\
             routes = [\"/v1/{tenant_id}\"]";
        let config: GatewayConfig = toml::from_str(text).unwrap();
        config.validate(&[], &[]).unwrap()
    }

    fn plan(text: &str) -> Result<Plan, String> {
        let config: ProbeConfig = toml::from_str(text).unwrap();
        Plan::new(&settings(), &config).map_err(|faults| faults.join("\n"))
    }

    fn tenants(one: (&str, &str), other: (&str, &str)) -> String {
        [one, other]
            .map(|(id, canary)| format!("[[tenants]]\nid = \"{id}\"\ncanary = \"{canary}\"\n"))
            .concat()
    }

    #[test]
    fn a_common_path_names_each_tenant() {
        let tenants = tenants(("acme", "Heron Ltd"), ("bolt", "Kestrel Inc"));
        let plan = plan(&format!("path = \"/v1/{{tenant_id}}/x?a=1\"\n{tenants}")).unwrap();
        let targets = plan.tenants.each_ref().map(|t| t.target.as_str());
        assert_eq!(targets, ["/v1/acme/x?a=1", "/v1/bolt/x?a=1"]);
        assert_eq!(plan.scopes, [ScopeName::read_only()]);
    }

    #[test]
    fn a_probe_that_would_prove_nothing_is_refused() {
        let path = "path = \"/v1/{tenant_id}\"\n";
        let good = tenants(("acme", "Heron Ltd"), ("bolt", "Kestrel Inc"));
        for (text, part) in [
            (path.to_owned(), "two tenants are needed, but 0 given"),
            (good.clone(), "no path for acme"),
            (format!("path = \"/v2\"\n{good}"), "refuse GET /v2"),
            (format!("path = \"/v1/../x\"\n{good}"), "is not valid"),
            (
                format!("scopes = [\"gone\"]\n{path}{good}"),
                "unknown scope gone: use one of read_only",
            ),
            (
                format!(
                    "{path}{}",
                    tenants(("acme", "Heron Ltd"), ("acme", "Kestrel Inc"))
                ),
                "named twice",
            ),
            (
                format!(
                    "{path}{}",
                    tenants(("acme", "Heron"), ("bolt", "Kestrel Inc"))
                ),
                "at least 6",
            ),
            (
                format!(
                    "{path}{}",
                    tenants(("acme", "Hér\\u00f6n Ltd"), ("bolt", "Kestrel Inc"))
                ),
                "of ASCII",
            ),
            (
                format!(
                    "{path}{}",
                    tenants(("acme-heron", "ACME-heron"), ("bolt", "Kestrel"))
                ),
                "only echoes its requests",
            ),
            (
                format!(
                    "{path}{}",
                    tenants(("acme", "Heron Ltd"), ("bolt", "My heron ltd"))
                ),
                "part of the canary of bolt",
            ),
        ] {
            let faults = plan(&text).unwrap_err();
            assert!(faults.contains(part), "{part}: {faults}");
        }
    }
}
