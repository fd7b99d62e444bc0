//! Attacks on the platform's isolation, and what it serves to those who belong.

use std::collections::HashSet;

use axum::{body::Body, http::Request as HttpRequest};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::{clock::SystemClock, demo::cast};

const CREDENTIAL: &str = "Bearer upstream-credential-of-the-test";

struct Rig {
    router: Router,
    tenants: Vec<Tenant>,
    observed: tokio::sync::mpsc::Receiver<Observed>,
}

fn rig() -> Rig {
    let tenants = cast::tenants(7);
    let (tell, observed) = tokio::sync::mpsc::channel(100);
    let platform = Platform::new(
        &tenants,
        7,
        SecretString::from(CREDENTIAL),
        Arc::new(SystemClock),
        tell,
    );
    Rig {
        router: platform.router(),
        tenants,
        observed,
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
async fn identity_headers_are_not_believed_without_the_credential() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let as_b = ("support-tenant", b.id.as_str());
    let (status, _) = rig.get("/v1/whoami", &[as_b]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for credential in ["", "Bearer wrong", &CREDENTIAL[..CREDENTIAL.len() - 1]] {
        let (status, _) = rig
            .get("/v1/whoami", &[as_b, ("authorization", credential)])
            .await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let (_, me) = rig
        .get("/v1/whoami", &[as_b, ("demo-token", &a.token)])
        .await;
    assert_eq!(me["tenant"]["id"], a.id.as_str());
}

#[tokio::test]
async fn the_gateway_is_served_for_the_tenant_it_names_alone() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let gateway = ("authorization", CREDENTIAL);
    let (_, of_a) = rig
        .get("/v1/users", &[gateway, ("support-tenant", &a.id)])
        .await;
    let token_of_b = ("demo-token", b.token.as_str());
    let (_, still_a) = rig
        .get(
            "/v1/users",
            &[gateway, ("support-tenant", &a.id), token_of_b],
        )
        .await;
    assert_eq!(of_a, still_a);
    for identity in [
        vec![],
        vec![("support-tenant", "tnt_nobody")],
        vec![
            ("support-tenant", a.id.as_str()),
            ("support-tenant", b.id.as_str()),
        ],
    ] {
        let headers: Vec<_> = std::iter::once(gateway).chain(identity).collect();
        let (status, _) = rig.get("/v1/users", &headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
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
    let base = [
        ("authorization", CREDENTIAL),
        ("support-tenant", a.id.as_str()),
    ];
    let confined = [base[0], base[1], ("support-organization", only)];
    for resource in ["organizations", "users", "invoices", "attestations"] {
        let list = format!("/v1/{resource}");
        let (_, all) = rig.get(&list, &base).await;
        let (_, seen) = rig.get(&list, &confined).await;
        let outside: Vec<_> = ids(&all).difference(&ids(&seen)).cloned().collect();
        assert!(!outside.is_empty(), "{list}");
        for id in outside {
            let (status, _) = rig.get(&format!("{list}/{id}"), &confined).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
        }
    }
    let foreign = ("support-organization", b.organizations[0].id.as_str());
    let (status, _) = rig.get("/v1/users", &[base[0], base[1], foreign]).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let elsewhere = format!(
        r#"{{"subject":"x","kind":"degree","organization_id":"{}"}}"#,
        a.organizations[1].id
    );
    let (status, _) = rig
        .call("POST", "/v1/attestations", &confined, &elsewhere)
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
    let support = [
        ("authorization", CREDENTIAL),
        ("support-tenant", a.id.as_str()),
        ("x-request-id", "request-1"),
    ];
    rig.get("/v1/users", &support).await;
    let seen = rig.observed.recv().await.unwrap();
    assert_eq!(seen.support_request_id.as_deref(), Some("request-1"));
}

#[tokio::test]
async fn the_page_shows_the_tenant_that_the_gateway_names_and_no_other() {
    let rig = rig();
    let (a, b) = (&rig.tenants[0], &rig.tenants[1]);
    let request = HttpRequest::builder()
        .uri("/")
        .header("authorization", CREDENTIAL)
        .header("support-tenant", &a.id)
        .header("support-session", "s")
        .header("support-staff", "m")
        .header("support-scopes", "read_only")
        .header("x-request-id", "r")
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
