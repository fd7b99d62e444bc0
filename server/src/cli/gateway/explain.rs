//! `support-console gateway explain`

use std::sync::Arc;

use app::domain::{OrganizationId, TenantId, access_log::Refusal, scopes::ScopeName};
use gateway::{
    GatewaySettings,
    canonical::CanonicalTarget,
    ports::KnownSession,
    rules::{Authorised, CanonicalRequest, Denied},
    scopes::{Rule, Ruling},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{cli::CliError, config::Config};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Question {
    /// The request's method
    method: String,
    /// The request's path, with its query
    path: String,
    /// The support session's scopes, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "read_only")]
    scopes: Vec<ScopeName>,
    /// The support session's tenant (default: the one named in the path)
    #[arg(long)]
    tenant: Option<TenantId>,
    /// The support session's organization
    #[arg(long)]
    organization: Option<OrganizationId>,
    /// The request's Host header (default: the gateway's host)
    #[arg(long)]
    host: Option<String>,
    /// A request header as "name: value" (repeatable)
    #[arg(long = "header", value_parser = field)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(super) fn run(config: &Config, question: &Question) -> Result<(), CliError> {
    let settings = super::settings(config)?;
    for name in &question.scopes {
        if let Some(fault) = settings.rules().scopes().unknown(name) {
            return Err(CliError::Usage(fault));
        }
    }
    let session = Arc::new(question.session(&settings));
    say!("{}", question.sentence(&session))?;
    match question.judged(&settings, &session) {
        Ok((judged, rule)) => {
            let (permitted, form) = match &judged {
                Authorised::Permitted(permitted) => (Some(permitted), ""),
                Authorised::Form(_) => (None, ", if its form names no other tenant"),
            };
            say!("allowed{form}")?;
            if let Some(rule) = rule {
                say!("  by {}", place(config, rule, "allow"))?;
            }
            if let Some(host) = permitted.and_then(|permitted| permitted.upstream_host()) {
                say!("  to the host {host}")?;
            }
            Ok(())
        }
        Err((denied, rule)) => {
            say!("refused: {} ({})", denied.refusal, denied.status)?;
            say!("  {}", denied.detail)?;
            if let Some(rule) = rule {
                say!("  by {}", place(config, rule, "deny"))?;
            }
            Err(CliError::Failed("the request would be refused"))
        }
    }
}

type Judged<'r> = Result<(Authorised, Option<Rule<'r>>), (Denied, Option<Rule<'r>>)>;

impl Question {
    fn session(&self, settings: &GatewaySettings) -> KnownSession {
        let path = self.path.split('?').next().unwrap_or_default();
        let named = settings.rules().tenant_named_by(path);
        let tenant = self.tenant.clone();
        let tenant = tenant.or_else(|| named.and_then(|named| named.parse().ok()));
        KnownSession::supposed(
            tenant.unwrap_or_else(example_tenant),
            self.organization.clone(),
            &self.scopes,
        )
    }

    fn sentence(&self, session: &KnownSession) -> String {
        let scopes: Vec<_> = self.scopes.iter().map(ScopeName::as_str).collect();
        let organization = session.organization_id.as_ref();
        let organization =
            organization.map_or_else(String::new, |id| format!(", organization {id}"));
        format!(
            "{} {}\n  in a support session of tenant {}{organization} with {}",
            self.method,
            self.path,
            session.tenant_id,
            scopes.join(", ")
        )
    }

    fn judged<'r>(&self, settings: &'r GatewaySettings, session: &Arc<KnownSession>) -> Judged<'r> {
        let plain = |refusal, detail: String| (Denied::new(refusal, detail), None);
        let method = Method::from_bytes(self.method.as_bytes())
            .map_err(|_| plain(Refusal::MalformedRequest, "Not a valid method.".into()))?;
        let target = CanonicalTarget::parse_odd(self.path.as_bytes())
            .map_err(|error| plain(Refusal::AmbiguousPath, error.to_string()))?;
        let mut headers: HeaderMap = self.headers.iter().cloned().collect();
        let host = self.host.as_deref().or(settings.own_host());
        if let Some(Ok(host)) = host.map(HeaderValue::from_str) {
            headers.insert(header::HOST, host);
        }
        let path = target.path().to_owned();
        let ruling = settings.rules().ruling(session, &method, &path);
        let request = CanonicalRequest {
            method,
            target,
            headers,
        };
        match (settings.authorise(session, request), ruling) {
            (Ok(judged), Ruling::Allowed(grant)) => Ok((judged, Some(grant.rule))),
            (Ok(judged), _) => Ok((judged, None)),
            (Err(denied), Ruling::Denied(rule)) if denied.refusal == Refusal::OutOfScope => {
                Err((denied, Some(rule)))
            }
            (Err(denied), _) => Err((denied, None)),
        }
    }
}

/// The rule as people find it in the file.
fn place(config: &Config, rule: Rule<'_>, kind: &str) -> String {
    let index = config.scopes.iter().position(|s| s.name == *rule.scope);
    let key = index.map(|index| format!("scopes[{index}].{kind}[{}]", rule.index));
    let place = key.and_then(|key| config.file.as_ref()?.place(&key));
    let place = place.map_or_else(
        || "built in".to_owned(),
        |place| format!("{kind}[{}], {place}", rule.index),
    );
    format!("scope {}: {} ({place})", rule.scope, rule.pattern)
}

#[expect(clippy::unwrap_used, reason = "a constant")]
fn example_tenant() -> TenantId {
    "example".parse().unwrap()
}

fn field(text: &str) -> Result<(HeaderName, HeaderValue), &'static str> {
    let (name, value) = text.split_once(':').ok_or("must be \"name: value\"")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| "is not a valid header name")?;
    let value = value
        .trim()
        .parse()
        .map_err(|_| "is not a valid header value")?;
    Ok((name, value))
}
