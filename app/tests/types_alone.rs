//! What other Rust code relies on: the types compile without features, and read and write the
//! JSON of the REST interface byte for byte.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

use std::fmt::Debug;

use app::domain::{
    access_log::AccessLogEntry,
    audit::AuditEvent,
    page::Page,
    problem::Problem,
    support_sessions::{SupportSession, SupportSessionForm},
    telemetry::{IngestReport, RequestRecord},
    tenants::{Organization, OrganizationRegistration, Tenant, TenantHealth, TenantRegistration},
    user_sessions::{
        ForceLogoutResult, UserSession, UserSessionIntrospection, UserSessionQuery,
        UserSessionRegistration,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// Reads `json` and writes it again.
#[track_caller]
fn round_trips<T: Serialize + DeserializeOwned + Debug>(json: &str) {
    let json: String = json.lines().map(str::trim).collect();
    let value: T = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
}

#[track_caller]
fn refuses<T: DeserializeOwned + Debug>(json: &str, named: &str) {
    let error = serde_json::from_str::<T>(json).unwrap_err().to_string();
    assert!(error.contains(named), "{error}");
}

#[test]
fn tenants_and_organizations_keep_their_json() {
    round_trips::<Tenant>(
        r#"{"id":"harbor-finch","slug":"harbor-finch","name":"Harbor & Finch","status":"trial",
        "type":null,"country":null,"plan":"Business","region":null,"contact":null,"created_at":"2025-03-14T00:00:00Z"}"#,
    );
    round_trips::<TenantRegistration>(
        r#"{"slug":"acme","name":"Acme","status":"active","type":null,"country":null,"plan":null,"region":"EU",
        "contact":null,"created_at":null}"#,
    );
    round_trips::<Organization>(
        r#"{"id":"Org.1:x","name":"Legal","slug":"legal","status":"suspended",
        "created_at":"2025-03-14T00:00:00Z"}"#,
    );
    round_trips::<OrganizationRegistration>(
        r#"{"name":"Legal","slug":"legal","status":"active","created_at":"2025-03-14T00:00:00Z"}"#,
    );
    round_trips::<TenantHealth>(
        r#"{"tenant":{"id":"acme","slug":"acme","name":"Acme","status":"onboarding","type":null,"country":null,"plan":null,
        "region":null,"contact":null,"created_at":"2025-03-14T00:00:00Z"},
        "signals":{"health":"unknown","since":"2026-11-22T09:40:00Z","last_seen":null,
        "calls_24h":0,"errors_24h":0,"updated_at":"2026-11-22T12:04:31Z"},
        "cause":{"kind":"never_called"}}"#,
    );
}

#[test]
fn support_sessions_and_access_logs_keep_their_json() {
    round_trips::<SupportSession>(
        r#"{"id":"01937e2c-7b6a-7cc0-8000-000000000001","tenant_id":"acme","tenant_name":"Acme",
        "organization_id":"org-1","staff_id":"01937e2c-7b6a-7cc0-8000-000000000002",
        "staff_name":"Mina","scopes":["attestations:write","read_only"],
        "reason":"Attestations fail","ticket":"INC-1","ip":"203.0.113.24","user_agent":"curl/8",
        "issued_at":"2026-11-22T10:00:00Z","expires_at":"2026-11-22T10:15:00Z",
        "revocation":{"at":"2026-11-22T10:05:00Z","by":null,"by_name":"Support Console",
        "reason":null},"requests_forwarded":38,"requests_refused":1,"rule_set":"9f86d08",
        "limits":{"requests_total":10000,"requests_per_minute":null,"idle_minutes":5,
        "idle_ends_at":"2026-11-22T10:05:00Z","creator_ip_only":true}}"#,
    );
    round_trips::<AccessLogEntry>(
        r#"{"request_id":"01937e2c-7b6a-7cc0-8000-000000000003",
        "support_session_id":"01937e2c-7b6a-7cc0-8000-000000000001","seq":4,"method":"GET",
        "path":"/v1/exports","query":"a=b","status":403,"outcome":"refused",
        "refusal":"out_of_scope","ip":"203.0.113.24","user_agent":"curl/8",
        "at":"2026-11-22T10:01:00.214Z","duration_ms":3,"request_bytes":0,"response_bytes":null,"scope":"read_only",
        "upgrade":null,"profile":"nginx","reported_at":"2026-11-22T10:01:01.500Z"}"#,
    );
    round_trips::<SupportSessionForm>(
        r#"{"reason":"Attestations fail","ttl_minutes":"15","scopes":["read_only"],
        "organization_id":"","ticket":"","idle_minutes":"5","creator_ip_only":true,"idempotency_key":"k"}"#,
    );
}

#[test]
fn audit_events_write_instants_with_six_digits() {
    round_trips::<AuditEvent>(
        r#"{"v":1,"chain":"tenant:acme","seq":7,"prev":"00","id":"01937e2c-7b6a-7cc0-8000-000000000004",
        "tenant_id":"acme","category":"support_session","action":"support_session.created",
        "actor":{"type":"staff","id":"01937e2c-7b6a-7cc0-8000-000000000002","name":"Mina"},
        "resource_type":"support_session","resource_id":"01937e2c-7b6a-7cc0-8000-000000000001",
        "outcome":"success","occurred_at":"2026-11-22T10:00:00.000000Z",
        "recorded_at":"2026-11-22T10:00:00.000001Z","request_id":null,"ip":"::1",
        "user_agent":null,"metadata":{"reason":"ñ","ttl_minutes":15},"hash":"sha256:ab"}"#,
    );
}

#[test]
fn user_sessions_keep_their_json() {
    round_trips::<UserSessionRegistration>(
        r#"{"user":"u-1","issued_at":"2026-11-22T10:00:00Z","expires_at":"2026-11-22T18:00:00Z"}"#,
    );
    round_trips::<UserSession>(
        r#"{"id":"s-1","tenant_id":"acme","user":"u-1","issued_at":"2026-11-22T10:00:00Z",
        "expires_at":"2026-11-22T18:00:00Z","ended_at":null}"#,
    );
    round_trips::<UserSessionQuery>(r#"{"tenant_id":"acme","user_session_id":"s-1"}"#);
    // RFC 7662 §2.2: nothing but `active` when it is not.
    round_trips::<UserSessionIntrospection>(r#"{"active":false}"#);
    round_trips::<ForceLogoutResult>(
        r#"{"tenant_id":"acme","ended":214,"at":"2026-11-22T10:00:00Z",
        "audit_event_id":"01937e2c-7b6a-7cc0-8000-000000000005"}"#,
    );
}

#[test]
fn telemetry_may_leave_out_what_is_optional() {
    let record: RequestRecord =
        serde_json::from_str(r#"{"tenant_id":"acme","at":"2026-11-22T10:00:00Z","status":200}"#)
            .unwrap();
    assert_eq!(record.count, 1);
    round_trips::<RequestRecord>(
        r#"{"tenant_id":"acme","at":"2026-11-22T10:00:00Z","status":503,"count":2,"method":"GET",
        "path":"/v1","duration_ms":9,"request_id":"r"}"#,
    );
    round_trips::<IngestReport>(
        r#"{"accepted":2,"support_traffic":1,
        "rejected":[{"index":3,"field":"status","message":"must be 100 to 599"}],
        "repeated":false}"#,
    );
}

#[test]
fn problems_and_pages_keep_their_json() {
    round_trips::<Problem>(
        r#"{"code":"invalid_input","detail":"reason: is too short.",
        "fields":[{"field":"reason","message":"is too short"}],"request_id":"r"}"#,
    );
    round_trips::<Page<String>>(
        r#"{"items":["a"],"previous_cursor":null,"next_cursor":"n","last_cursor":"l","total":9,
        "first_row":1}"#,
    );
}

#[test]
fn unknown_fields_wrong_types_and_wrong_words_are_refused_by_name() {
    let registration =
        |extra: &str| format!(r#"{{"slug":"acme","name":"Acme","status":"active"{extra}}}"#);
    refuses::<TenantRegistration>(&registration(r#","owner":"x""#), "owner");
    refuses::<TenantRegistration>(r#"{"slug":1,"name":"A","status":"active"}"#, "string");
    refuses::<TenantRegistration>(r#"{"slug":"a","name":"A","status":"gone"}"#, "gone");
    refuses::<UserSessionQuery>(
        r#"{"tenant_id":"../x","user_session_id":"s"}"#,
        "1 to 128 characters",
    );
}
