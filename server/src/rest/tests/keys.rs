//! Keys that are rotated, limited and restricted while requests come.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use app::domain::api_keys::KeyRotation;
use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::*;
use crate::services::api_keys::ApiKeys;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const CLIENTS: usize = 8;
const REQUESTS: usize = 40;

#[tokio::test]
async fn a_key_that_is_revoked_while_a_body_arrives_does_no_more() {
    for console in both().await {
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(console.core.clone(), keys).unwrap();
        let router = router::rest(&state, None);
        let calls = [
            ("PUT", "/api/v1/tenants/late", JSON, r#"{"name":"Late"}"#),
            ("POST", "/api/v1/requests", JSON, "[]"),
            ("POST", "/introspect", FORM, "token=t"),
        ];
        for (method, path, media_type, body) in calls {
            for is_revoked in [true, false] {
                let new = NewApiKey {
                    name: "slow".into(),
                    rights: ApiRight::ALL.to_vec(),
                    ..NewApiKey::default()
                };
                let made = state.api_keys.create(&cli(), new).await.unwrap();
                let (sender, receiver) = mpsc::channel::<Result<&str, std::io::Error>>(1);
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header("content-type", media_type)
                    .header("idempotency-key", "k")
                    .header("x-api-key", made.token.expose())
                    .body(Body::from_stream(ReceiverStream::new(receiver)));
                let answer = tokio::spawn(router.clone().oneshot(request.unwrap()));
                let (first, rest) = body.split_at(1);
                sender.send(Ok(first)).await.unwrap();
                sender.reserve().await.unwrap();
                if is_revoked {
                    state.api_keys.revoke(&cli(), made.key.id).await.unwrap();
                }
                sender.send(Ok(rest)).await.unwrap();
                drop(sender);
                let status = answer.await.unwrap().unwrap().status();
                assert_eq!(
                    status == StatusCode::UNAUTHORIZED,
                    is_revoked,
                    "{path}: {status}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_is_rotated_under_load_loses_no_request() {
    for console in both().await {
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(console.core.clone(), keys).unwrap();
        let new = NewApiKey {
            name: "busy".into(),
            ..NewApiKey::default()
        };
        let made = state.api_keys.create(&cli(), new).await.unwrap();
        let old = made.token.expose().to_owned();
        // What each client has in its configuration. It is changed for one after the other.
        let secrets: Vec<_> = (0..CLIENTS)
            .map(|_| Arc::new(Mutex::new(old.clone())))
            .collect();
        let router = router::rest(&state, None);
        let (answered, under_way) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let clients = secrets.iter().map(|secret| {
            let (router, secret) = (router.clone(), Arc::clone(secret));
            let (answered, under_way) = (Arc::clone(&answered), Arc::clone(&under_way));
            tokio::spawn(async move {
                let mut statuses = Vec::new();
                for _ in 0..REQUESTS {
                    let key = secret.lock().unwrap().clone();
                    let request = Request::get("/api/v1/tenants").header("x-api-key", key);
                    let request = request.body(Body::empty()).unwrap();
                    let answer = router.clone().oneshot(request).await.unwrap();
                    statuses.push(answer.status().as_u16());
                    answered.fetch_add(1, Ordering::Relaxed);
                    under_way.notify_one();
                }
                statuses
            })
        });
        let clients: Vec<_> = clients.collect();
        while answered.load(Ordering::Relaxed) < CLIENTS {
            under_way.notified().await;
        }
        let rotation = KeyRotation {
            overlap_hours: 24,
            ..KeyRotation::default()
        };
        let keys: &ApiKeys = &state.api_keys;
        let rotated = keys.rotate(&cli(), made.key.id, rotation).await.unwrap();
        let new = rotated.token.expose().to_owned();
        for secret in secrets {
            new.clone_into(&mut secret.lock().unwrap());
            under_way.notified().await;
        }
        for client in clients {
            assert_eq!(client.await.unwrap(), [200; REQUESTS]);
        }
        console.clock.advance(chrono::TimeDelta::hours(24));
        for (key, expected) in [(old, 401), (new, 200)] {
            let request = Request::get("/api/v1/tenants").header("x-api-key", key);
            let request = request.body(Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), expected);
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_told_why_in_problem_details() {
    let console = sqlite().await;
    let app = app(&console).await;
    for (key, status, code, why) in [
        ("expired", 401, "unauthenticated", "expired"),
        ("elsewhere", 403, "forbidden", "can't be used from"),
        ("reader", 403, "forbidden", "telemetry:write"),
        ("own", 403, "forbidden", "telemetry:write"),
        ("writer", 403, "forbidden", "read"),
    ] {
        let (method, path) = match key {
            "writer" => ("GET", "/api/v1/tenants"),
            _ => ("POST", "/api/v1/requests"),
        };
        let body = good_body("post", "/api/v1/requests").to_string();
        let answer = send(&app, request(&app, method, path, Some(key), body)).await;
        assert_eq!(answer.status.as_u16(), status, "{key}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{key}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(why), "{key}: {detail}");
        assert!(problem["request_id"].is_string(), "{problem}");
    }
}
