//! The policy as a table for people: for each act and each kind of caller, what [`authorise`] answers.

use uuid::Uuid;

use super::{Act, RECENT_SIGN_IN, authorise};
use crate::domain::{
    ApiKeyId, StaffId, StaffSessionId, SupportSessionId, TenantId, Timestamp,
    api_keys::ApiRight,
    caller::{Caller, KeyCaller, StaffCaller, SupportCaller},
    staff::Role,
};

/// A kind of caller, which has a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// A staff member with this role and no other.
    Staff(Role),
    /// A key of the platform, with the rights that the act needs.
    PlatformKey,
    /// A key of the tenant that the act is about, alike.
    TenantKey,
    /// A support session in that tenant.
    SupportSession,
    /// The command line of the server.
    CommandLine,
}

impl Column {
    /// Every column, in order.
    pub const ALL: [Self; 6] = [
        Self::Staff(Role::SupportAdmin),
        Self::Staff(Role::SuperAdmin),
        Self::PlatformKey,
        Self::TenantKey,
        Self::SupportSession,
        Self::CommandLine,
    ];

    /// Its heading.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Staff(role) => role.label(),
            Self::PlatformKey => "Platform key",
            Self::TenantKey => "Tenant’s key",
            Self::SupportSession => "Support session",
            Self::CommandLine => "Command line",
        }
    }
}

/// What the policy answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Yes.
    Yes,
    /// Yes, with a sign-in that is recent enough.
    AfterRecentSignIn,
    /// Yes, with this right.
    WithRight(ApiRight),
    /// No.
    No,
}

/// An act, and what the policy answers to each kind of caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The act, for people.
    pub act: &'static str,
    /// The answers, in the order of [`Column::ALL`].
    pub answers: [Permission; 6],
}

/// Who asks in the table.
const SELF: StaffId = StaffId::from_uuid(Uuid::nil());
/// Someone else, who holds a support session.
const OTHER: StaffId = StaffId::from_uuid(Uuid::max());

/// Every act with its name for people. An act on a support session is there twice: on one's own and on another's.
pub fn acts(tenant: &TenantId) -> Vec<(&'static str, Act<'_>)> {
    let on_sessions = |act: fn(StaffId) -> Act<'static>| [act(SELF), act(OTHER)];
    let mut acts = vec![
        Act::ReadTenants,
        Act::ReadTenant(tenant),
        Act::ReadSupportSessions,
        Act::ReadSupportSessionsOf(tenant),
        Act::CreateSupportSession,
    ];
    acts.extend(on_sessions(Act::RevokeSupportSession));
    acts.push(Act::RevokeSelectedSessions);
    acts.extend(on_sessions(Act::ReplaceToken));
    acts.extend(on_sessions(Act::OpenTenant));
    acts.extend(on_sessions(Act::RaiseBudget));
    acts.extend([
        Act::ForceLogout,
        Act::ReadAuditOf(tenant),
        Act::ReadAuditOfAllTenants,
        Act::ReadSystemAudit,
        Act::RegisterTenants,
        Act::SendTelemetry,
        Act::IntrospectIdentities,
        Act::IntrospectIdentityOf(tenant),
        Act::CompleteAccessLog,
        Act::ManageTenants,
        Act::ReadStaff,
        Act::ManageStaff,
        Act::ManageOwnSignIns,
        Act::ReadKeys,
        Act::ManageKeys,
        Act::ReadSettings,
        Act::ProbeGateway,
        Act::ManageRetention,
    ]);
    acts.into_iter().map(|act| (name(act), act)).collect()
}

/// A new act needs its name here, and its place in [`acts`].
fn name(act: Act<'_>) -> &'static str {
    match act {
        Act::ReadTenants => "See all tenants and their health",
        Act::ReadTenant(_) => "See a tenant",
        Act::ReadSupportSessions => "See the support sessions and access logs of all tenants",
        Act::ReadSupportSessionsOf(_) => "See the support sessions and access logs of a tenant",
        Act::CreateSupportSession => "Create a support session",
        Act::RevokeSupportSession(SELF) => "Revoke one’s own support session",
        Act::RevokeSupportSession(_) => "Revoke another’s support session",
        Act::RevokeSelectedSessions => "Revoke several support sessions at once",
        Act::ReplaceToken(SELF) => "Replace the token of one’s own support session",
        Act::ReplaceToken(_) => "Replace the token of another’s support session",
        Act::OpenTenant(SELF) => "Enter the tenant of one’s own support session in a browser",
        Act::OpenTenant(_) => "Enter the tenant of another’s support session in a browser",
        Act::RaiseBudget(SELF) => "Raise the budget of one’s own support session",
        Act::RaiseBudget(_) => "Raise the budget of another’s support session",
        Act::ForceLogout => "Force logout of a tenant",
        Act::ReadAuditOf(_) => "Read and export a tenant’s audit log",
        Act::ReadAuditOfAllTenants => "Read and export the audit logs of all tenants",
        Act::ReadSystemAudit => "Read and export audit events without a tenant",
        Act::RegisterTenants => "Register tenants, organizations and user sessions",
        Act::SendTelemetry => "Send telemetry",
        Act::IntrospectIdentities => "Check identities that the gateway signed",
        Act::IntrospectIdentityOf(_) => "Check an identity that was signed for a tenant",
        Act::CompleteAccessLog => "Report how forwarded requests ended",
        Act::ManageTenants => "Change tenants, their organizations and settings",
        Act::ReadStaff => "See staff members",
        Act::ManageStaff => "Manage staff members",
        Act::ManageOwnSignIns => "See and end one’s own sign-ins",
        Act::ReadKeys => "See API keys",
        Act::ManageKeys => "Create, rotate and revoke API keys",
        Act::ReadSettings => "See settings",
        Act::ManageRetention => "Delete, archive and hold records",
        Act::ProbeGateway => "Test whether the upstream keeps tenants apart",
    }
}

/// The whole policy.
pub fn matrix() -> Vec<Row> {
    let Ok(tenant) = "tenant".parse() else {
        return Vec::new();
    };
    let rows = acts(&tenant).into_iter().map(|(name, act)| Row {
        act: name,
        answers: Column::ALL.map(|column| answer(column, act, &tenant)),
    });
    rows.collect()
}

fn answer(column: Column, act: Act<'_>, tenant: &TenantId) -> Permission {
    let now = Timestamp::UNIX_EPOCH;
    let may = |caller: &Caller| authorise(caller, act, now).is_ok();
    match column {
        Column::Staff(role) => {
            let staff = |signed_in_at| Caller::Staff(staff(role, signed_in_at));
            match (may(&staff(now - RECENT_SIGN_IN)), may(&staff(now))) {
                (true, _) => Permission::Yes,
                (false, true) => Permission::AfterRecentSignIn,
                (false, false) => Permission::No,
            }
        }
        Column::PlatformKey => with_right(|right| may(&key(None, right))),
        Column::TenantKey => with_right(|right| may(&key(Some(tenant), right))),
        Column::SupportSession => yes_or_no(may(&support(tenant, now))),
        Column::CommandLine => yes_or_no(may(&Caller::Cli {
            user: String::new(),
        })),
    }
}

fn with_right(may: impl Fn(ApiRight) -> bool) -> Permission {
    let right = ApiRight::ALL.iter().copied().find(|right| may(*right));
    right.map_or(Permission::No, Permission::WithRight)
}

const fn yes_or_no(may: bool) -> Permission {
    match may {
        true => Permission::Yes,
        false => Permission::No,
    }
}

fn staff(role: Role, signed_in_at: Timestamp) -> StaffCaller {
    StaffCaller {
        staff_id: SELF,
        name: String::new(),
        roles: vec![role],
        staff_session_id: StaffSessionId::from_uuid(Uuid::nil()),
        signed_in_at,
        must_change_password: false,
    }
}

fn key(tenant: Option<&TenantId>, right: ApiRight) -> Caller {
    Caller::Key(KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::nil()),
        name: String::new(),
        tenant_id: tenant.cloned(),
        rights: vec![right],
        requests_per_minute: None,
    })
}

fn support(tenant: &TenantId, now: Timestamp) -> Caller {
    Caller::Support(SupportCaller {
        support_session_id: SupportSessionId::from_uuid(Uuid::nil()),
        tenant_id: tenant.clone(),
        organization_id: None,
        staff_id: SELF,
        staff_name: String::new(),
        expires_at: now + RECENT_SIGN_IN,
    })
}
