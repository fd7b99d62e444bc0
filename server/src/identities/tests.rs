use app::{
    domain::{RequestId, StaffId, SupportSessionId},
    identity::{Actor, Claims, KeySet, MAX_LIFETIME, Presented, Verifier, path_hash},
};
use axum::body::Body;
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::Request;
use http_body_util::BodyExt;
use store::Engine;
use tower::ServiceExt;
use uuid::Uuid;

use super::*;
use crate::keys::{Keys, identity::Rotation};

const NOW: i64 = 1_800_000_000;

fn claims() -> Claims {
    Claims {
        iss: "https://console.example.com".into(),
        aud: "http://upstream".into(),
        sub: SupportSessionId::from_uuid(Uuid::from_u128(1)),
        act: Actor {
            sub: StaffId::from_uuid(Uuid::from_u128(2)),
        },
        tenant_id: "acme".parse().unwrap(),
        organization_id: Some("eu".parse().unwrap()),
        scope: "read_only".into(),
        method: "GET".into(),
        path_hash: path_hash("/"),
        jti: RequestId::from_uuid(Uuid::from_u128(3)),
        iat: NOW,
        exp: NOW + MAX_LIFETIME,
    }
}

async fn published(identities: &Arc<Identities>) -> (http::HeaderMap, KeySet) {
    let request = Request::get(KEY_SET).body(Body::empty()).unwrap();
    let router = axum::Router::new()
        .route(KEY_SET, axum::routing::get(key_set))
        .with_state(Arc::clone(identities));
    let answer = router.oneshot(request).await;
    let (parts, body) = answer.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let set = KeySet::parse(std::str::from_utf8(&body).unwrap()).unwrap();
    (parts.headers, set)
}

const KEY_SET: &str = "/.well-known/jwks.json";

#[tokio::test]
async fn what_is_signed_holds_against_what_is_published() {
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(1));
    let identities = Identities::new("https://console.example.com/", keys);
    let value = identities.sign(&claims()).unwrap();
    assert!(value.is_sensitive());
    let (headers, key_set) = published(&identities).await;
    assert_eq!(headers["content-type"], "application/jwk-set+json");
    assert_eq!(headers["cache-control"], "public, max-age=300");
    let verifier = Verifier::new(identities.issuer(), "http://upstream");
    let request = Presented {
        method: "GET",
        target: "/",
    };
    let token = value.to_str().unwrap();
    assert_eq!(verifier.verify(token, &key_set, request, NOW), Ok(claims()));
}

#[tokio::test]
async fn a_running_server_follows_its_files_and_keeps_what_it_has_when_they_break() {
    let folder = tempfile::tempdir().unwrap();
    let entropy = SeededEntropy::new(2);
    let keys = Keys::open(folder.path(), Engine::Sqlite, &entropy).unwrap();
    let identities = Identities::new("https://console.example.com", keys.identity);
    let at = "2026-11-22T12:00:00Z".parse().unwrap();
    let rotation = Rotation::of(folder.path());
    let new = rotation.make_next(&entropy).unwrap();
    rotation.add(&new, at).unwrap();
    look(&identities, folder.path()).unwrap();
    let (_, both) = published(&identities).await;
    assert_eq!(both.keys().len(), 2);
    assert_ne!(both.keys()[0], new.key, "it signs nothing yet");

    rotation.promote(at).unwrap();
    let before = identities.sign(&claims()).unwrap();
    look(&identities, folder.path()).unwrap();
    let (_, both) = published(&identities).await;
    assert_eq!(both.keys()[0], new.key);
    for token in [before, identities.sign(&claims()).unwrap()] {
        app::identity::read_signed(token.to_str().unwrap(), &both).unwrap();
    }

    std::fs::write(folder.path().join("identity.key"), "damaged").unwrap();
    look(&identities, folder.path()).unwrap_err();
    assert_eq!(published(&identities).await.1, both);
}
