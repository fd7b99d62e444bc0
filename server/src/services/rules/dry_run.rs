//! Judges recorded requests again.

use std::sync::Arc;

use app::domain::{
    StaffId,
    access_log::{Refusal, RequestOutcome},
    rules::{DRY_RUN_LISTED, DryRun, DryRunChange},
};
use gateway::{
    canonical::CanonicalTarget,
    ports::{KnownLimits, KnownSession},
    rules::{Authorised, CanonicalRequest, Denied, Judge, RuleSet},
};
use http::{HeaderMap, HeaderValue, Method, header};
use store::access_log::MadeRequest;
use uuid::Uuid;

/// Headers are not recorded, so requests are judged as if `Host` was the gateway's.
const HOST: &str = "gateway";

/// Counts what other rules change.
pub(super) struct Trial {
    in_force: Arc<RuleSet>,
    changed: Arc<RuleSet>,
    hosts: [String; 1],
    result: DryRun,
}

impl Trial {
    pub(super) fn new(in_force: Arc<RuleSet>, changed: Arc<RuleSet>) -> Self {
        let result = DryRun {
            hash: changed.hash().to_owned(),
            requests: 0,
            unchanged: 0,
            newly_refused: 0,
            newly_permitted: 0,
            not_judged: 0,
            changes: Vec::new(),
            warnings: changed.scopes().warnings(),
        };
        Self {
            in_force,
            changed,
            hosts: [HOST.to_owned()],
            result,
        }
    }

    pub(super) fn result(self) -> DryRun {
        self.result
    }

    pub(super) fn judge(&mut self, made: MadeRequest) {
        self.result.requests += 1;
        let was_refused = made.outcome == RequestOutcome::Refused;
        let again = request(&made).filter(|_| !was_refused || is_of_rules(made.refusal));
        let Some((session, request)) = again else {
            self.result.not_judged += 1;
            return;
        };
        // It was refused for something that is not recorded, such as another tenant's name in the
        // header.
        let would_pass = || {
            self.decide(&self.in_force, &session, request.clone())
                .is_ok()
        };
        if was_refused && would_pass() {
            self.result.not_judged += 1;
            return;
        }
        match (was_refused, self.decide(&self.changed, &session, request)) {
            (false, Ok(_)) | (true, Err(_)) => self.result.unchanged += 1,
            (false, Err(denied)) => {
                self.result.newly_refused += 1;
                self.list(made, Some(denied.refusal), denied.detail.into_owned());
            }
            (true, Ok(because)) => {
                self.result.newly_permitted += 1;
                self.list(made, None, because);
            }
        }
    }

    fn decide(
        &self,
        rules: &Arc<RuleSet>,
        session: &Arc<KnownSession>,
        request: CanonicalRequest,
    ) -> Result<String, Denied> {
        let judge = Judge {
            hosts: &self.hosts,
            rules,
            earlier: None,
        };
        Ok(match judge.authorise(session, request)? {
            Authorised::Permitted(permitted) => permitted.scope().to_string(),
            Authorised::Form(form) => {
                format!("{}, if its form names no other tenant", form.scope())
            }
        })
    }

    fn list(&mut self, made: MadeRequest, refusal: Option<Refusal>, because: String) {
        if self.result.changes.len() < DRY_RUN_LISTED {
            self.result.changes.push(DryRunChange {
                request_id: made.request_id,
                support_session_id: made.support_session_id,
                tenant_id: made.tenant_id,
                at: made.at,
                method: made.method,
                path: made.path,
                refusal,
                because,
            });
        }
    }
}

/// Whether a refusal depends on the rules.
const fn is_of_rules(refusal: Option<Refusal>) -> bool {
    matches!(
        refusal,
        Some(
            Refusal::OutOfScope
                | Refusal::WrongTenant
                | Refusal::WrongOrganization
                | Refusal::OrganizationNotConfinable
        )
    )
}

/// The recorded parts of the request.
fn request(made: &MadeRequest) -> Option<(Arc<KnownSession>, CanonicalRequest)> {
    let target = match &made.query {
        Some(query) => format!("{}?{query}", made.path),
        None => made.path.clone(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static(HOST));
    let request = CanonicalRequest {
        method: Method::from_bytes(made.method.as_bytes()).ok()?,
        target: CanonicalTarget::parse_odd(target.as_bytes()).ok()?,
        headers,
    };
    let session = KnownSession {
        id: made.support_session_id,
        token_hash: [0; 32],
        tenant_id: made.tenant_id.clone(),
        organization_id: made.organization_id.clone(),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: String::new(),
        scopes: made.scopes.clone(),
        rule_set: String::new(),
        expires_at: made.at,
        ended: None,
        limits: KnownLimits::default(),
    };
    Some((Arc::new(session), request))
}
