//! Support sessions before the REST interface: attacks first, then what they read of their tenant.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use app::{
    domain::{
        StaffId, StaffSessionId, SupportSessionId,
        caller::{Caller, Context, Origin, StaffCaller},
        page::PageRequest,
        staff::Role,
        support_sessions::{SupportSessionForm, SupportSessionGranted},
        tenants::{OrganizationRegistration, OrganizationStatus},
    },
    ports::{
        CreateSupportSessions as _, ReadSupportSessions as _, ReplaceTokens as _,
        RevokeSupportSessions as _,
    },
};
use axum::extract::ConnectInfo;
use chrono::TimeDelta;
use gateway::clock::Clock;
use store::access_log::WrittenBy;
use uuid::Uuid;

use super::*;
use crate::{config::Config, serve::Record, services::access_log::StoreRecorder};

const ADA: Uuid = Uuid::from_u128(0xa1);

/// The served interface, with support sessions of every kind.
struct Supported {
    app: App,
    state: AppState,
    sessions: HashMap<&'static str, SupportSessionId>,
}

fn config() -> Config {
    let text = r#"
        [[scopes]]
        name = "all:write"
        description = "Change everything."
        allow = [{ methods = ["POST", "PUT", "PATCH", "DELETE"], paths = ["/**"] }]
        [gateway]
        listen = "127.0.0.1:3100"
        public_url = "http://127.0.0.1:3100"
        upstream = "http://127.0.0.1:3200"
        tenant_binding = "path"
        routes = ["/v1/tenants/{tenant_id}"]
    "#;
    toml::from_str(text).unwrap()
}

/// Ada, who has just signed in.
fn ada(console: &World) -> Context {
    Context {
        caller: Caller::Staff(StaffCaller {
            staff_id: StaffId::from_uuid(ADA),
            name: "Ada".into(),
            roles: vec![Role::SupportAdmin],
            staff_session_id: StaffSessionId::from_uuid(Uuid::from_u128(1)),
            signed_in_at: console.clock.now(),
            must_change_password: false,
        }),
        origin: Origin::default(),
    }
}

async fn grant(
    console: &World,
    state: &AppState,
    tenant: &str,
    form: SupportSessionForm,
) -> SupportSessionGranted {
    let form = SupportSessionForm {
        reason: "Customer reports missing invoices".into(),
        ..form
    };
    let created = state
        .support_sessions
        .create(&ada(console), &id(tenant), form)
        .await;
    created.unwrap()
}

async fn add_organization(console: &World) {
    let organization = OrganizationRegistration {
        name: "Europe".into(),
        slug: "eu".into(),
        status: OrganizationStatus::Active,
        created_at: None,
    };
    let context = crate::services::testing::platform_key();
    let eu = "eu".parse().unwrap();
    let registered = console
        .tenants
        .register_organization(&context, &id("acme"), &eu, organization)
        .await;
    registered.unwrap();
}

/// The sessions of each kind, by name, in a tenant. Nobody may have more than five at once, so the
/// ones that end come first.
fn wanted() -> [(&'static str, &'static str, SupportSessionForm); 7] {
    let form = SupportSessionForm::default;
    let short = SupportSessionForm {
        ttl_minutes: "5".into(),
        ..form()
    };
    let of_eu = SupportSessionForm {
        organization_id: "eu".into(),
        ..form()
    };
    let writing = SupportSessionForm {
        scopes: vec!["all:write".into()],
        ..form()
    };
    [
        ("expired", "acme", short),
        ("revoked", "acme", form()),
        ("of acme", "acme", form()),
        ("of other", "other", form()),
        ("of eu", "acme", of_eu),
        ("writing", "acme", writing),
        ("replaced", "acme", form()),
    ]
}

async fn supported(console: &mut World) -> Supported {
    console.core.config = Arc::new(config());
    let mut app = app(console).await;
    console.add_support_session().await;
    add_organization(console).await;
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(console.core.clone(), keys).unwrap();
    // This node has heard of everything there is, for ever.
    state.node.lease.renew(Duration::from_hours(1_000_000));
    let by = WrittenBy {
        node: "here".into(),
        boot: "boot".into(),
    };
    let (recorder, completions) = StoreRecorder::start(console.core.clone(), by);
    let record = Record {
        recorder,
        completions,
    };
    let mut sessions = HashMap::new();
    for (name, tenant, form) in wanted() {
        let granted = grant(console, &state, tenant, form).await;
        sessions.insert(name, granted.session.id);
        app.keys.insert(name, granted.token.unwrap());
        match name {
            "expired" => console.clock.advance(TimeDelta::minutes(5)),
            "revoked" => {
                let ada = ada(console);
                let id = sessions["revoked"];
                let ended = state.support_sessions.revoke(&ada, id, String::new());
                ended.await.unwrap();
            }
            _ => {}
        }
    }
    let ada = ada(console);
    let replaced = state
        .support_sessions
        .replace_token(&ada, sessions["replaced"]);
    replaced.await.unwrap();
    app.router = router::rest(&state, state.own_support_layer(&record).unwrap());
    Supported {
        app,
        state,
        sessions,
    }
}

/// A request as the console's listener hands it on.
fn arriving(supported: &Supported, method: &str, path: &str, key: Option<&str>) -> Request<Body> {
    let body = good_body(
        &method.to_lowercase(),
        path.split('?').next().unwrap_or_default(),
    );
    let mut request = request(&supported.app, method, path, key, body.to_string());
    let host = "localhost:3000".parse().unwrap();
    request.headers_mut().insert("host", host);
    let peer = ConnectInfo(SocketAddr::from(([203, 0, 113, 7], 4711)));
    request.extensions_mut().insert(peer);
    request
}

async fn ask(supported: &Supported, path: &str, key: &str) -> Answer {
    send(&supported.app, arriving(supported, "GET", path, Some(key))).await
}

fn code(answer: &Answer) -> (u16, String) {
    let problem = answer.json();
    let code = problem["code"].as_str().unwrap_or_default();
    (answer.status.as_u16(), code.to_owned())
}

#[tokio::test]
async fn each_endpoint_answers_each_kind_of_support_session_as_reviewed() {
    let kinds = [
        "of acme", "of other", "of eu", "writing", "expired", "revoked", "replaced",
    ];
    let mut matrices = Vec::new();
    for mut console in both().await {
        let supported = supported(&mut console).await;
        let mut matrix = String::new();
        for (method, path) in operations() {
            writeln!(matrix, "{:6} {path}", method.to_uppercase()).unwrap();
            for kind in kinds {
                let asked = arriving(
                    &supported,
                    &method.to_uppercase(),
                    &address(&path),
                    Some(kind),
                );
                let (status, code) = code(&send(&supported.app, asked).await);
                writeln!(matrix, "    {kind:10} {status} {code}").unwrap();
            }
        }
        matrices.push(matrix);
    }
    assert_eq!(matrices[0], matrices[1], "both engines answer alike");
    insta::assert_snapshot!(matrices[0]);
}

#[tokio::test]
async fn a_support_session_reads_its_own_tenants_log_and_is_in_it() {
    for mut console in both().await {
        let supported = supported(&mut console).await;
        let answer = ask(&supported, "/api/v1/audit?limit=200", "of acme").await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        let items = answer.json()["items"].as_array().unwrap().clone();
        assert!(!items.is_empty());
        assert!(
            items.iter().all(|event| event["tenant_id"] == "acme"),
            "{items:?}"
        );
        let request_id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
        let session = supported.sessions["of acme"];
        let own = |event: &&Value| {
            event["action"] == "support_session.request"
                && event["request_id"] == request_id.as_str()
                && event["resource_id"] == session.to_string().as_str()
        };
        assert_eq!(
            items.iter().filter(own).count(),
            1,
            "recorded before it was served"
        );

        let log = format!("/api/v1/support-sessions/{session}/access-log");
        let answer = ask(&supported, &log, "of acme").await;
        let requests = answer.json()["items"].as_array().unwrap().clone();
        let paths: Vec<_> = requests.iter().map(|row| row["path"].clone()).collect();
        assert_eq!(paths, [log.as_str(), "/api/v1/audit"]);
        assert_eq!(requests[1]["request_id"], request_id.as_str());
        assert_eq!(requests[1]["ip"], "203.0.113.7");
        assert_eq!(requests[1]["scope"], "read_only");

        let answer = ask(&supported, "/api/v1/audit/export?format=jsonl", "of acme").await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert!(lines.iter().all(|event| event["tenant_id"] == "acme"));
        let exported = lines
            .iter()
            .find(|event| event["action"] == "audit.exported");
        let exported = exported.expect("the export tells of itself");
        assert_eq!(exported["actor"]["type"], "staff");
        assert_eq!(exported["actor"]["id"], ADA.to_string().as_str());
    }
}

#[tokio::test]
async fn what_is_anothers_is_refused_and_the_refusal_recorded() {
    for mut console in both().await {
        let supported = supported(&mut console).await;
        let of_other = supported.sessions["of other"];
        for (path, expected) in [
            (
                "/api/v1/audit?tenant=other".to_owned(),
                (403, "wrong_tenant"),
            ),
            (
                "/api/v1/audit?tenant=acme&tenant=other".to_owned(),
                (403, "wrong_tenant"),
            ),
            (
                "/api/v1/audit?ten%61nt=other".to_owned(),
                (403, "wrong_tenant"),
            ),
            (
                "/api/v1/support-sessions?tenant=other".to_owned(),
                (403, "wrong_tenant"),
            ),
            ("/api/v1/audit/".to_owned(), (403, "out_of_scope")),
            (
                "/api/v1/audit/../tenants".to_owned(),
                (400, "ambiguous_path"),
            ),
            ("/api/v1/%61udit".to_owned(), (400, "ambiguous_path")),
            ("/api/v1/tenants".to_owned(), (403, "out_of_scope")),
            ("/api/v1/openapi.json".to_owned(), (403, "out_of_scope")),
            (
                format!("/api/v1/support-sessions/{of_other}"),
                (404, "not_found"),
            ),
            (
                format!("/api/v1/support-sessions/{of_other}/access-log"),
                (404, "not_found"),
            ),
        ] {
            let (status, code) = code(&ask(&supported, &path, "of acme").await);
            assert_eq!((status, code.as_str()), expected, "{path}");
        }
        let session = supported.sessions["of acme"];
        let log = supported
            .state
            .support_sessions
            .access_log(&ada(&console), session, PageRequest::default())
            .await
            .unwrap();
        let refused = log.items.iter().filter(|row| row.refusal.is_some()).count();
        assert_eq!(
            (log.items.len(), refused),
            (11, 9),
            "each is in the access log"
        );
    }
}

#[tokio::test]
async fn a_support_token_opens_nothing_but_by_the_layer_and_alone() {
    let mut console = sqlite().await;
    let mut supported = supported(&mut console).await;
    let token = supported.app.keys["of acme"].clone();
    let bearer = format!("Bearer {token}");
    let key = format!("Bearer {}", supported.app.keys["platform"]);
    let (bearer, key) = (bearer.as_str(), key.as_str());
    for (fields, expected) in [
        (vec![("x-api-key", token.as_str())], 401),
        (vec![("cookie", token.as_str())], 401),
        (vec![("authorization", bearer), ("authorization", key)], 400),
        (vec![("authorization", key), ("authorization", bearer)], 400),
        (
            vec![("authorization", bearer), ("host", "other.example")],
            400,
        ),
        (
            vec![("authorization", bearer), ("upgrade", "websocket")],
            403,
        ),
        (
            vec![
                ("authorization", bearer),
                ("x-http-method-override", "DELETE"),
            ],
            400,
        ),
    ] {
        let mut asked = arriving(&supported, "GET", "/api/v1/audit", None);
        for (name, value) in &fields {
            let name: http::HeaderName = name.parse().unwrap();
            asked.headers_mut().append(name, value.parse().unwrap());
        }
        let answer = send(&supported.app, asked).await;
        assert_eq!(answer.status.as_u16(), expected, "{fields:?}");
    }
    let mut elsewhere = arriving(&supported, "GET", "/api/v1/audit", Some("of acme"));
    let host = "bolt.example".parse().unwrap();
    elsewhere.headers_mut().insert("host", host);
    assert_eq!(send(&supported.app, elsewhere).await.status, 421);
    supported.app.router = router::rest(&supported.state, None);
    let without = ask(&supported, "/api/v1/audit", "of acme").await;
    assert_eq!(code(&without), (401, "unauthenticated".into()));
}
