//! Callers, forms and records as tests use them.

use super::*;

pub(crate) fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn staff_id(number: u128) -> StaffId {
    StaffId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn tenant(id: &str) -> TenantId {
    id.parse().unwrap()
}

pub(crate) fn from_address(caller: Caller, ip: &str) -> Context {
    let origin = Origin {
        ip: Some(ip.into()),
        user_agent: Some("curl/8".into()),
        request_id: Some("01937e2c-7b6a-7cc0-8000-000000000001".into()),
        zone: None,
    };
    Context { caller, origin }
}

pub(super) fn context(caller: Caller) -> Context {
    from_address(caller, ADDRESS)
}

pub(crate) fn anonymous() -> Context {
    context(Caller::Anonymous)
}

pub(crate) fn cli() -> Context {
    Context {
        caller: Caller::Cli {
            user: "root".into(),
        },
        origin: Origin::default(),
    }
}

/// A staff member who signed in at `signed_in_at`.
pub(crate) fn staff(number: u128, roles: &[Role], signed_in_at: Timestamp) -> Context {
    context(Caller::Staff(StaffCaller {
        staff_id: staff_id(number),
        name: format!("staff{number}"),
        roles: roles.to_vec(),
        staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(number)),
        signed_in_at,
        must_change_password: false,
    }))
}

pub(crate) fn support_admin(number: u128) -> Context {
    staff(number, &[Role::SupportAdmin], noon())
}

pub(crate) fn super_admin(number: u128) -> Context {
    staff(number, &[Role::SuperAdmin], noon())
}

/// A key of one tenant or of the platform.
pub(crate) fn key_with(tenant_id: Option<&str>, rights: &[ApiRight]) -> Context {
    context(Caller::Key(KeyCaller {
        id: ApiKeyId::from_uuid(Uuid::from_u128(9)),
        name: "key".into(),
        tenant_id: tenant_id.map(tenant),
        rights: rights.to_vec(),
        requests_per_minute: None,
    }))
}

/// A key with every right, of one tenant or of the platform.
pub(crate) fn key(tenant_id: Option<&str>) -> Context {
    key_with(tenant_id, ApiRight::ALL)
}

/// A platform key with every right.
pub(crate) fn platform_key() -> Context {
    key(None)
}

/// The problem with which a use case was refused.
pub(crate) fn problem_of<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Problem {
    match result {
        Err(ServiceError::Refused(problem)) => problem,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

pub(crate) fn code_of<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> ProblemCode {
    problem_of(result).code
}

/// `calls` calls with one status.
pub(crate) fn calls(of: &str, at: Timestamp, status: u16, count: u32) -> RequestRecord {
    RequestRecord {
        tenant_id: tenant(of),
        at,
        status,
        count,
        method: None,
        path: None,
        duration_ms: None,
        request_id: None,
    }
}

pub(crate) fn registration(slug: &str, name: &str) -> TenantRegistration {
    TenantRegistration {
        slug: slug.into(),
        name: name.into(),
        status: TenantStatus::Active,
        kind: None,
        country: None,
        plan: None,
        region: None,
        contact: None,
        created_at: None,
    }
}

pub(crate) fn form() -> SupportSessionForm {
    SupportSessionForm {
        reason: "Attestations fail with 503".into(),
        ..SupportSessionForm::default()
    }
}

/// A support session that was just opened.
pub(crate) struct Opened {
    pub(crate) id: SupportSessionId,
    pub(crate) token: String,
    pub(crate) token_hash: [u8; 32],
}

/// A request in a support session of the first staff member in `acme`.
pub(crate) fn intent(
    request_id: RequestId,
    session: SupportSessionId,
    token_hash: [u8; 32],
    at: Timestamp,
) -> Intent {
    Intent {
        request_id,
        support_session_id: session,
        token_hash,
        tenant_id: tenant("acme"),
        staff_id: staff_id(1),
        staff_name: "staff1".into(),
        method: "GET".into(),
        path: "/v1/feed".into(),
        query: None,
        scope: None,
        left_out: Vec::new(),
        free: 0,
        profile: None,
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: String::new(),
        at,
    }
}
