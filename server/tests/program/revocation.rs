//! What a command line takes away from a server that runs, it takes away at once.

use crate::support::{
    PATIENCE,
    client::Client,
    people::{Platform, Staff},
    program::Program,
    until,
    upstream::Upstream,
};

const RULES: &str = r#"
    tenant_binding = "path"
    routes = ["/v1/tenants/{tenant_id}"]
"#;
#[tokio::test]
async fn deactivating_a_staff_member_by_command_line_cuts_an_open_stream() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    let head = format!(
        "GET /v1/tenants/acme/stream HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        program.gateway, session.token
    );
    let mut stream = Client::connect(program.gateway).await;
    stream.send(head.as_bytes()).await;
    stream.read_until("chunk 1;").await;

    program
        .run(&["staff", "deactivate", &staff.email], "")
        .await;

    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    upstream
        .until(|seen| seen.iter().all(|seen| seen.ended.is_some()))
        .await;
    let mut again = Client::connect(program.gateway).await;
    again.send(head.as_bytes()).await;
    let answer = again.answer().await;
    assert_eq!((answer.status, upstream.requests()), (401, 1));

    let path = format!("/support-sessions/{}", session.id);
    let session = platform.get(&path).await;
    assert!(session["revocation"]["at"].is_string(), "{session}");
    let log = until("the end of the stream's record", async || {
        let log = platform.get(&format!("{path}/access-log")).await;
        let items = log["items"].as_array().unwrap().clone();
        let open = items.iter().any(|entry| entry["outcome"] == "open");
        (items.len() == 2 && !open).then_some(items)
    })
    .await;
    assert_eq!(log[0]["refusal"], "session_revoked");
    assert_eq!(log[1]["outcome"], "cut");
}

#[tokio::test]
async fn replacing_a_token_cuts_what_came_with_the_old_one() {
    let upstream = Upstream::start().await;
    let program = Program::start(upstream.address, RULES).await;
    let platform = Platform::of(&program).await;
    platform.register("acme").await;
    let staff = Staff::of(&program, "jo").await;
    let session = staff.create_session("acme", None).await;
    let head = |path: &str, token: &str| {
        let (host, path) = (program.gateway, format!("/v1/tenants/acme/{path}"));
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n")
    };
    let mut stream = Client::connect(program.gateway).await;
    stream.send(head("stream", &session.token).as_bytes()).await;
    stream.read_until("chunk 1;").await;

    let replaced = staff.replace_token(&session.id).await;

    let rest = tokio::time::timeout(PATIENCE, stream.rest()).await;
    let rest = rest.expect("the stream is cut");
    assert!(!rest.contains("0\r\n\r\n"), "it looks complete: {rest}");
    let mut statuses = Vec::new();
    for token in [&session.token, &replaced.token] {
        let mut client = Client::connect(program.gateway).await;
        client.send(head("plain", token).as_bytes()).await;
        statuses.push(client.answer().await.status);
    }
    assert_eq!(statuses, [401, 200]);
    assert_eq!(replaced.id, session.id);
}
