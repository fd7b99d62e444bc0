//! The support sessions with which an operator tests that the upstream keeps tenants apart.
//!
//! The command line opens them in the name of a staff member, for a few minutes and requests. They
//! are audited and recorded like any other.

use app::domain::{
    SupportSessionId, TenantId,
    caller::Context,
    policy::Act,
    problem::Problem,
    scopes::ScopeName,
    staff::StaffMember,
    support_sessions::{Grant, NewSupportSession, SupportSession},
};
use chrono::TimeDelta;
use gateway::token::{Token, TokenKind};
use store::support_sessions::SupportSessionSecrets;

use super::{SupportSessionsService, create::Added};
use crate::services::{ServiceError, tenants::find_tenant};

/// How long such a session lasts if it isn't ended: a little longer than a probe.
const LASTS: TimeDelta = TimeDelta::minutes(5);
/// How many requests it may make, more than any probe needs.
const REQUESTS: u64 = 100;
/// The reason, as shown to tenants.
const REASON: &str = "Gateway probe: whether the platform keeps tenants apart";

impl SupportSessionsService {
    /// Opens a support session for a probe, held by `staff`.
    ///
    /// # Errors
    ///
    /// If the caller is not the command line, a scope or the tenant does not exist, or the staff
    /// member may open no support session.
    pub async fn open_for_probe(
        &self,
        context: &Context,
        staff: &StaffMember,
        tenant: &TenantId,
        scopes: &[ScopeName],
    ) -> Result<(SupportSession, Token), ServiceError> {
        self.core.authorise(context, Act::ProbeGateway)?;
        self.check_scopes(scopes)?;
        let stored = find_tenant(&self.core, tenant).await?;
        let token = Token::generate(TokenKind::SupportSession, &*self.core.entropy);
        let new = NewSupportSession {
            reason: REASON.to_owned(),
            ttl: LASTS,
            scopes: scopes.to_vec(),
            ..NewSupportSession::default()
        };
        let to = Grant {
            id: SupportSessionId::from_uuid(self.core.new_uuid()),
            tenant_id: tenant.clone(),
            tenant_name: stored.tenant.name,
            staff_id: staff.id,
            staff_name: staff.name.clone(),
            ip: String::new(),
            user_agent: "support-console gateway probe".to_owned(),
            rule_set: self.settings.rule_set.clone(),
            requests_total: Some(REQUESTS),
            requests_per_minute: None,
        };
        let session = new.grant(to, self.core.now());
        let secrets = SupportSessionSecrets {
            token_hash: *token.hash().as_bytes(),
            idempotency_key: self.core.new_uuid().to_string(),
        };
        match self.add(context, session, secrets).await? {
            Added::New(session, _) => Ok((session, token)),
            Added::Before(_) => Err(Problem::forbidden("This was already opened.").into()),
        }
    }
}
