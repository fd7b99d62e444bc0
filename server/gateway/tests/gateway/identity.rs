//! The identity of each request for the upstream, which nobody else can make.

use app::identity::{Claims, IdentityError, MAX_LIFETIME, Presented, Verifier, path_hash};
use chrono::TimeDelta;
use gateway::clock::Clock;

use crate::support::{ISSUER, Rig, Wanted, client, noon};

const OWN: &str = "/v1/tenants/acme";

/// The values of a field in a request's head, as the upstream got it.
fn values<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let lines = text.split("\r\n").filter_map(|line| line.split_once(": "));
    lines
        .filter(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
        .collect()
}

/// The identity of the last request that the upstream was sent.
fn last_identity(rig: &Rig) -> String {
    let text = rig.upstream.text();
    let identity = values(&text, "support-identity").pop();
    identity.expect("an identity").to_owned()
}

fn verify(rig: &Rig, token: &str, method: &str, target: &str) -> Result<Claims, IdentityError> {
    let audience = format!("http://{}", rig.upstream.address);
    let verifier = Verifier::new(ISSUER, audience);
    let request = Presented { method, target };
    let now = rig.clock.now().timestamp();
    verifier.verify(token, &rig.identities.key_set(), request, now)
}

#[tokio::test]
async fn the_upstream_is_told_who_acts_where_and_in_which_request() {
    let rig = Rig::with(Wanted {
        session_organization: Some("x"),
        ..Wanted::default()
    })
    .await;
    let target = format!("{OWN}/organizations/x?q=a%20b&tenant_id=acme");
    let answer = rig.ask(&format!("GET {target}")).await;
    assert_eq!(answer.status, 200);
    let claims = verify(&rig, &last_identity(&rig), "GET", &target).unwrap();
    let iat = noon().timestamp();
    assert_eq!(claims.iss, ISSUER);
    assert_eq!(claims.sub, rig.session.id);
    assert_eq!(claims.act.sub, rig.session.staff_id);
    assert_eq!(claims.tenant_id.as_str(), "acme");
    assert_eq!(claims.organization_id, Some("x".parse().unwrap()));
    assert_eq!(claims.scope, "read_only all:write");
    assert_eq!(
        Some(claims.jti.to_string().as_str()),
        answer.header("x-request-id")
    );
    assert_eq!(claims.jti, rig.store.begun()[0].request_id);
    assert_eq!((claims.iat, claims.exp), (iat, iat + MAX_LIFETIME));
    assert_eq!(claims.path_hash, path_hash(&target));
}

#[tokio::test]
async fn a_clients_own_identity_never_passes_however_it_is_spelt() {
    let rig = Rig::new().await;
    let forged = "e30.e30.forged-by-the-client";
    for field in [
        "Support-Identity",
        "support-identity",
        "SUPPORT-IDENTITY",
        "Support_Identity",
        "Support.Identity",
        "support_identity",
        "Support-Identity-",
        "Support-Identity2",
        "HTTP_SUPPORT_IDENTITY",
    ] {
        let head = rig.head(&format!("GET {OWN}"));
        let twice = format!("{head}{field}: {forged}\r\n{field}: {forged}2\r\n\r\n");
        assert_eq!(rig.raw(&twice).await.status, 200, "{field}");
        assert!(!rig.upstream.text().contains("forged"), "{field}");
    }
    let text = rig.upstream.text();
    let identities = values(&text, "support-identity");
    assert_eq!(identities.len(), rig.store.begun().len(), "one each");
    for identity in identities {
        verify(&rig, identity, "GET", OWN).unwrap();
    }
}

#[tokio::test]
async fn a_clients_own_identity_never_passes_as_a_trailer() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("POST {OWN}"));
    let body = "2\r\nok\r\n0\r\nSupport-Identity: forged\r\nSupport_Identity: forged\r\n\r\n";
    let request = format!(
        "{head}Transfer-Encoding: chunked\r\nTrailer: Support-Identity\r\nTE: trailers\r\n\r\n{body}"
    );
    assert_eq!(rig.raw(&request).await.status, 200);
    assert!(!rig.upstream.text().contains("forged"));
}

#[tokio::test]
async fn a_client_can_not_have_the_identity_dropped_on_the_way() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}"));
    let request = format!("{head}Connection: Support-Identity\r\n\r\n");
    let answer = rig.raw(&request).await;
    assert_eq!(
        (answer.status, answer.code()),
        (400, "malformed_request".into())
    );
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn the_identity_of_one_request_holds_for_no_other() {
    let rig = Rig::new().await;
    let mut seen = Vec::new();
    for (method, target) in [
        ("GET", format!("{OWN}/invoices")),
        ("GET", format!("{OWN}/invoices?page=1")),
        ("GET", format!("{OWN}/invoices?")),
        ("GET", format!("{OWN}/invoices/")),
        ("DELETE", format!("{OWN}/invoices")),
    ] {
        assert_eq!(rig.ask(&format!("{method} {target}")).await.status, 200);
        seen.push((method, target, last_identity(&rig)));
    }
    for (own_method, own_target, token) in &seen {
        for (method, target, _) in &seen {
            let same = (own_method, own_target) == (method, target);
            let judged = verify(&rig, token, method, target).is_ok();
            assert_eq!(
                judged, same,
                "{own_method} {own_target} as {method} {target}"
            );
        }
    }
    let again = format!("GET {OWN}/invoices");
    rig.ask(&again).await;
    assert_ne!(last_identity(&rig), seen[0].2, "each has an id of its own");
}

#[tokio::test]
async fn an_identity_holds_for_no_longer_than_its_support_session() {
    let rig = Rig::new().await;
    rig.clock
        .advance(TimeDelta::minutes(15) - TimeDelta::seconds(4));
    assert_eq!(rig.ask(&format!("GET {OWN}")).await.status, 200);
    let claims = verify(&rig, &last_identity(&rig), "GET", OWN).unwrap();
    assert_eq!(claims.exp, rig.session.expires_at.timestamp());
}

#[tokio::test]
async fn nothing_is_signed_without_a_record() {
    let rig = Rig::new().await;
    rig.store.break_down();
    assert_eq!(rig.ask(&format!("GET {OWN}")).await.status, 503);
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn an_identity_that_the_upstream_echoes_is_kept_from_the_client() {
    let rig = Rig::new().await;
    let answer: client::Answer = rig.ask(&format!("GET {OWN}/echo")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-echoes"), Some("identity"));
    assert_eq!(answer.header("support-identity"), None);
}
