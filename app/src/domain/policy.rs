//! The permissions of each caller. One function, printed whole as a reviewed test snapshot.

mod matrix;
mod refusal;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    StaffId, TenantId, Timestamp,
    api_keys::ApiRight,
    caller::{Caller, KeyCaller, StaffCaller, SupportCaller},
    problem::{Problem, ProblemCode},
    staff::Role,
};

pub use self::matrix::{Column, Permission, Row, acts, matrix};

/// For how long after a sign-in the acts with consequences are allowed.
pub const RECENT_SIGN_IN: TimeDelta = TimeDelta::minutes(10);

/// An action, with everything the decision depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// See every tenant, its health and its organizations.
    ReadTenants,
    /// Read one tenant's data.
    ReadTenant(&'a TenantId),
    /// See support sessions and access logs of all tenants.
    ReadSupportSessions,
    /// See support sessions and access logs of one tenant.
    ReadSupportSessionsOf(&'a TenantId),
    /// Open a support session.
    CreateSupportSession,
    /// End a support session held by this staff member.
    RevokeSupportSession(StaffId),
    /// End several support sessions at once, of anyone.
    RevokeSelectedSessions,
    /// Have the token of a support session held by this staff member replaced.
    ReplaceToken(StaffId),
    /// Open the tenant of a support session held by this staff member in a browser.
    OpenTenant(StaffId),
    /// Raise the total of requests of a support session held by this staff member.
    RaiseBudget(StaffId),
    /// End all user sessions of a tenant.
    ForceLogout,
    /// Read and export the audit log of one tenant.
    ReadAuditOf(&'a TenantId),
    /// Read and export the audit events of every tenant.
    ReadAuditOfAllTenants,
    /// Read and export audit events without a tenant.
    ReadSystemAudit,
    /// Register tenants, organizations and user sessions, and introspect user sessions.
    RegisterTenants,
    /// Change tenants, their organizations, their lifecycle and their settings in the console.
    ManageTenants,
    /// Send records of API calls.
    SendTelemetry,
    /// Ask whether identities that the gateway has signed are still good.
    IntrospectIdentities,
    /// Introspect an identity that was signed for a request in one tenant.
    IntrospectIdentityOf(&'a TenantId),
    /// Tell how requests ended that a proxy carried.
    CompleteAccessLog,
    /// See staff members, their roles, sign-ins and invitations.
    ReadStaff,
    /// Add staff members, change their roles, deactivate them.
    ManageStaff,
    /// See and end the sign-ins of one's own.
    ManageOwnSignIns,
    /// See the keys of the REST interface, without their secrets.
    ReadKeys,
    /// Make, rotate and revoke keys.
    ManageKeys,
    /// See how the console is configured.
    ReadSettings,
    /// Delete, archive and hold what is recorded, as the rules of retention say.
    ManageRetention,
    /// Open support sessions in a staff member's name to try whether the upstream keeps tenants apart.
    ProbeGateway,
}

/// Whether `caller` may do `act` at `now`, or the problem to answer with.
pub fn authorise(caller: &Caller, act: Act<'_>, now: Timestamp) -> Result<(), Problem> {
    match caller {
        Caller::Anonymous => Err(unauthenticated()),
        Caller::System | Caller::Cli { .. } => Ok(()),
        Caller::Staff(staff) => authorise_staff(staff, act, now),
        Caller::Key(key) => authorise_key(key, act),
        Caller::Support(support) => authorise_support(support, act, now),
    }
}

fn authorise_staff(staff: &StaffCaller, act: Act<'_>, now: Timestamp) -> Result<(), Problem> {
    if staff.must_change_password {
        return Err(Problem::new(
            ProblemCode::PasswordChangeRequired,
            "Change your password first.",
        ));
    }
    if !staff_may(&staff.roles, staff.staff_id, act) {
        return Err(refusal::of_staff(staff, act));
    }
    if needs_recent_sign_in(act) && now >= staff.signed_in_at + RECENT_SIGN_IN {
        return Err(Problem::new(
            ProblemCode::SignInTooOld,
            "Sign in again. You must have signed in within the last 10 minutes.",
        ));
    }
    Ok(())
}

/// Whether these roles allow an act to a staff member.
fn staff_may(roles: &[Role], staff_id: StaffId, act: Act<'_>) -> bool {
    let is_super_admin = roles.contains(&Role::SuperAdmin);
    if !is_super_admin && !roles.contains(&Role::SupportAdmin) {
        return false;
    }
    match act {
        Act::ReadTenants
        | Act::ReadTenant(_)
        | Act::ReadSupportSessions
        | Act::ReadSupportSessionsOf(_)
        | Act::CreateSupportSession
        | Act::ForceLogout
        | Act::ReadAuditOf(_)
        | Act::ReadAuditOfAllTenants
        | Act::ManageOwnSignIns => true,
        Act::RevokeSupportSession(holder) => is_super_admin || holder == staff_id,
        Act::ReplaceToken(holder) | Act::OpenTenant(holder) => holder == staff_id,
        // The holder of a session uses its budget, so someone else must raise it.
        Act::RaiseBudget(holder) => is_super_admin && holder != staff_id,
        Act::RevokeSelectedSessions
        | Act::ReadSystemAudit
        | Act::ManageTenants
        | Act::ReadStaff
        | Act::ManageStaff
        | Act::ReadKeys
        | Act::ManageKeys
        | Act::ReadSettings => is_super_admin,
        Act::RegisterTenants
        | Act::SendTelemetry
        | Act::IntrospectIdentities
        | Act::IntrospectIdentityOf(_)
        | Act::ProbeGateway
        | Act::ManageRetention
        | Act::CompleteAccessLog => false,
    }
}

const fn needs_recent_sign_in(act: Act<'_>) -> bool {
    matches!(
        act,
        Act::CreateSupportSession
            | Act::ForceLogout
            | Act::ManageTenants
            | Act::ManageStaff
            | Act::ManageKeys
    )
}

fn authorise_key(key: &KeyCaller, act: Act<'_>) -> Result<(), Problem> {
    let has = |right| key.rights.contains(&right);
    let covers = |tenant: &TenantId| key.tenant_id.as_ref().is_none_or(|own| own == tenant);
    match act {
        // A tenant key gets the same answer for another tenant's data as for data that doesn't
        // exist.
        Act::ReadTenant(tenant) | Act::ReadSupportSessionsOf(tenant) | Act::ReadAuditOf(tenant)
            if has(ApiRight::Read) && !covers(tenant) =>
        {
            return Err(Problem::not_found("tenant"));
        }
        Act::IntrospectIdentityOf(tenant)
            if has(ApiRight::IntrospectIdentities) && !covers(tenant) =>
        {
            return Err(Problem::not_found("tenant"));
        }
        _ => {}
    }
    match key_may(key, act) {
        true => Ok(()),
        false => Err(refusal::of_key(key, act)),
    }
}

/// Whether a key's rights allow an act, wherever it reaches.
fn key_may(key: &KeyCaller, act: Act<'_>) -> bool {
    let has = |right| key.rights.contains(&right);
    let is_platform = key.tenant_id.is_none();
    match act {
        Act::ReadTenant(_) | Act::ReadSupportSessionsOf(_) | Act::ReadAuditOf(_) => {
            has(ApiRight::Read)
        }
        Act::ReadTenants
        | Act::ReadSupportSessions
        | Act::ReadAuditOfAllTenants
        | Act::ReadSystemAudit => is_platform && has(ApiRight::Read),
        Act::RegisterTenants => is_platform && has(ApiRight::RegisterTenants),
        Act::SendTelemetry => is_platform && has(ApiRight::SendTelemetry),
        Act::ForceLogout => is_platform && has(ApiRight::ForceLogout),
        Act::IntrospectIdentities | Act::IntrospectIdentityOf(_) => {
            has(ApiRight::IntrospectIdentities)
        }
        Act::CompleteAccessLog => is_platform && has(ApiRight::CompleteAccessLog),
        // No support session without a staff member behind it.
        Act::CreateSupportSession
        | Act::RevokeSupportSession(_)
        | Act::RevokeSelectedSessions
        | Act::ReplaceToken(_)
        | Act::OpenTenant(_)
        | Act::RaiseBudget(_)
        | Act::ReadStaff
        | Act::ManageTenants
        | Act::ManageStaff
        | Act::ReadKeys
        | Act::ManageOwnSignIns
        | Act::ManageKeys
        | Act::ReadSettings
        | Act::ManageRetention
        | Act::ProbeGateway => false,
    }
}

/// A support session reads what its tenant's own key reads, and does nothing. Whether it may make the
/// request at all is decided before, by its scopes.
fn authorise_support(support: &SupportCaller, act: Act<'_>, now: Timestamp) -> Result<(), Problem> {
    if now >= support.expires_at {
        return Err(unauthenticated());
    }
    let (Act::ReadTenant(tenant) | Act::ReadSupportSessionsOf(tenant) | Act::ReadAuditOf(tenant)) =
        act
    else {
        return Err(refusal::of_support(act));
    };
    // None of these records says which organization it is about.
    if support.organization_id.is_some() {
        return Err(Problem::forbidden(
            "This can't be restricted to the support session's organization.",
        ));
    }
    if support.tenant_id != *tenant {
        return Err(Problem::not_found("tenant"));
    }
    Ok(())
}

/// What a caller may do with an active support session, so that pages offer nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those acts")]
pub struct SessionActs {
    pub revoke: bool,
    pub replace_token: bool,
    pub raise_budget: bool,
}

impl SessionActs {
    /// With the session that `holder` has.
    pub fn of(caller: &Caller, holder: StaffId, now: Timestamp) -> Self {
        let may = |act| authorise(caller, act, now).is_ok();
        Self {
            revoke: may(Act::RevokeSupportSession(holder)),
            replace_token: may(Act::ReplaceToken(holder)),
            raise_budget: may(Act::RaiseBudget(holder)),
        }
    }
}

/// The answer to a caller that has not been established.
pub fn unauthenticated() -> Problem {
    Problem::new(ProblemCode::Unauthenticated, "Sign in or send a valid key.")
}

#[cfg(test)]
mod tests;
