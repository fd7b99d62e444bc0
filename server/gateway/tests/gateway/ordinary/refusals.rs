//! How a refusal is shown to people and to programs.

use app::domain::access_log::Refusal;

use super::{TENANT, by_identity, files, from_page};
use crate::{
    browser::{Entry, NAVIGATION, wanted},
    support::{Rig, Wanted, frames::FrameClient},
};

#[tokio::test]
async fn refusals_have_the_right_names() {
    let rig = Rig::new().await;
    let long = format!("GET {TENANT}/{}", "a".repeat(8193));
    let answer = rig.ask(&long).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (414, "malformed_request")
    );
    let old = rig
        .head(&format!("GET {TENANT}"))
        .replace("HTTP/1.1", "HTTP/1.0");
    let answer = rig.raw(&format!("{old}\r\n")).await;
    assert_eq!(answer.status, 505);
    assert!(
        answer.text().contains("proxy_http_version 1.1"),
        "{}",
        answer.text()
    );
    assert_eq!(rig.store.refused()[0].refusal, Refusal::MalformedRequest);
    // More fields, or more bytes, than a head may have, before or behind what names the session.
    let head = rig.head(&format!("GET {TENANT}"));
    let (line, rest) = head.split_once("\r\n").unwrap();
    for fields in [
        "X-Field: 1\r\n".repeat(200),
        format!("X-Field: {}\r\n", "x".repeat(100_000)),
        format!("X-Field: {}\r\n", "x".repeat(2000)).repeat(100),
    ] {
        for request in [
            format!("{head}{fields}\r\n"),
            format!("{line}\r\n{fields}{rest}\r\n"),
        ] {
            let known = rig.store.refused().len();
            let answer = rig.raw(&request).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (431, "malformed_request")
            );
            assert!(
                answer.text().contains("too many or too long"),
                "{}",
                answer.text()
            );
            assert_eq!(rig.store.refused().len(), known + 1);
        }
    }
    let far = rig.head(&format!("GET {TENANT}/{}", "a".repeat(100_000)));
    let answer = rig.raw(&format!("{far}\r\n")).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (414, "malformed_request")
    );
    assert!(
        answer.text().contains("longer than 8192 bytes"),
        "{}",
        answer.text()
    );
    let last = rig.store.refused().pop().unwrap();
    assert!(last.status == 414 && last.request.path.len() < 3000);
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let mut client = FrameClient::connect(rig.address).await;
    let mut fields = vec![
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", authority.as_str()),
        (":path", TENANT),
        ("authorization", bearer.as_str()),
    ];
    fields.extend(vec![("x-field", "1"); 200]);
    client.headers(1, &fields, true).await;
    assert_eq!(client.answer(1).await.status, Some(431));
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_person_gets_a_page_for_a_head_that_is_too_long() {
    let entry = Entry::with(by_identity("")).await;
    let fields = format!("{NAVIGATION}Cookie: {}\r\n", entry.cookie());
    let far = format!("GET /{}", "a".repeat(100_000));
    let wide = format!("{fields}X-Field: {}\r\n", "x".repeat(100_000));
    for (line, fields, status) in [(far.as_str(), &fields, 414), ("GET /a", &wide, 431)] {
        let answer = entry.ask(line, fields).await;
        assert_eq!(answer.status, status);
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("text/html; charset=utf-8"));
    }
    assert_eq!(entry.rig.store.refused().len(), 2);
    // What follows such a head on its connection is no request.
    let head = entry.rig.head(&format!("GET /{}", "a".repeat(9000)));
    let next = entry.rig.head("GET /smuggled");
    let mut client = entry.rig.client().await;
    let both = format!("{head}Content-Length: 5\r\n\r\n{next}\r\n");
    client.send(both.as_bytes()).await;
    let rest = client.rest().await;
    assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{rest}");
    assert_eq!(entry.rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_person_is_led_by_a_link_from_elsewhere_too() {
    let entry = Entry::with(by_identity("")).await;
    let fields = format!("{NAVIGATION}Cookie: {}\r\n", entry.cookie());
    let answer = entry.ask("GET /%7Euser/", &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (308, Some("/~user/"))
    );
    assert!(answer.text().contains("not_canonical"), "{}", answer.text());
    let refused = &entry.rig.store.refused()[0];
    assert_eq!(
        (refused.refusal, refused.status),
        (Refusal::NotCanonical, 308)
    );
}

#[tokio::test]
async fn a_person_gets_a_page_for_a_refusal_and_a_program_a_problem() {
    let entry = Entry::with(files()).await;
    let cookie = entry.cookie();
    let person = format!(
        "{}Cookie: {cookie}\r\nReferer: {}/files/a?b=<c>\r\n",
        NAVIGATION.replace("cross-site", "same-origin"),
        entry.origin()
    );
    for (target, code, part) in [
        (
            "/app/secret",
            "out_of_scope",
            "The scope read_only doesn't allow GET on /app/secret.",
        ),
        ("/nowhere", "out_of_scope", "don't allow GET here"),
        (
            "/files/2024%2Fexports",
            "ambiguous_path",
            "can be read in several ways",
        ),
    ] {
        let answer = entry.ask(&format!("GET {target}"), &person).await;
        assert!(answer.status >= 400, "{target}");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let (text, id) = (answer.text(), answer.header("x-request-id").unwrap());
        for wanted in [
            part,
            code,
            id,
            "<a href=\"/files/a?b=&lt;c&gt;\">Back to the last page</a>",
            "https://console.example.com/support/sessions",
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let frame = person.replace("document", "iframe");
        let framed = entry.ask(&format!("GET {target}"), &frame).await;
        assert_eq!(
            framed.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        let answer = from_page(&entry, &format!("GET {target}"), "").await;
        assert_eq!(answer.code(), code);
        let token = entry.rig.ask(&format!("GET {target}")).await;
        assert_eq!(token.code(), code);
    }
}

/// Sessions whose next request is refused or fails, each for another reason: the path to ask for, the
/// status and the code.
async fn refusing() -> Vec<(Entry, &'static str, u16, &'static str)> {
    const OWN: &str = "/v1/tenants/acme/x";
    let elsewhere = Entry::new().await;
    let writing = Entry::with(Wanted {
        scopes: &["all:write"],
        ..wanted()
    });
    let revoked = Entry::new().await;
    revoked.rig.revoke().await;
    let limited = Entry::new().await;
    let store = &limited.rig.store;
    store.bound(|limits| limits.requests_per_minute = Some(1));
    let fields = format!("{NAVIGATION}Cookie: {}\r\n", limited.cookie());
    let first = limited.ask(&format!("GET {OWN}"), &fields).await;
    assert_eq!(first.status, 200);
    let used_up = Entry::new().await;
    used_up.rig.store.use_up();
    let broken = Entry::new().await;
    broken.rig.store.break_down();
    // Nothing listens there.
    let unreachable = Entry::with(Wanted {
        upstream: Some("upstream = \"http://127.0.0.1:1\"".to_owned()),
        ..wanted()
    });
    let silent = Entry::with(Wanted {
        timeouts: "first_byte_ms = 300",
        ..wanted()
    });
    let hang = "/v1/tenants/acme/hang";
    vec![
        (elsewhere, "/v1/tenants/bolt/x", 403, "wrong_tenant"),
        (writing.await, OWN, 403, "out_of_scope"),
        (revoked, OWN, 401, "session_revoked"),
        (limited, OWN, 429, "rate_limited"),
        (used_up, OWN, 403, "budget_exhausted"),
        (broken, OWN, 503, "record_unavailable"),
        (unreachable.await, OWN, 502, "upstream_failed"),
        (silent.await, hang, 504, "upstream_failed"),
    ]
}

#[tokio::test]
async fn every_refusal_and_failure_is_a_page_for_a_person_and_a_problem_for_a_program() {
    for (entry, path, status, code) in Box::pin(refusing()).await {
        let line = format!("GET {path}");
        let person = format!("{NAVIGATION}Cookie: {}\r\n", entry.cookie());
        let page = entry.ask(&line, &person).await;
        assert_eq!(page.status, status, "{code}: {}", page.text());
        let html = Some("text/html; charset=utf-8");
        assert_eq!(page.header("content-type"), html, "{code}");
        let id = page.header("x-request-id").expect("a request id");
        for part in [
            format!("<code>{code}</code>"),
            format!("Request {id}"),
            "https://console.example.com/support/sessions".to_owned(),
        ] {
            assert!(page.text().contains(&part), "{part}: {}", page.text());
        }
        let problem = from_page(&entry, &line, "").await;
        let told = (problem.status, problem.code());
        assert_eq!(told, (status, code.to_owned()));
        let json = Some("application/problem+json");
        assert_eq!(problem.header("content-type"), json, "{code}");
        // A program has no cookie, and its token is for the gateway's own host.
        let program = entry.rig.ask(&line).await;
        assert_eq!((program.status, program.code()), told);
        assert_eq!(program.header("content-type"), json, "{code}");
    }
}
