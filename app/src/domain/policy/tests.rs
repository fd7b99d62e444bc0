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
        staff_id: staff_id(0),
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
        requests_per_minute: None,
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

fn matrix() -> String {
    let acme = "acme".parse().unwrap();
    let mut matrix = String::new();
    for (act, what) in acts(&acme) {
        writeln!(matrix, "{act}").unwrap();
        for (caller, who) in callers() {
            let answer = match authorise(&who, what, NOW.parse().unwrap()) {
                Ok(()) => "yes".to_owned(),
                Err(problem) if problem.code == ProblemCode::Forbidden => {
                    format!("no: {}", problem.detail)
                }
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

#[test]
fn every_refusal_names_the_role_the_right_or_the_place_that_the_act_needs() {
    let acme = "acme".parse().unwrap();
    let roles = Role::ALL.iter().map(|role| role.as_str());
    let rights = ApiRight::ALL.iter().map(|right| right.as_str());
    let others = ["holder", "command line", "organization"];
    let names: Vec<_> = roles.chain(rights).chain(others).collect();
    for (act, what) in acts(&acme) {
        for (caller, who) in callers() {
            let answer = authorise(&who, what, NOW.parse().unwrap());
            if let Err(problem) = answer
                && problem.code == ProblemCode::Forbidden
            {
                let detail = &problem.detail;
                let is_named = names.iter().any(|name| detail.contains(name));
                assert!(is_named, "{act}, {caller}: {detail}");
            }
        }
    }
}

#[test]
fn the_table_for_people_answers_as_the_policy_does() {
    let table = super::matrix();
    let acme = "acme".parse().unwrap();
    assert_eq!(table.len(), acts(&acme).len());
    let answers = |act: &str| {
        let row = table.iter().find(|row| row.act == act);
        row.unwrap_or_else(|| panic!("{act}")).answers
    };
    let (yes, no, recent) = (
        Permission::Yes,
        Permission::No,
        Permission::AfterRecentSignIn,
    );
    let read = Permission::WithRight(ApiRight::Read);
    let see = answers("See a tenant");
    assert_eq!(see, [yes, yes, read, read, yes, yes]);
    let revoke = answers("Revoke another’s support session");
    assert_eq!(revoke, [no, yes, no, no, no, yes]);
    let raise = answers("Raise the budget of one’s own support session");
    assert_eq!(raise, [no, no, no, no, no, yes]);
    let keys = answers("Create, rotate and revoke API keys");
    assert_eq!(keys, [no, recent, no, no, no, yes]);
    let logout = answers("Force logout of a tenant");
    let with_right = Permission::WithRight(ApiRight::ForceLogout);
    assert_eq!(logout, [recent, recent, with_right, no, no, yes]);
}
