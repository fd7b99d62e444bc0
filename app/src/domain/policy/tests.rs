//! The whole policy as a text that is reviewed: `matrix.txt` beside this file.

use std::fmt::Write as _;

use uuid::Uuid;

use super::*;
use crate::domain::{ApiKeyId, StaffSessionId, SupportSessionId};

const NOW: &str = "2026-11-22T12:00:00Z";

fn staff_id(number: u128) -> StaffId {
    StaffId::from_uuid(Uuid::from_u128(number))
}

fn staff(roles: &[Role], signed_in: &str) -> StaffCaller {
    StaffCaller {
        staff_id: staff_id(1),
        name: "Ana".into(),
        roles: roles.to_vec(),
        staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(3)),
        signed_in_at: signed_in.parse().unwrap(),
        must_change_password: false,
    }
}

fn key(tenant: Option<&str>, rights: &[ApiRight]) -> Caller {
    Caller::Key(KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::from_u128(4)),
        name: "a key".into(),
        tenant_id: tenant.map(|id| id.parse().unwrap()),
        rights: rights.to_vec(),
    })
}

fn support(tenant: &str, organization: Option<&str>, expires_at: &str) -> Caller {
    Caller::Support(SupportCaller {
        support_session_id: SupportSessionId::from_uuid(Uuid::from_u128(5)),
        tenant_id: tenant.parse().unwrap(),
        organization_id: organization.map(|id| id.parse().unwrap()),
        staff_id: staff_id(1),
        staff_name: "Ana".into(),
        expires_at: expires_at.parse().unwrap(),
    })
}

fn callers() -> Vec<(&'static str, Caller)> {
    const JUST_NOW: &str = "2026-11-22T11:50:00.000001Z";
    const TEN_MINUTES_AGO: &str = "2026-11-22T11:50:00Z";
    let must_change_password = StaffCaller {
        must_change_password: true,
        ..staff(&[Role::SuperAdmin], JUST_NOW)
    };
    let all_but_read = [
        ApiRight::RegisterTenants,
        ApiRight::SendTelemetry,
        ApiRight::ForceLogout,
        ApiRight::IntrospectIdentities,
        ApiRight::CompleteAccessLog,
    ];
    vec![
        ("anonymous", Caller::Anonymous),
        ("staff, no role", Caller::Staff(staff(&[], JUST_NOW))),
        (
            "super admin, must change password",
            Caller::Staff(must_change_password),
        ),
        (
            "support admin",
            Caller::Staff(staff(&[Role::SupportAdmin], JUST_NOW)),
        ),
        (
            "support admin, signed in 10 min ago",
            Caller::Staff(staff(&[Role::SupportAdmin], TEN_MINUTES_AGO)),
        ),
        (
            "super admin",
            Caller::Staff(staff(&[Role::SuperAdmin], JUST_NOW)),
        ),
        (
            "super admin, signed in 10 min ago",
            Caller::Staff(staff(&[Role::SuperAdmin], TEN_MINUTES_AGO)),
        ),
        ("platform key, no right", key(None, &[])),
        ("platform key, read", key(None, &[ApiRight::Read])),
        ("platform key, all but read", key(None, &all_but_read)),
        ("key of acme, every right", key(Some("acme"), ApiRight::ALL)),
        ("key of borg, every right", key(Some("borg"), ApiRight::ALL)),
        (
            "support session in acme",
            support("acme", None, "2026-11-22T12:00:00.000001Z"),
        ),
        (
            "support session in borg",
            support("borg", None, "2026-11-22T12:00:00.000001Z"),
        ),
        (
            "support session in acme, of x",
            support("acme", Some("x"), "2026-11-22T12:00:00.000001Z"),
        ),
        (
            "support session in acme, expired",
            support("acme", None, NOW),
        ),
        (
            "command line",
            Caller::Cli {
                user: "root".into(),
            },
        ),
        ("system", Caller::System),
    ]
}

fn acts(tenant: &TenantId) -> Vec<(&'static str, Act<'_>)> {
    let (own, others) = (staff_id(1), staff_id(2));
    vec![
        ("read all tenants", Act::ReadTenants),
        ("read tenant acme", Act::ReadTenant(tenant)),
        ("read all support sessions", Act::ReadSupportSessions),
        (
            "read support sessions of acme",
            Act::ReadSupportSessionsOf(tenant),
        ),
        ("create support session", Act::CreateSupportSession),
        (
            "revoke one's own support session",
            Act::RevokeSupportSession(own),
        ),
        (
            "revoke another's support session",
            Act::RevokeSupportSession(others),
        ),
        (
            "revoke selected support sessions",
            Act::RevokeSelectedSessions,
        ),
        ("replace one's own token", Act::ReplaceToken(own)),
        ("replace another's token", Act::ReplaceToken(others)),
        ("open one's own tenant", Act::OpenTenant(own)),
        ("open another's tenant", Act::OpenTenant(others)),
        ("raise one's own budget", Act::RaiseBudget(own)),
        ("raise another's budget", Act::RaiseBudget(others)),
        ("force logout", Act::ForceLogout),
        ("read audit log of acme", Act::ReadAuditOf(tenant)),
        ("read audit log of all tenants", Act::ReadAuditOfAllTenants),
        ("read system audit log", Act::ReadSystemAudit),
        ("register tenants", Act::RegisterTenants),
        ("send telemetry", Act::SendTelemetry),
        ("introspect identities", Act::IntrospectIdentities),
        (
            "introspect an identity of acme",
            Act::IntrospectIdentityOf(tenant),
        ),
        ("complete the access log", Act::CompleteAccessLog),
        ("read staff", Act::ReadStaff),
        ("manage staff", Act::ManageStaff),
        ("manage keys", Act::ManageKeys),
        ("probe the gateway", Act::ProbeGateway),
        ("manage retention", Act::ManageRetention),
    ]
}

fn matrix() -> String {
    let acme = "acme".parse().unwrap();
    let mut matrix = String::new();
    for (act, what) in acts(&acme) {
        writeln!(matrix, "{act}").unwrap();
        for (caller, who) in callers() {
            let answer = match authorise(&who, what, NOW.parse().unwrap()) {
                Ok(()) => "yes".to_owned(),
                Err(problem) => format!("no: {}", problem.code.as_str()),
            };
            writeln!(matrix, "    {caller:36} {answer}").unwrap();
        }
    }
    matrix
}

/// After a change that is meant: `UPDATE_MATRIX=1 cargo test -p app policy`, and review the file.
/// The run that writes it fails, because the previous text is compiled in. The next one passes.
#[test]
fn the_policy_is_as_reviewed() {
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/domain/policy/matrix.txt");
        std::fs::write(path, matrix()).unwrap();
    }
    assert_eq!(matrix(), include_str!("matrix.txt"));
}
