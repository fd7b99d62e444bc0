//! Every action as tenants see it: `metadata.txt` beside this file, and the table in
//! `docs/audit-format.md`.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::domain::{
    access_log::{DirectionTally, UpgradeTally},
    audit::{AuditOutcome, ResourceKind},
    tenants::{OrganizationStatus, TenantStatus},
};

fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

fn staff_id() -> StaffId {
    StaffId::from_uuid(Uuid::from_u128(1))
}

fn read_only() -> ScopeName {
    "read_only".parse().unwrap()
}

fn holder() -> SessionHolder {
    SessionHolder {
        staff_id: staff_id(),
        staff_name: "Ana".into(),
    }
}

fn changed() -> FieldChanges {
    let change = FieldChange {
        from: json!(null),
        to: json!("b"),
    };
    FieldChanges::from([("name".to_owned(), change)])
}

fn tally() -> DirectionTally {
    DirectionTally {
        frames: 1,
        bytes: 2,
        sha256: "ab".into(),
    }
}

/// At least one of each action, and one of each form that its metadata takes.
fn samples() -> Vec<AuditAction> {
    let mut samples = of_support_sessions();
    samples.extend(of_requests());
    samples.extend(of_the_platform());
    samples.extend(of_links());
    samples.extend(of_the_console());
    samples.extend(of_keys());
    samples.extend(of_retention());
    for action in [
        AuditAction::IdentityKeyAdded,
        AuditAction::IdentityKeyPromoted,
        AuditAction::IdentityKeyRemoved,
    ] {
        samples.push(action(KeyRotation::Begun { at_once: false }));
        let why = "a file is missing".to_owned();
        samples.push(action(KeyRotation::Failed { why }));
    }
    samples
}

fn of_keys() -> Vec<AuditAction> {
    vec![
        AuditAction::ApiKeyCreated {
            name: "reader".into(),
            rights: vec![ApiRight::Read],
            expires_at: None,
            allowed_addresses: Vec::new(),
            requests_per_minute: None,
        },
        AuditAction::ApiKeyCreated {
            name: "reader".into(),
            rights: vec![ApiRight::Read],
            expires_at: Some(at("12:00:00")),
            allowed_addresses: vec!["203.0.113.0/24".parse().unwrap()],
            requests_per_minute: Some(600),
        },
        AuditAction::ApiKeyRotated {
            name: "reader".into(),
            previous_until: at("12:00:00"),
            expires_at: None,
        },
        AuditAction::ApiKeyRevoked {
            name: "reader".into(),
        },
    ]
}

fn of_retention() -> Vec<AuditAction> {
    let reason = || "a dispute".to_owned();
    vec![
        AuditAction::SupportSessionDeleted {
            created_at: at("12:00:00"),
            requests: 7,
            holder: holder(),
        },
        AuditAction::TenantLegalHoldPlaced { reason: reason() },
        AuditAction::TenantLegalHoldReleased { reason: reason() },
        AuditAction::AuditArchived {
            before: at("00:00:00"),
            events: 41,
            sha256: "ab".into(),
            unsound: vec!["tenant:acme".into()],
        },
        AuditAction::AuditPruned {
            before: at("00:00:00"),
            last_seq: 41,
            last_hash: "sha256:ab".into(),
        },
    ]
}

fn of_support_sessions() -> Vec<AuditAction> {
    let created = |holder| {
        AuditAction::SupportSessionCreated(SessionCreated {
            reason: "Exports fail".into(),
            scopes: vec![read_only()],
            ttl_minutes: 15,
            expires_at: at("12:15:00.000001"),
            organization_id: None,
            ticket: Some("INC-1".into()),
            rule_set: "abc".into(),
            idle_minutes: None,
            creator_ip_only: false,
            requests_total: Some(10_000),
            requests_per_minute: Some(600),
            holder,
        })
    };
    vec![
        created(None),
        created(Some(holder())),
        AuditAction::SupportSessionTokenReplaced {},
        AuditAction::SupportSessionOpenedInBrowser {},
        AuditAction::SupportSessionBudgetRaised {
            requests_total: 20_000,
            requests_total_before: 10_000,
            requests_forwarded: 10_000,
            reason: "Many pages".into(),
            holder: holder(),
        },
        AuditAction::SupportSessionRevoked {
            reason: None,
            holder: holder(),
            revoked_by: Some(staff_id()),
            revoked_by_name: "Ana".into(),
        },
        AuditAction::SupportSessionExpired {
            expired_at: at("12:05:00"),
            was_due_at: at("12:05:00.5"),
            cause: ExpiryCause::Idle,
            idle_minutes: Some(5),
            holder: holder(),
        },
    ]
}

fn of_requests() -> Vec<AuditAction> {
    vec![
        AuditAction::SupportSessionRequest {
            seq: 1,
            method: "GET".into(),
            path: "/v1/users".into(),
            query: Some("page=2".into()),
            scope: Some(read_only()),
            left_out: Vec::new(),
        },
        AuditAction::SupportSessionRequest {
            seq: 2,
            method: "GET".into(),
            path: "/v1/users".into(),
            query: None,
            scope: Some(read_only()),
            left_out: vec!["x-client-version".into()],
        },
        AuditAction::SupportSessionRequestRefused {
            seq: 2,
            method: "DELETE".into(),
            path: "/v1/users".into(),
            query: None,
            status: 403,
            refusal: Refusal::OutOfScope,
        },
        AuditAction::SupportSessionResponse(RecordedResponse::Relayed(RequestEnd {
            status: Some(101),
            outcome: RequestOutcome::Done,
            refusal: None,
            duration_ms: Some(12),
            request_bytes: Some(0),
            response_bytes: Some(512),
            upgrade: Some(UpgradeTally {
                to_upstream: tally(),
                to_client: tally(),
            }),
        })),
        AuditAction::SupportSessionResponse(RecordedResponse::Reported {
            status: 200,
            outcome: RequestOutcome::Done,
            duration_ms: 12,
            response_bytes: 512,
            reported_by: ForwardAuthProfile::Nginx,
        }),
        AuditAction::SupportSessionResponse(RecordedResponse::Unknown {
            outcome: RequestOutcome::Unknown,
        }),
    ]
}

fn of_the_platform() -> Vec<AuditAction> {
    vec![
        AuditAction::UserSessionsForceLogout { ended: 3 },
        AuditAction::TenantRegistered(Tenant {
            id: "acme".parse().unwrap(),
            slug: "acme".into(),
            name: "Acme".into(),
            status: TenantStatus::Trial,
            kind: None,
            country: Some("NO".into()),
            plan: None,
            region: Some("eu".into()),
            contact: None,
            created_at: at("12:00:00"),
        }),
        AuditAction::TenantChanged {
            changed: changed(),
            reason: Some("a reason".into()),
        },
        AuditAction::OrganizationRegistered(Organization {
            id: "north".parse().unwrap(),
            name: "North".into(),
            slug: "north".into(),
            status: OrganizationStatus::Active,
            created_at: at("12:00:00"),
        }),
        AuditAction::OrganizationChanged {
            changed: changed(),
            reason: Some("a reason".into()),
        },
    ]
}

fn of_links() -> Vec<AuditAction> {
    vec![
        AuditAction::StaffInvited {
            email: "ana@example.com".into(),
            name: "Ana".into(),
            roles: vec![Role::SupportAdmin],
            expires_at: at("12:00:00"),
        },
        AuditAction::StaffLinkMade {
            email: "ana@example.com".into(),
            purpose: LinkPurpose::Reset,
            expires_at: at("12:00:00"),
            ended: 1,
        },
        AuditAction::StaffLinkRevoked {
            email: "ana@example.com".into(),
            purpose: LinkPurpose::Invitation,
        },
        AuditAction::StaffSignInsEnded {
            email: "ana@example.com".into(),
            ended: 2,
        },
        AuditAction::StaffLinkUsed {
            purpose: LinkPurpose::Invitation,
        },
    ]
}

fn of_the_console() -> Vec<AuditAction> {
    let email = || "ana@example.com".to_owned();
    vec![
        AuditAction::StaffAdded {
            email: email(),
            name: "Ana".into(),
            roles: vec![Role::SupportAdmin],
        },
        AuditAction::StaffRolesChanged {
            email: email(),
            from: vec![Role::SupportAdmin],
            to: vec![Role::SuperAdmin],
        },
        AuditAction::StaffDeactivated { email: email() },
        AuditAction::StaffReactivated { email: email() },
        AuditAction::StaffPasswordReset {
            email: email(),
            must_change: true,
        },
        AuditAction::StaffPasswordChanged {
            staff_sessions_ended: 2,
        },
        AuditAction::StaffSignedIn {
            method: ProofMethod::Password,
        },
        AuditAction::StaffSignInFailed {
            why: SignInFailure::WrongPassword,
            left_out: 0,
        },
        AuditAction::StaffSignInsCounted(CountedSignIns {
            count: 190,
            first_at: at("12:00:10"),
            last_at: at("12:09:59"),
            networks: vec![NetworkCount {
                network: "203.0.113.0/24".into(),
                count: 190,
            }],
            elsewhere: 0,
            node: "a".into(),
        }),
        AuditAction::StaffSignedOut {
            everywhere: false,
            ended: 1,
        },
        AuditAction::AuditExported {
            format: ExportFormat::JsonLines,
            filter: AuditFilter {
                outcome: Some(AuditOutcome::Failure),
                from: Some(at("12:00:00.25")),
                ..AuditFilter::default()
            },
        },
        AuditAction::ListExported {
            list: ExportedList::SupportSessions,
            format: ExportFormat::Csv,
            filter: "time=today".into(),
            from: Some(at("00:00:00")),
            to: None,
        },
        AuditAction::StoreBackedUp {
            file: "2026-11-22.db".into(),
            keys: false,
        },
        AuditAction::StoreRestored {
            epoch: 3,
            seen: Some(StoreMark {
                epoch: Some(2),
                change: 40,
            }),
            found: StoreMark {
                epoch: None,
                change: 12,
            },
        },
    ]
}

/// The names of an action's metadata, with a question mark after those that not every form has.
fn members(samples: &[AuditAction], name: &str) -> String {
    let mut members = BTreeMap::<String, usize>::new();
    let samples = samples.iter().filter(|sample| sample.kind().name == name);
    let forms = samples.clone().count();
    assert!(forms > 0, "no sample of {name}");
    for sample in samples {
        let metadata = serde_json::to_value(sample).unwrap();
        for name in metadata.as_object().unwrap().keys() {
            *members.entry(name.clone()).or_default() += 1;
        }
    }
    let members = members.into_iter().map(|(name, count)| {
        let mark = if count < forms { "?" } else { "" };
        format!("`{name}`{mark}")
    });
    members.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_documentation_lists_every_action() {
    let samples = samples();
    let mut table = String::from("| action | category | resource | meaning | metadata |\n");
    table.push_str("|---|---|---|---|---|\n");
    for kind in AuditAction::ALL {
        let (name, category, resource) = (kind.name, kind.category, kind.resource_type);
        let (meaning, members) = (kind.meaning, members(&samples, name));
        let row = format!("| `{name}` | `{category}` | `{resource}` | {meaning} | {members} |");
        writeln!(table, "{}", row.replace("|  |", "| |")).unwrap();
    }
    let documentation = include_str!("../../../../../docs/audit-format.md");
    assert!(
        documentation.contains(&table),
        "docs/audit-format.md must contain\n{table}"
    );
}

#[test]
fn metadata_is_written_as_reviewed() {
    let mut told = String::new();
    for sample in samples() {
        let metadata = serde_json::to_value(&sample).unwrap();
        writeln!(told, "{} {metadata}", sample.kind().name).unwrap();
    }
    assert_eq!(told, include_str!("metadata.txt"));
}

#[test]
fn people_have_a_name_for_what_each_action_is_done_to() {
    for kind in AuditAction::ALL {
        let resource = kind.resource_type.parse::<ResourceKind>();
        assert!(resource.is_ok(), "{}", kind.resource_type);
    }
}
