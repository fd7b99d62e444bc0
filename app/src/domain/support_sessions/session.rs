//! A support session, from what a person fills in to what is granted and recorded.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{
    REASON_MAX, REASON_MIN, Revocation, SessionLimits, TICKET_MAX, TTL_DEFAULT, TTL_MAX, TTL_MIN,
    idle_end,
    limits::{ascii_digits, parse_idle},
};
use crate::domain::{
    AuditEventId, OrganizationId, StaffId, SupportSessionId, TenantId, Timestamp,
    problem::{FieldProblems, Problem},
    scopes::{InvalidScopeName, ScopeName},
    shown::in_sentence,
    text::clean,
};

/// The input for creating a support session, as submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SupportSessionForm {
    /// The reason, 10–500 characters after trimming.
    pub reason: String,
    /// Minutes, as typed; empty means the default.
    pub ttl_minutes: String,
    /// Names of scopes; none means `read_only`.
    pub scopes: Vec<String>,
    /// The organization's identifier, or its name; empty means the whole tenant.
    pub organization_id: String,
    /// The ticket; empty means none.
    pub ticket: String,
    /// Minutes without a request after which the session ends, as typed; empty means never.
    pub idle_minutes: String,
    /// Whether only requests from the creator's IP address are allowed.
    pub creator_ip_only: bool,
    /// Made by the server when the form was shown: a second submit with the same key changes nothing.
    pub idempotency_key: String,
}

/// A form that has been checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSupportSession {
    /// The reason, trimmed and valid.
    pub reason: String,
    /// How long the session lasts.
    pub ttl: TimeDelta,
    /// At least one scope, sorted, each once.
    pub scopes: Vec<ScopeName>,
    /// The organization that access is restricted to, if any.
    pub organization_id: Option<OrganizationId>,
    /// The ticket, if one was given.
    pub ticket: Option<String>,
    /// Minutes without a request after which the session ends.
    pub idle_minutes: Option<u64>,
    /// Whether only requests from the creator's IP address are allowed.
    pub creator_ip_only: bool,
}

impl SupportSessionForm {
    /// Checks every field: the reason has at least 10 characters, the TTL is 1–60 minutes (15 by
    /// default), scopes default to `read_only`.
    ///
    /// `organization` is what the server has found for [`Self::organization_id`]. The browser, which can't look it up, gives
    /// `Ok(None)`.
    pub fn validate(
        &self,
        require_ticket: bool,
        organization: Result<Option<OrganizationId>, String>,
    ) -> Result<NewSupportSession, Problem> {
        let mut problems = FieldProblems::default();
        let min = usize::from(require_ticket);
        let new = NewSupportSession {
            reason: problems.checked("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true)),
            ttl: problems.checked("ttl_minutes", parse_ttl(&self.ttl_minutes)),
            scopes: problems.checked("scopes", parse_scopes(&self.scopes)),
            organization_id: problems.checked("organization_id", organization),
            ticket: Some(problems.checked("ticket", clean(&self.ticket, min, TICKET_MAX, false)))
                .filter(|ticket| !ticket.is_empty()),
            idle_minutes: problems.checked("idle_minutes", parse_idle(&self.idle_minutes)),
            creator_ip_only: self.creator_ip_only,
        };
        problems.finish()?;
        Ok(new)
    }
}

/// Whom a support session is granted to, where, and what the configuration adds to it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the fields are those of `SupportSession`")]
pub struct Grant {
    pub id: SupportSessionId,
    pub tenant_id: TenantId,
    pub tenant_name: String,
    pub staff_id: StaffId,
    pub staff_name: String,
    pub ip: String,
    pub user_agent: String,
    pub rule_set: String,
    pub requests_total: Option<u64>,
    pub requests_per_minute: Option<u64>,
}

impl NewSupportSession {
    /// The session that is granted at `now`.
    pub fn grant(self, to: Grant, now: Timestamp) -> SupportSession {
        let expires_at = now + self.ttl;
        SupportSession {
            id: to.id,
            tenant_id: to.tenant_id,
            tenant_name: to.tenant_name,
            organization_id: self.organization_id,
            staff_id: to.staff_id,
            staff_name: to.staff_name,
            scopes: self.scopes,
            reason: self.reason,
            ticket: self.ticket,
            ip: to.ip,
            user_agent: to.user_agent,
            issued_at: now,
            expires_at,
            revocation: None,
            requests_forwarded: 0,
            requests_refused: 0,
            rule_set: to.rule_set,
            limits: SessionLimits {
                requests_total: to.requests_total,
                requests_per_minute: to.requests_per_minute,
                idle_minutes: self.idle_minutes,
                idle_ends_at: self
                    .idle_minutes
                    .map(|idle| idle_end(now, idle, expires_at)),
                creator_ip_only: self.creator_ip_only,
            },
        }
    }
}

/// A time-limited, scoped, recorded grant for one staff member to act in one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupportSession {
    /// The session's ID, made by our server.
    pub id: SupportSessionId,
    /// The tenant the session grants access to.
    pub tenant_id: TenantId,
    /// The name of that tenant.
    pub tenant_name: String,
    /// If set, access is restricted to this organization's data.
    pub organization_id: Option<OrganizationId>,
    /// The staff member who acts ("Platform user ID").
    pub staff_id: StaffId,
    /// That staff member's name at the time.
    pub staff_name: String,
    /// The scopes granted, at least one.
    pub scopes: Vec<ScopeName>,
    /// Why the session was created.
    pub reason: String,
    /// The ticket this belongs to.
    pub ticket: Option<String>,
    /// The IP address of the staff member who created the session.
    pub ip: String,
    /// The browser or client that the staff member used.
    pub user_agent: String,
    /// When the session was created.
    pub issued_at: DateTime<Utc>,
    /// When the session expires automatically.
    pub expires_at: DateTime<Utc>,
    /// The early end, if there was one.
    pub revocation: Option<Revocation>,
    /// How many requests were forwarded in it.
    pub requests_forwarded: u64,
    /// How many requests were refused in it.
    pub requests_refused: u64,
    /// The gateway's rules under which it was created: their SHA-256 in hexadecimal. Empty without a
    /// gateway.
    #[serde(default)]
    pub rule_set: String,
    /// The limits beside TTL and scopes.
    #[serde(default)]
    pub limits: SessionLimits,
}

/// What the audit log tells of a support session that was created.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(
    missing_docs,
    reason = "metadata is documented where tenants look for it"
)]
pub struct SessionCreated {
    pub reason: String,
    pub scopes: Vec<ScopeName>,
    pub ttl_minutes: i64,
    pub expires_at: Timestamp,
    pub organization_id: Option<OrganizationId>,
    pub ticket: Option<String>,
    pub rule_set: String,
    pub idle_minutes: Option<u64>,
    pub creator_ip_only: bool,
    pub requests_total: Option<u64>,
    pub requests_per_minute: Option<u64>,
    /// Left out where the holder is the actor.
    #[serde(flatten)]
    pub holder: Option<SessionHolder>,
}

/// Who holds the support session that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionHolder {
    /// The identifier.
    pub staff_id: StaffId,
    /// The name.
    pub staff_name: String,
}

impl From<&SupportSession> for SessionHolder {
    fn from(session: &SupportSession) -> Self {
        Self {
            staff_id: session.staff_id,
            staff_name: session.staff_name.clone(),
        }
    }
}

impl SupportSession {
    /// What was not used of a form that was sent again with other content, in words.
    pub fn unused_of(&self, again: &NewSupportSession) -> Vec<String> {
        let scopes = |scopes: &[ScopeName]| scopes.iter().cloned().collect::<BTreeSet<_>>();
        let used = [
            ("reason", self.reason == again.reason),
            ("duration", self.expires_at - self.issued_at == again.ttl),
            ("ticket", self.ticket == again.ticket),
            ("scopes", scopes(&self.scopes) == scopes(&again.scopes)),
            (
                "organization",
                self.organization_id == again.organization_id,
            ),
            ("idle limit", self.limits.idle_minutes == again.idle_minutes),
            (
                "limit to your IP address",
                self.limits.creator_ip_only == again.creator_ip_only,
            ),
        ];
        let unused = used.into_iter().filter(|(_, is_used)| !is_used);
        unused.map(|(name, _)| name.to_owned()).collect()
    }

    /// What the audit log tells of its creation.
    pub fn created(&self, holder: Option<SessionHolder>) -> SessionCreated {
        SessionCreated {
            reason: self.reason.clone(),
            scopes: self.scopes.clone(),
            ttl_minutes: (self.expires_at - self.issued_at).num_minutes(),
            expires_at: self.expires_at,
            organization_id: self.organization_id.clone(),
            ticket: self.ticket.clone(),
            rule_set: self.rule_set.clone(),
            idle_minutes: self.limits.idle_minutes,
            creator_ip_only: self.limits.creator_ip_only,
            requests_total: self.limits.requests_total,
            requests_per_minute: self.limits.requests_per_minute,
            holder,
        }
    }
}

/// A time-to-live as typed: whole minutes from 1 to 60; empty means the default.
pub fn parse_ttl(text: &str) -> Result<TimeDelta, String> {
    let minutes = match ascii_digits(text.trim()).as_str() {
        "" => Ok(TTL_DEFAULT),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(drop),
        _ => Err(()),
    };
    match minutes {
        Ok(minutes) if (TTL_MIN..=TTL_MAX).contains(&minutes) => Ok(TimeDelta::minutes(minutes)),
        _ => Err(format!(
            "must be a whole number of minutes from {TTL_MIN} to {TTL_MAX}"
        )),
    }
}

fn parse_scopes(names: &[String]) -> Result<Vec<ScopeName>, InvalidScopeName> {
    let mut scopes = names
        .iter()
        .filter(|name| !name.is_empty())
        .map(|name| name.parse())
        .collect::<Result<Vec<ScopeName>, _>>()?;
    if scopes.is_empty() {
        scopes.push(ScopeName::read_only());
    }
    scopes.sort();
    scopes.dedup();
    Ok(scopes)
}

/// What a person fills in to revoke a support session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevokeForm {
    /// Why; may be empty.
    pub reason: String,
    /// The page to go on to.
    pub next: String,
}

impl SupportSession {
    /// One name for it wherever it is spoken of: `Ida Brandt’s session in Acme`.
    pub fn in_words(&self) -> String {
        format!(
            "{}’s session in {}",
            in_sentence(&self.staff_name),
            in_sentence(&self.tenant_name)
        )
    }

    /// Enough of its ID to know it by. Those of one minute begin alike.
    pub fn short_id(&self) -> String {
        let id = self.id.to_string();
        id.chars().skip(id.len().saturating_sub(12)).collect()
    }
}

/// A reason for a revocation: optional, at most 500 characters.
pub fn validate_revocation_reason(text: &str) -> Result<Option<String>, Problem> {
    clean(text, 0, REASON_MAX, true)
        .map(|reason| Some(reason).filter(|r| !r.is_empty()))
        .map_err(|e| Problem::invalid_field("reason", e))
}

/// The answer to a revocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RevokeAnswer {
    /// The session as it is now.
    pub session: SupportSession,
    /// The event that says so.
    pub audit_event_id: AuditEventId,
}

/// The answer to a form that raises a budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetAnswer {
    /// The session with its total as it is now.
    pub session: SupportSession,
    /// The event that says so. `None` if the total was as high before: nothing was done now.
    pub audit_event_id: Option<AuditEventId>,
}
