//! The banner's requests to the gateway: none is forwarded, and nobody else may make them.

use serde_json::{Value, json};

use crate::{
    browser::{Entry, NAVIGATION, SAME_ORIGIN, values, wanted},
    support::{Wanted, client::Answer},
};

const OWN: &str = "/.support-console";

async fn ask(entry: &Entry, line: &str, fields: &str) -> Answer {
    let fields = format!("{fields}Cookie: {}\r\n", entry.cookie());
    entry.ask(line, &fields).await
}

/// Nothing was ended, forwarded or recorded.
fn nothing_happened(entry: &Entry) {
    assert!(entry.rig.store.ended_by_holder().is_empty());
    assert_eq!(entry.rig.upstream.requests(), 0);
    assert!(entry.rig.store.begun().is_empty());
    assert!(entry.rig.store.refused().is_empty());
}

#[tokio::test]
async fn a_page_of_the_sessions_host_gets_the_banner_and_what_it_says() {
    let entry = Entry::new().await;
    let answer = ask(&entry, &format!("GET {OWN}/banner.js"), SAME_ORIGIN).await;
    assert_eq!(answer.status, 200);
    let kind = "text/javascript; charset=utf-8";
    assert_eq!(answer.header("content-type"), Some(kind));
    for text in ["attachShadow", ":host"] {
        assert!(answer.text().contains(text), "{text}");
    }
    let answer = ask(&entry, &format!("GET {OWN}/session"), SAME_ORIGIN).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    let expected = json!({
        "staff": { "name": "Ada" },
        "tenant": { "id": "acme", "name": "Acme Corporation" },
        "organization": null,
        "scopes": ["read_only", "all:write"],
        "reason": "Attestations fail with 503",
        "expires_at": "2026-11-22T12:15:00Z",
        "seconds_left": 900,
        "upstream_origins": [],
        "without_banner": { "count": 0, "paths": [] },
        "refusals": [],
        "console_url": format!("https://console.example.com/support/sessions/{}", entry.rig.session.id),
    });
    assert_eq!(said, expected);
    nothing_happened(&entry);
}

#[tokio::test]
async fn nobody_else_is_told_anything() {
    let entry = Entry::new().await;
    let cross_site = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n";
    let sibling = "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n";
    for path in ["banner.js", "session"] {
        let line = format!("GET {OWN}/{path}");
        for fields in ["", cross_site, sibling] {
            assert_eq!(ask(&entry, &line, fields).await.status, 403, "{path}");
        }
        let without = entry.ask(&line, SAME_ORIGIN).await;
        assert_eq!(without.status, 401, "{path}");
        let post = line.replace("GET", "POST");
        assert_eq!(ask(&entry, &post, SAME_ORIGIN).await.status, 405);
    }
    // With a token, at the gateway's own host, the path doesn't exist.
    let by_token = entry.rig.ask(&format!("GET {OWN}/session")).await;
    assert_eq!(by_token.status, 404);
    nothing_happened(&entry);
}

#[tokio::test]
async fn only_a_post_from_the_sessions_own_pages_ends_it() {
    let entry = Entry::new().await;
    let end = format!("POST {OWN}/end");
    for line in ["GET", "PUT", "OPTIONS"] {
        let line = format!("{line} {OWN}/end");
        let answer = ask(&entry, &line, SAME_ORIGIN).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    }
    let origin = entry.origin();
    for fields in [
        String::new(),
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
            .into(),
        "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"
            .into(),
        "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n".into(),
        format!("Sec-Fetch-Site: same-site\r\nOrigin: {origin}\r\n"),
        "Origin: null\r\n".into(),
        "Origin: https://evil.example\r\n".into(),
    ] {
        assert_eq!(ask(&entry, &end, &fields).await.status, 403, "{fields}");
    }
    assert_eq!(entry.ask(&end, SAME_ORIGIN).await.status, 401);
    let mut two = entry.cookie();
    two = format!("{SAME_ORIGIN}Cookie: {two}; {two}\r\n");
    assert_eq!(entry.ask(&end, &two).await.status, 400);
    let cookie = entry.cookie();
    let sibling = gateway::browser::EntryLabel::generate(&gateway::entropy::SeededEntropy::new(77));
    let host = entry.host_of(&sibling);
    let fields = format!("{SAME_ORIGIN}Cookie: {cookie}\r\n");
    assert_eq!(entry.ask_at(&host, &end, &fields).await.status, 403);
    nothing_happened(&entry);
}

#[tokio::test]
async fn a_tab_is_asked_whether_the_session_is_to_end() {
    let entry = Entry::new().await;
    let answer = ask(&entry, &format!("GET {OWN}/end"), NAVIGATION).await;
    assert_eq!(answer.status, 200);
    let form = "<form method=\"post\" action=\"/.support-console/end\">";
    assert!(answer.text().contains(form), "{}", answer.text());
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(
        entry
            .ask(&format!("GET {OWN}/end"), NAVIGATION)
            .await
            .status,
        401
    );
    nothing_happened(&entry);
}

/// What the banner gets about refusals: the request, and why it was refused.
async fn told(entry: &Entry) -> Vec<(String, String)> {
    let answer = ask(entry, &format!("GET {OWN}/session"), SAME_ORIGIN).await;
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    let refusals = said["refusals"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    refusals
        .iter()
        .map(|told| (text(&told["request"]), text(&told["detail"])))
        .collect()
}

#[tokio::test]
async fn the_banner_is_told_what_was_refused_to_a_page() {
    let entry = Entry::with(Wanted {
        scopes: &["read_only"],
        ..wanted()
    })
    .await;
    let path = "/v1/tenants/acme/x";
    let refused = ask(&entry, &format!("POST {path}?a=b"), SAME_ORIGIN).await;
    assert_eq!(refused.status, 403);
    let detail = "This session's scopes don't allow POST here.";
    assert_eq!(
        told(&entry).await,
        [(format!("POST {path}"), detail.to_owned())]
    );
    let answer = ask(&entry, &format!("GET {OWN}/session"), SAME_ORIGIN).await;
    let id = refused.header("x-request-id").unwrap();
    assert!(answer.text().contains(id), "{}", answer.text());

    // A page of ours has said it, another origin has tried it, or nobody misses it.
    let navigation =
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    let sibling = "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\n";
    let worker = format!("{SAME_ORIGIN}Service-Worker: script\r\n");
    for (line, fields) in [("POST", navigation), ("POST", sibling), ("GET", &worker)] {
        let refused = ask(&entry, &format!("{line} {path}"), fields).await;
        assert_eq!(refused.status, 403, "{line} {fields}");
    }
    let by_token = entry.rig.ask(&format!("POST {path}")).await;
    assert_eq!(by_token.status, 403);
    assert_eq!(told(&entry).await.len(), 1);

    for number in 0..9 {
        ask(&entry, &format!("POST {path}/{number}"), SAME_ORIGIN).await;
    }
    let last = told(&entry).await;
    assert_eq!(last.len(), 5, "a bounded number");
    assert_eq!(
        last[4].0,
        format!("POST {path}/8"),
        "the newest is the last"
    );
}

#[tokio::test]
async fn the_holder_ends_the_session_and_the_cookie_with_it() {
    let entry = Entry::new().await;
    let navigation =
        "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    let fields = format!("{navigation}User-Agent: Firefox\r\nContent-Length: 0\r\n");
    let answer = ask(&entry, &format!("POST {OWN}/end"), &fields).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/html; charset=utf-8"));
    let cookies = values(&answer, "set-cookie");
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].starts_with("__Host-support-session=; "));
    assert!(cookies[0].ends_with("Max-Age=0"));
    // Not "cookies": that would reach the sibling hosts.
    let cleared = answer.header("clear-site-data");
    assert_eq!(cleared, Some("\"cache\", \"storage\""));

    let ended = entry.rig.store.ended_by_holder();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].support_session_id, entry.rig.session.id);
    assert_eq!(ended[0].user_agent, "Firefox");
    assert_eq!(entry.rig.upstream.requests(), 0);

    let after = ask(&entry, &format!("GET {OWN}/session"), SAME_ORIGIN).await;
    assert_eq!(
        (after.status, after.code().as_str()),
        (401, "session_revoked")
    );
    let again = ask(&entry, &format!("POST {OWN}/end"), SAME_ORIGIN).await;
    assert_eq!(again.status, 401);
    assert_eq!(entry.rig.store.ended_by_holder().len(), 1);
}

#[tokio::test]
async fn a_script_is_told_in_json_and_a_store_that_is_down_is_no_end() {
    let entry = Entry::new().await;
    entry.rig.store.break_down();
    let line = format!("POST {OWN}/end");
    let answer = ask(&entry, &line, SAME_ORIGIN).await;
    assert_eq!((answer.status, answer.header("set-cookie")), (503, None));
    let entry = Entry::new().await;
    let answer = ask(&entry, &line, SAME_ORIGIN).await;
    assert_eq!(answer.text(), r#"{"status":"ended"}"#);
}

#[tokio::test]
async fn the_banner_is_told_of_an_expiry() {
    let entry = Entry::new().await;
    entry.rig.clock.advance(chrono::TimeDelta::minutes(15));
    let answer = ask(&entry, &format!("GET {OWN}/session"), SAME_ORIGIN).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "session_expired")
    );
}
