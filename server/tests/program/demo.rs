//! The running demo: its sample platform trusts what the console has signed, and nothing else.

use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

use crate::{
    identity::{TARGET, forge::Forge},
    support::{
        client::Client,
        people::{Platform, Staff},
        program::{Program, free_address},
    },
};

/// Asks with these header lines; the status and the answer.
async fn ask(address: std::net::SocketAddr, target: &str, lines: &[String]) -> (u16, Value) {
    let lines = lines
        .iter()
        .fold(String::new(), |lines, line| lines + line + "\r\n");
    let mut client = Client::connect(address).await;
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{lines}\r\n");
    client.send(head.as_bytes()).await;
    let answer = client.answer().await;
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, body)
}

#[tokio::test]
async fn the_sample_platform_accepts_only_support_that_the_console_has_signed() {
    let upstream = free_address();
    let program = Program::start_demo(upstream).await;
    let platform = Platform::of(&program).await;
    let tenants = platform.get("/tenants?limit=1").await;
    let tenant = tenants["items"][0]["tenant"]["id"].as_str().unwrap();
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session_with(tenant, &["read_only"]).await;

    let bearer = format!("Authorization: Bearer {}", session.token);
    let (status, me) = ask(program.gateway, "/v1/whoami", &[bearer]).await;
    assert_eq!(status, 200, "{me}");
    assert_eq!(me["tenant"]["id"], tenant);
    assert_eq!(me["support"]["session"], session.id.as_str());

    // Directly to its port: the gateway's plain fields, sent by somebody else.
    let claimed = [
        format!("Support-Tenant: {tenant}"),
        format!("Support-Session: {}", session.id),
        "Support-Staff: Jo".to_owned(),
    ];
    assert_eq!(ask(upstream, "/v1/whoami", &claimed).await.0, 401);

    let seed = std::fs::read_to_string(program.folder().join("identity.key")).unwrap();
    let mut key = [0; 32];
    hex::decode_to_slice(seed.trim(), &mut key).unwrap();
    let forge = Forge {
        key: SigningKey::from_bytes(&key),
        issuer: program.public_url(),
        audience: format!("http://{upstream}"),
        session: session.id.clone(),
    };
    let carrying = |token: &str| [format!("Support-Identity: {token}")];
    for (what, token, _) in forge.attacks() {
        let (status, said) = ask(upstream, TARGET, &carrying(&token)).await;
        assert_eq!(status, 401, "{what}: {said}");
    }
    let good = forge.with(json!({ "tenant_id": tenant }));
    let (status, said) = ask(upstream, TARGET, &carrying(&good)).await;
    assert_eq!(status, 200, "it is the signature that counts: {said}");
    assert_eq!(
        ask(upstream, TARGET, &carrying(&good)).await.0,
        401,
        "a replay"
    );
}
