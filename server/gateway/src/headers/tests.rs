use app::domain::{StaffId, SupportSessionId};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::Method;
use uuid::Uuid;

use super::*;

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(*name, HeaderValue::from_static(value));
    }
    headers
}

fn session() -> KnownSession {
    KnownSession {
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
    }
}

fn forwarded(rules: &RequestHeaders, client: &HeaderMap) -> HeaderMap {
    let id = RequestId::from_uuid(Uuid::max());
    rules.forwarded(
        (Sender::Program, client),
        &session(),
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
    let rules = RequestHeaders::new(client.keys().cloned(), UpstreamAuthorization::Nothing);
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
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
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

fn from_page(rules: &RequestHeaders, client: &HeaderMap) -> HeaderMap {
    let host = HeaderValue::from_static("upstream:1");
    let id = RequestId::from_uuid(Uuid::max());
    rules.forwarded((Sender::Page, client), &session(), id, &host)
}

/// What scripts of pages send.
const OF_PAGES: [&str; 47] = [
    "accept-profile",
    "content-transfer-encoding",
    "depth",
    "x_csrf_token",
    "x-amz-content-sha256",
    "x-chunk-index",
    "x-content-encoding",
    "x-goog-api-client",
    "x-goog-hash",
    "x-goog-meta-owner",
    "x-goog-resumable",
    "x-goog-upload-command",
    "x-goog-upload-offset",
    "x-goog-upload-protocol",
    "x-grid-token",
    "x-has-users",
    "x-hosted-fields",
    "x-ms-blob-type",
    "x-original-file-name",
    "x-original-filename",
    "x-password-reset",
    "x-pseudonym",
    "x-tenant-theme",
    "x-user-agent",
    "x-user-timezone",
    "x-csrftoken",
    "x-csrf-token",
    "x-xsrf-token",
    "x-requested-with",
    "hx-request",
    "next-action",
    "rsc",
    "next-router-state-tree",
    "node-red-api-version",
    "x-inertia",
    "turbo-frame",
    "x-livewire",
    "x-client-version",
    "tus-resumable",
    "upload-offset",
    "content-range",
    "if-match",
    "sec-ch-ua",
    "upgrade-insecure-requests",
    "referer",
    "x-socket-id",
    "grpc-timeout",
];
/// Fields that no page may send.
const NOT_OF_PAGES: [&str; 121] = [
    "accept_language",
    "authorization",
    "cf-connecting-ip",
    "content_length",
    "content_range",
    "content_type",
    "cookie",
    "cookie2",
    "dd-api-key",
    "destination",
    "eppn",
    "expect",
    "forwarded",
    "if_match",
    "iv-user",
    "keep-alive",
    "oidc-claim-sub",
    "private-token",
    "proxy",
    "proxy-authorization",
    "proxy_authorization",
    "remote-user",
    "sec-fetch-site",
    "sec-websocket-extensions",
    "shib-session",
    "sm-user",
    "ssl-client-verify",
    "sudo",
    "support-future",
    "support-tenant",
    "support.tenant",
    "support_staff",
    "support_tenant",
    "support~tenant",
    "tailscale-user-login",
    "te",
    "true-client-ip",
    "upgrade",
    "via",
    "wl-proxy-client-ip",
    "x!csrftoken",
    "x-access-token",
    "x-acme-tenant-id",
    "x-amz-copy-source",
    "x-api-key",
    "x-auth-key",
    "x-auth-request-email",
    "x-auth-token",
    "x-auth-user",
    "x-client-dn",
    "x-client-ip",
    "x-client-verify",
    "x-confirm-password",
    "x-consumer-id",
    "x-copy-from",
    "x-email",
    "x-envoy-original-path",
    "x-forwarded-anything",
    "x-forwarded-for",
    "x-forwarded-user",
    "x-goog-api-key",
    "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id",
    "x-goog-authuser",
    "x-goog-copy-source",
    "x-goog-iam-authorization-token",
    "x-goog-iap-jwt-assertion",
    "x-goog-request-params",
    "x-google-id-token",
    "x-groups",
    "x-host",
    "x-host-override",
    "x-http-method-override",
    "x-id-token",
    "x-impersonate-user",
    "x-invoke-path",
    "x-matched-path",
    "x-middleware-subrequest",
    "x-ms-copy-source",
    "x-ms-rename-source",
    "x-now-route-matches",
    "x-object-manifest",
    "x-organization-id",
    "x-original-anything",
    "x-original-host",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-password",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-real-ip-size-ip",
    "x-redmine-api-key",
    "x-remote-user",
    "x-request-id",
    "x-rewrite-url",
    "x-scope-orgid",
    "x-sendfile-type",
    "x-sudo",
    "x-symlink-target",
    "x-tenant",
    "x-tenant-name",
    "x-tenant-slug",
    "x-user-id",
    "x-user-role",
    "x-userinfo",
    "x-username",
    "x-vault-token",
    "x-webauth-user",
    "x.csrf.token",
    "x_forwarded_for",
    "x_forwarded_host",
    "x_goog_iap_jwt_assertion",
    "x_http_method_override",
    "x_original_url",
    "x_real_ip",
    "x_request_id",
    "x_support_staff",
    "x_support_tenant",
    "x_tenant_id",
    "x_user_id",
];

#[test]
fn what_a_page_sends_passes_unless_it_is_of_a_kind_that_does_not() {
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
    let client: HeaderMap = OF_PAGES
        .into_iter()
        .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("1")))
        .collect();
    let sent = from_page(&rules, &client);
    for name in OF_PAGES {
        assert!(sent.contains_key(name), "{name}");
    }
    for name in NOT_OF_PAGES {
        let client = map(&[(name, "evil")]);
        let sent = from_page(&rules, &client);
        assert!(!sent.values().any(|value| value == "evil"), "{name}");
    }
}

#[test]
fn a_page_names_a_tenant_only_where_that_is_judged() {
    let client = map(&[("x-tenant", "acme"), ("x-other-tenant", "bolt")]);
    let listed = default_allowed().into_iter();
    let listed = listed.chain([HeaderName::from_static("x-tenant")]);
    let rules = RequestHeaders::new(listed, UpstreamAuthorization::Nothing);
    let sent = from_page(&rules, &client);
    assert!(sent.contains_key("x-tenant") && !sent.contains_key("x-other-tenant"));
}

#[test]
fn a_pages_own_authorization_passes_only_where_the_upstream_says_so() {
    let client = map(&[("authorization", "Bearer theirs")]);
    let ours = HeaderValue::from_static("Bearer hush");
    for (authorization, page, program) in [
        (UpstreamAuthorization::Nothing, None, None),
        (
            UpstreamAuthorization::Ours(ours),
            Some("Bearer hush"),
            Some("Bearer hush"),
        ),
        (UpstreamAuthorization::Pages, Some("Bearer theirs"), None),
    ] {
        let rules = RequestHeaders::new(default_allowed(), authorization);
        for (sent, wanted) in [
            (from_page(&rules, &client), page),
            (forwarded(&rules, &client), program),
        ] {
            let found = sent.get("authorization").map(|v| v.to_str().unwrap());
            assert_eq!(found, wanted, "{rules:?}");
            let shown = format!("{sent:?}{rules:?}");
            assert!(
                !shown.contains("theirs") && !shown.contains("hush"),
                "{shown}"
            );
        }
    }
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Pages);
    let token = format!("scst_{}", "A".repeat(43));
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let padless = basic(&format!("user:{token}")).replace('=', "");
    for value in [
        format!("Bearer {token}"),
        format!("Bearer {}", token.replacen('s', "%73", 1)),
        basic(&format!("user:{token}")),
        basic(&format!("{token}:")),
        padless,
    ] {
        let mut client = HeaderMap::new();
        client.insert("authorization", HeaderValue::from_str(&value).unwrap());
        let sent = from_page(&rules, &client);
        assert!(!sent.contains_key("authorization"), "{value}");
    }
    let two = map(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
    assert!(!from_page(&rules, &two).contains_key("authorization"));
}

/// Fields without which a request means something else.
const DESCRIBING: [&str; 17] = [
    "content-range",
    "content-encoding",
    "content-language",
    "content-location",
    "content-md5",
    "content-digest",
    "repr-digest",
    "digest",
    "soapaction",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "tus-resumable",
    "upload-offset",
    "upload-metadata",
    "upload-complete",
    "x-upload-content-type",
];

#[test]
fn a_field_without_which_a_request_means_something_else_is_not_left_out() {
    let few = ["accept", "content-type"].map(HeaderName::from_static);
    let few = RequestHeaders::new(few, UpstreamAuthorization::Nothing);
    let all = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
    for name in DESCRIBING {
        let client = map(&[(name, "x"), ("content-length", "3")]);
        let refused = few
            .check_meaning(Sender::Program, &Method::PUT, &client)
            .unwrap_err();
        assert_eq!(refused.status, 400);
        assert!(refused.detail.contains(name), "{}", refused.detail);
        assert_eq!(
            all.check_meaning(Sender::Program, &Method::PUT, &client),
            Ok(()),
            "{name}"
        );
        assert!(forwarded(&all, &client).contains_key(name), "{name}");
        let named = map(&[(name, "x"), ("connection", name)]);
        assert!(
            all.check_meaning(Sender::Program, &Method::PUT, &named)
                .is_err(),
            "{name}"
        );
    }
    for (method, fields, fine) in [
        (Method::PUT, &[("content-future", "x")][..], false),
        (
            Method::PUT,
            &[("content-transfer-encoding", "base64")],
            false,
        ),
        (Method::PUT, &[("if", "(<opaque>)")], false),
        (Method::GET, &[("content-future", "x")], true),
        (
            Method::GET,
            &[("content-future", "x"), ("content-length", "0")],
            true,
        ),
        (
            Method::GET,
            &[("content-future", "x"), ("content-length", "1")],
            false,
        ),
        (
            Method::GET,
            &[("content-future", "x"), ("transfer-encoding", "chunked")],
            false,
        ),
        (Method::POST, &[("x-custom", "x")], true),
        (Method::POST, &[("support-tenant", "x")], true),
    ] {
        let checked = all.check_meaning(Sender::Program, &method, &map(fields));
        assert_eq!(checked.is_ok(), fine, "{method} {fields:?}");
    }
}

/// Fields that other protocols define for the same purposes.
const OF_OTHER_PROTOCOLS: [&str; 26] = [
    "connect-content-encoding",
    "content-transfer-encoding",
    "depth",
    "destination",
    "dropbox-api-arg",
    "grpc-encoding",
    "lock-token",
    "overwrite",
    "slug",
    "timeout",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-meta-owner",
    "x-amz-target",
    "x-bz-file-name",
    "x-chunk-index",
    "x-content-encoding",
    "x-content-type",
    "x-goog-hash",
    "x-goog-upload-command",
    "x-idempotency-key",
    "x-ms-blob-type",
    "x-ms-range",
    "x-ms-rename-source",
    "x-ms-write",
    "x-upload-offset",
];

#[test]
fn what_other_protocols_say_about_a_body_passes_or_is_named() {
    let all = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
    let few = RequestHeaders::new([], UpstreamAuthorization::Nothing);
    for name in OF_OTHER_PROTOCOLS {
        let client = map(&[(name, "x"), ("content-length", "3")]);
        let put = |rules: &RequestHeaders, sender| {
            let checked = rules.check_meaning(sender, &Method::PUT, &client);
            checked.map_err(|denied| denied.detail)
        };
        let refused = put(&few, Sender::Program).unwrap_err();
        assert!(refused.contains(name), "{refused}");
        let second = ["destination", "x-amz-copy-source", "x-ms-rename-source"].contains(&name);
        let what = if second {
            "pass. Leave it out."
        } else {
            "request_headers_add"
        };
        assert!(refused.contains(what), "{refused}");
        if put(&all, Sender::Program).is_ok() {
            assert!(forwarded(&all, &client).contains_key(name), "{name}");
        }
        // A page's passes without a list, but never one that names a second path.
        assert_eq!(put(&few, Sender::Page).is_err(), second, "{name}");
        assert_eq!(
            from_page(&few, &client).contains_key(name),
            !second,
            "{name}"
        );
    }
    for name in [
        "x-content-type-options",
        "x-custom",
        "want-digest",
        "x-accept-content-type",
    ] {
        let client = map(&[(name, "x"), ("content-length", "3")]);
        let checked = few.check_meaning(Sender::Program, &Method::PUT, &client);
        assert_eq!(checked, Ok(()), "{name}");
    }
    // Some choose what a request that reads is about.
    for (name, fine) in [
        ("accept-profile", false),
        ("depth", true),
        ("x-goog-hash", true),
    ] {
        let checked = few.check_meaning(Sender::Program, &Method::GET, &map(&[(name, "x")]));
        assert_eq!(checked.is_ok(), fine, "{name}");
    }
}

#[test]
fn a_page_writes_no_listed_field_in_another_spelling() {
    let client = map(&[("x_workspace", "bolt"), ("x_view", "1")]);
    let listed = RequestHeaders::new(
        [HeaderName::from_static("x-workspace")],
        UpstreamAuthorization::Nothing,
    );
    let sent = from_page(&listed, &client);
    assert!(!sent.contains_key("x_workspace") && sent.contains_key("x_view"));
}

#[test]
fn a_body_that_must_be_decoded_first_is_noticed() {
    for (name, value, recodes) in [
        ("content-encoding", "gzip", true),
        ("content-encoding", "identity", true),
        ("content-transfer-encoding", "base64", true),
        ("content-transfer-encoding", "8bit", false),
        ("x_content_encoding", "gzip", true),
        ("connect-content-encoding", "gzip", true),
        ("accept-encoding", "gzip", false),
        ("transfer-encoding", "chunked", false),
    ] {
        assert_eq!(
            recodes_body(&map(&[(name, value)])),
            recodes,
            "{name}: {value}"
        );
    }
}

#[test]
fn what_is_left_out_is_known_but_for_what_never_passes() {
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
    let client = map(&[
        ("accept", "a"),
        ("x-custom", "1"),
        ("hx-request", "1"),
        ("cookie", "a=b"),
        ("authorization", "x"),
        ("support-tenant", "x"),
        ("x-forwarded-for", "x"),
        ("connection", "x-custom"),
    ]);
    let mut names = rules.left_out(Sender::Program, &client);
    names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(names, ["hx-request", "x-custom"]);
}

#[test]
fn the_upstreams_credential_is_ours_and_marked_sensitive() {
    let credential = HeaderValue::from_static("Bearer hush");
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Ours(credential));
    let sent = forwarded(&rules, &map(&[("authorization", "Bearer scst_x")]));
    assert_eq!(sent["authorization"], "Bearer hush");
    assert!(!format!("{sent:?}{rules:?}").contains("hush"));
}

#[test]
fn trailers_obey_the_same_list() {
    let rules = RequestHeaders::new(default_allowed(), UpstreamAuthorization::Nothing);
    let trailers = map(&[
        ("support-tenant", "bolt"),
        ("x-http-method", "DELETE"),
        ("prefer", "x"),
        ("x-goog-hash", "x"),
        ("x-custom", "x"),
    ]);
    for (sender, wanted) in [
        (Sender::Program, &["prefer", "x-goog-hash"][..]),
        (Sender::Page, &["prefer", "x-custom", "x-goog-hash"]),
    ] {
        let kept = rules.retain_trailers(sender, &trailers);
        assert_eq!(names(&kept), wanted);
    }
    // One that would be missed is refused before the body comes.
    for (announced, passes) in [
        ("x-custom, prefer", true),
        ("prefer, X-Content-Type", false),
    ] {
        let client = map(&[("trailer", announced), ("transfer-encoding", "chunked")]);
        let checked = rules.check_meaning(Sender::Program, &Method::PUT, &client);
        assert_eq!(checked.is_ok(), passes, "{announced}");
    }
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
