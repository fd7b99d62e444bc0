//! The input for creating a support session, and its rules.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    REASON_MAX, REASON_MIN, TICKET_MAX, TTL_DEFAULT, TTL_MAX, TTL_MIN, limits::parse_idle,
};
use crate::domain::{
    OrganizationId,
    problem::{FieldProblems, Problem},
    scopes::{InvalidScopeName, ScopeName},
    text::clean,
};

/// The input for creating a support session, as submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupportSessionForm {
    /// The reason, 10–500 characters after trimming.
    pub reason: String,
    /// Minutes, as typed; empty means the default.
    pub ttl_minutes: String,
    /// Names of scopes; none means `read_only`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The organization's identifier; empty means the whole tenant.
    #[serde(default)]
    pub organization_id: String,
    /// The ticket; empty means none.
    #[serde(default)]
    pub ticket: String,
    /// Minutes without a request after which the session ends, as typed; empty means never.
    #[serde(default)]
    pub idle_minutes: String,
    /// Whether only requests from the creator's IP address are allowed.
    #[serde(default)]
    pub creator_ip_only: bool,
    /// Made by the server when the form was shown: a second submit with the same key changes nothing.
    #[serde(default)]
    pub idempotency_key: String,
}

/// A form that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    pub fn validate(&self, require_ticket: bool) -> Result<NewSupportSession, Problem> {
        let mut problems = FieldProblems::default();
        let reason = problems.take("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true));
        let ttl = problems.take("ttl_minutes", parse_ttl(&self.ttl_minutes));
        let scopes = problems.take("scopes", parse_scopes(&self.scopes));
        let organization_id = match self.organization_id.trim() {
            "" => None,
            id => problems.take("organization_id", id.parse()),
        };
        let min = usize::from(require_ticket);
        let ticket = problems.take("ticket", clean(&self.ticket, min, TICKET_MAX, false));
        let idle_minutes = problems.take("idle_minutes", parse_idle(&self.idle_minutes));
        problems.finish()?;
        Ok(NewSupportSession {
            reason: reason.unwrap_or_default(),
            ttl: ttl.unwrap_or_default(),
            scopes: scopes.unwrap_or_default(),
            organization_id,
            ticket: ticket.filter(|t| !t.is_empty()),
            idle_minutes: idle_minutes.flatten(),
            creator_ip_only: self.creator_ip_only,
        })
    }
}

/// A time-to-live as typed: whole minutes from 1 to 60; empty means the default.
pub fn parse_ttl(text: &str) -> Result<TimeDelta, String> {
    let minutes = match text.trim() {
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

/// A reason for a revocation: optional, at most 500 characters.
pub fn validate_revocation_reason(text: &str) -> Result<Option<String>, Problem> {
    clean(text, 0, REASON_MAX, true)
        .map(|reason| Some(reason).filter(|r| !r.is_empty()))
        .map_err(|e| Problem::invalid_field("reason", e))
}
