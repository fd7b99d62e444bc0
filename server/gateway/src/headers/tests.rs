use app::domain::{StaffId, SupportSessionId};
use uuid::Uuid;

use super::*;

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn forwarded(rules: &RequestHeaders, client: &HeaderMap) -> HeaderMap {
    let session = KnownSession {
        token_hash: [0; 32],
        id: SupportSessionId::from_uuid(Uuid::nil()),
        tenant_id: "acme".parse().unwrap(),
        organization_id: Some("eu".parse().unwrap()),
        staff_id: StaffId::from_uuid(Uuid::nil()),
        staff_name: "Ada".into(),
        scopes: vec!["read_only".parse().unwrap(), "x:y".parse().unwrap()],
        rule_set: String::new(),
        expires_at: chrono::DateTime::UNIX_EPOCH,
        ended: None,
        limits: crate::ports::KnownLimits::default(),
    };
    let id = RequestId::from_uuid(Uuid::max());
    rules.forwarded(
        client,
        &session,
        id,
        &HeaderValue::from_static("upstream:1"),
    )
}

fn names(headers: &HeaderMap) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_a_client_says_about_identity_never_passes() {
    // Even a list that names everything lets none of these pass.
    let client = map(&[
        ("host", "bolt.example"),
        ("authorization", "Bearer scst_x"),
        ("cookie", "a=b"),
        ("proxy-authorization", "Basic x"),
        ("x-api-key", "k"),
        ("support-session", "x"),
        ("support-tenant", "bolt"),
        ("support-organization", "us"),
        ("support-staff", "x"),
        ("support-scopes", "admin"),
        ("support-identity", "x"),
        ("support_identity", "x"),
        ("support.identity", "x"),
        ("support-future", "x"),
        ("support_tenant", "bolt"),
        ("support.tenant", "bolt"),
        ("x-request-id", "mine"),
        ("x_request_id", "mine"),
        ("x-http-method-override", "DELETE"),
        ("x-original-url", "/admin"),
        ("x-forwarded-host", "bolt"),
        ("upgrade", "websocket"),
        ("keep-alive", "1"),
        ("expect", "100-continue"),
    ]);
    let rules = RequestHeaders::new(client.keys().cloned(), None);
    let sent = forwarded(&rules, &client);
    assert_eq!(
        names(&sent),
        [
            "host",
            "support-organization",
            "support-scopes",
            "support-session",
            "support-staff",
            "support-tenant",
            "x-request-id"
        ]
    );
    assert_eq!(sent["host"], "upstream:1");
    assert_eq!(sent["support-tenant"], "acme");
    assert_eq!(sent["support-organization"], "eu");
    assert_eq!(sent["support-scopes"], "read_only x:y");
    assert_eq!(sent["x-request-id"], Uuid::max().to_string());
}

#[test]
fn fields_pass_only_by_the_allow_list_and_unless_connection_names_them() {
    let rules = RequestHeaders::new(default_allowed(), None);
    let client = map(&[
        ("accept", "a"),
        ("accept", "b"),
        ("range", "bytes=0-1"),
        ("x-custom", "1"),
        ("prefer", "x"),
        ("connection", "close, prefer"),
        ("te", "trailers"),
    ]);
    let sent = forwarded(&rules, &client);
    assert_eq!(sent.get_all("accept").iter().count(), 2);
    assert_eq!(sent["te"], "trailers");
    assert!(sent.contains_key("range"));
    for gone in ["x-custom", "prefer", "connection"] {
        assert!(!sent.contains_key(gone), "{gone}");
    }
}

#[test]
fn the_upstreams_credential_is_ours_and_marked_sensitive() {
    let credential = HeaderValue::from_static("Bearer hush");
    let rules = RequestHeaders::new(default_allowed(), Some(credential));
    let sent = forwarded(&rules, &map(&[("authorization", "Bearer scst_x")]));
    assert_eq!(sent["authorization"], "Bearer hush");
    assert!(!format!("{sent:?}{rules:?}").contains("hush"));
}

#[test]
fn trailers_obey_the_same_list() {
    let rules = RequestHeaders::new(default_allowed(), None);
    let kept = rules.retain_trailers(map(&[("support-tenant", "bolt"), ("prefer", "x")]));
    assert_eq!(names(&kept), ["prefer"]);
}

#[test]
fn an_answer_passes_except_for_its_connections_fields() {
    let upstream = map(&[
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("x-anything", "1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"),
        ("x-request-id", "theirs"),
        ("support-identity", "echoed"),
        ("support-session", "echoed"),
        ("support-future", "x"),
        ("support_tenant", "x"),
        ("support.tenant", "x"),
        ("x_support_staff", "x"),
        ("support~staff", "x"),
        ("support!scopes", "x"),
        ("x_request_id", "x"),
        ("supported", "x"),
    ]);
    let id = RequestId::from_uuid(Uuid::max());
    let sent = answered(&upstream, id);
    assert_eq!(
        names(&sent),
        ["set-cookie", "supported", "x-anything", "x-request-id"]
    );
    assert_eq!(sent.get_all("set-cookie").iter().count(), 2);
    assert_eq!(sent["x-request-id"], id.to_string());
}

#[test]
fn a_method_override_is_noticed() {
    for name in [
        "x-http-method-override",
        "x-http-method",
        "x_method_override",
    ] {
        assert!(overrides_method(&map(&[(name, "DELETE")])), "{name}");
    }
    assert!(!overrides_method(&map(&[("x-method", "a")])));
}

#[test]
fn an_answers_trailers_frame_nothing() {
    let kept = answered_trailers(map(&[
        ("x-sum", "7"),
        ("content-length", "9"),
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("x-request-id", "theirs"),
        ("support-tenant", "theirs"),
        ("support_tenant", "theirs"),
    ]));
    assert_eq!(names(&kept), ["x-sum"]);
}

#[test]
fn upgrades_and_attacks_on_our_fields_are_noticed() {
    assert!(asks_for_upgrade(&map(&[("upgrade", "h2c")])));
    assert!(asks_for_upgrade(&map(&[(
        "connection",
        "keep-alive, Upgrade"
    )])));
    assert!(!asks_for_upgrade(&map(&[("connection", "keep-alive")])));
    for field in [
        "Support-Tenant",
        "support-identity",
        "x-request-id",
        "host",
        "authorization",
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("connection", HeaderValue::from_static(field));
        assert!(connection_names_ours(&headers), "{field}");
    }
    assert!(!connection_names_ours(&map(&[("connection", "close")])));
}
