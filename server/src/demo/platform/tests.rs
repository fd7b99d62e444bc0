//! Attacks on the platform's isolation, and what it serves to legitimate callers.

use std::collections::HashSet;

use app::{
    domain::{RequestId, StaffId, SupportSessionId},
    identity::{Actor, Claims, HEADER, KeySet, MAX_LIFETIME, PublicKey, path_hash},
};
use axum::{body::Body, http::Request as HttpRequest};
use ed25519_dalek::SigningKey;
use gateway::{
    clock::SystemClock,
    entropy::{SystemEntropy, new_uuid},
    identities::{Identities, IdentityKeys},
};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::demo::cast;

const CONSOLE: &str = "http://localhost:3000";
const PLATFORM: &str = "http://127.0.0.1:3200";

struct Rig {
    router: Router,
    tenants: Vec<Tenant>,
    console: Arc<Identities>,
    observed: tokio::sync::mpsc::Receiver<Observed>,
}

fn rig() -> Rig {
    let tenants = cast::tenants(7);
    let (tell, observed) = tokio::sync::mpsc::channel(100);
    let key = SigningKey::from_bytes(&[7; 32]);
    let keys = KeySet::new([PublicKey::new(key.verifying_key())]);
    let platform = Platform::new(
        &tenants,
        7,
        SupportIdentities::knowing(CONSOLE, PLATFORM, keys),
        Arc::new(SystemClock),
        tell,
    );
    Rig {
        router: platform.router(),
        tenants,
        console: console(key),
        observed,
    }
}

fn console(key: SigningKey) -> Arc<Identities> {
    let keys = IdentityKeys {
        current: key,
        others: Vec::new(),
    };
    Identities::new(CONSOLE, keys)
}

/// What the gateway would sign for a request in a tenant.
fn claims(tenant: &Tenant, method: &str, target: &str) -> Claims {
    let uuid = || new_uuid(&SystemClock, &SystemEntropy);
    let now = SystemClock.now().timestamp();
    Claims {
        iss: CONSOLE.into(),
        aud: PLATFORM.into(),
        sub: SupportSessionId::from_uuid(uuid()),
        act: Actor {
            sub: StaffId::from_uuid(uuid()),
        },
        tenant_id: tenant.id.parse().unwrap(),
        organization_id: None,
        scope: "read_only".into(),
        method: method.into(),
        path_hash: path_hash(target),
        jti: RequestId::from_uuid(uuid()),
        iat: now,
        exp: now + MAX_LIFETIME,
    }
}

impl Rig {
    async fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (StatusCode, serde_json::Value) {
        let mut request = HttpRequest::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn signed(&self, claims: &Claims) -> String {
        let signed = self.console.sign(claims).unwrap();
        signed.to_str().unwrap().to_owned()
    }

    /// Asks as support of a tenant, and of one organization of it.
    async fn support(
        &self,
        (tenant, organization): (&Tenant, Option<&str>),
        method: &str,
        path: &str,
        body: &str,
    ) -> (StatusCode, serde_json::Value) {
        let claims = Claims {
            organization_id: organization.map(|id| id.parse().unwrap()),
            ..claims(tenant, method, path)
        };
        let token = self.signed(&claims);
        self.call(method, path, &[(HEADER, &token)], body).await
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, serde_json::Value) {
        self.call("GET", path, headers, "").await
    }
}

fn ids(list: &serde_json::Value) -> HashSet<String> {
    let items = list["items"].as_array().unwrap();
    let ids = items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test]
async fn one_tenants_token_never_reads_anothers_data() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    for resource in ["organizations", "users", "invoices", "attestations"] {
        let list = format!("/v1/{resource}");
        let (_, of_a) = rig.get(&list, &[("demo-token", &a.token)]).await;
        let (_, of_b) = rig.get(&list, &[("demo-token", &b.token)]).await;
        assert!(!ids(&of_a).is_empty());
        assert!(ids(&of_a).is_disjoint(&ids(&of_b)));
        for id in ids(&of_b) {
            let one = format!("/v1/{resource}/{id}");
            let (status, _) = rig.get(&one, &[("demo-token", &a.token)]).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{one}");
        }
    }
}

#[tokio::test]
async fn a_request_without_a_signed_identity_is_no_support() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let as_b = [
        ("support-tenant", b.id.as_str()),
        ("support-session", "01990000-0000-7000-8000-000000000000"),
        ("authorization", "Bearer anything"),
    ];
    let (status, _) = rig.get("/v1/whoami", &as_b).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let token_of_a = ("demo-token", a.token.as_str());
    let headers: Vec<_> = as_b.into_iter().chain([token_of_a]).collect();
    let (_, me) = rig.get("/v1/whoami", &headers).await;
    assert_eq!(me["tenant"]["id"], a.id.as_str());
    assert!(me["support"].is_null());
}

#[tokio::test]
async fn an_identity_holds_for_its_request_alone_and_once() {
    let rig = rig();
    let tenant = &rig.tenants[0];
    let good = claims(tenant, "GET", "/v1/whoami");
    let stranger = console(SigningKey::from_bytes(&[8; 32]));
    let forged = stranger.sign(&good).unwrap().to_str().unwrap().to_owned();
    let elsewhere = Claims {
        iss: "https://other.example".into(),
        ..good.clone()
    };
    let for_others = Claims {
        aud: "http://127.0.0.1:3201".into(),
        ..good.clone()
    };
    let old = Claims {
        iat: good.iat - 60,
        exp: good.exp - 60,
        ..good.clone()
    };
    for (what, token) in [
        ("nonsense", "e30.e30.e30".to_owned()),
        ("another's key", forged),
        ("another console", rig.signed(&elsewhere)),
        ("for another platform", rig.signed(&for_others)),
        ("expired", rig.signed(&old)),
        (
            "for another path",
            rig.signed(&claims(tenant, "GET", "/v1/users")),
        ),
        (
            "for another method",
            rig.signed(&claims(tenant, "POST", "/v1/whoami")),
        ),
    ] {
        let headers = [(HEADER, token.as_str()), ("demo-token", &tenant.token)];
        let (status, _) = rig.get("/v1/whoami", &headers).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{what}");
    }
    let token = rig.signed(&good);
    let twice = [(HEADER, token.as_str()), (HEADER, token.as_str())];
    let (status, _) = rig.get("/v1/whoami", &twice).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, me) = rig.get("/v1/whoami", &[(HEADER, &token)]).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(me["support"]["session"], good.sub.to_string());
    let (status, _) = rig.get("/v1/whoami", &[(HEADER, &token)]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a replay");
}

#[tokio::test]
async fn support_is_served_for_the_tenant_it_is_signed_for_alone() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let (_, of_a) = rig.support((a, None), "GET", "/v1/users", "").await;
    let token = rig.signed(&claims(a, "GET", "/v1/users"));
    let as_b = [
        (HEADER, token.as_str()),
        ("support-tenant", b.id.as_str()),
        ("demo-token", b.token.as_str()),
    ];
    let (_, still_a) = rig.get("/v1/users", &as_b).await;
    assert_eq!(of_a, still_a);
    let nobody = Claims {
        tenant_id: "tnt_nobody".parse().unwrap(),
        ..claims(a, "GET", "/v1/users")
    };
    let token = rig.signed(&nobody);
    let (status, _) = rig.get("/v1/users", &[(HEADER, &token)]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_organization_confines_every_list_and_look_up() {
    let rig = rig();
    let a = rig
        .tenants
        .iter()
        .find(|tenant| tenant.organizations.len() > 2)
        .unwrap();
    let b = rig.tenants.iter().find(|tenant| tenant.id != a.id).unwrap();
    let only = a.organizations[0].id.as_str();
    let confined = (a, Some(only));
    for resource in ["organizations", "users", "invoices", "attestations"] {
        let list = format!("/v1/{resource}");
        let (_, all) = rig.support((a, None), "GET", &list, "").await;
        let (_, seen) = rig.support(confined, "GET", &list, "").await;
        let outside: Vec<_> = ids(&all).difference(&ids(&seen)).cloned().collect();
        assert!(!outside.is_empty(), "{list}");
        for id in outside {
            let one = format!("{list}/{id}");
            let (status, _) = rig.support(confined, "GET", &one, "").await;
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
    }
    let foreign = (a, Some(b.organizations[0].id.as_str()));
    let (status, _) = rig.support(foreign, "GET", "/v1/users", "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let elsewhere = format!(
        r#"{{"subject":"x","kind":"degree","organization_id":"{}"}}"#,
        a.organizations[1].id
    );
    let (status, _) = rig
        .support(confined, "POST", "/v1/attestations", &elsewhere)
        .await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_was_attested_is_found_by_its_tenant() {
    let rig = rig();
    let me = [("demo-token", rig.tenants[0].token.as_str())];
    let new = r#"{"subject":"Zoë Ünal-Test","kind":"degree"}"#;
    let (status, made) = rig.call("POST", "/v1/attestations", &me, new).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, found) = rig
        .call(
            "POST",
            "/v1/attestations/search",
            &me,
            r#"{"subject":"ünal-test"}"#,
        )
        .await;
    assert_eq!(found["items"][0], made);
    let old_format = r#"{"subject_name":"x"}"#;
    let (status, _) = rig.call("POST", "/v1/attestations", &me, old_format).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_was_served_is_told_and_support_traffic_carries_its_request_id() {
    let mut rig = rig();
    let a = rig.tenants[0].clone();
    rig.get("/v1/users/usr_none", &[("demo-token", &a.token)])
        .await;
    let seen = rig.observed.recv().await.unwrap();
    assert_eq!((seen.tenant_id, seen.status), (a.id.clone(), 404));
    assert_eq!(seen.route, "/v1/users/{id}");
    assert_eq!(seen.support_request_id, None);
    let claims = claims(&a, "GET", "/v1/users");
    let token = rig.signed(&claims);
    rig.get("/v1/users", &[(HEADER, &token)]).await;
    let seen = rig.observed.recv().await.unwrap();
    assert_eq!(seen.support_request_id, Some(claims.jti.to_string()));
}

#[tokio::test]
async fn the_page_shows_the_tenant_that_the_gateway_names_and_no_other() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let token = rig.signed(&claims(a, "GET", "/"));
    let request = HttpRequest::builder()
        .uri("/")
        .header(HEADER, &token)
        .body(Body::empty())
        .unwrap();
    let response = rig.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let page = String::from_utf8(bytes.to_vec()).unwrap();
    let shown = |text: &str| page.contains(&text.replace('&', "&amp;"));
    assert!(shown(&a.name) && shown(&a.organizations[0].name), "{page}");
    assert!(!shown(&b.name), "{page}");
    assert_eq!(
        rig.call("GET", "/", &[], "").await.0,
        StatusCode::UNAUTHORIZED
    );
}
