//! How a refusal is shown to people and to programs.

use app::domain::access_log::Refusal;

use super::{TENANT, by_identity, files, from_page};
use crate::{
    browser::{Entry, NAVIGATION},
    support::{Rig, frames::FrameClient},
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
    // More fields, or more bytes, than a head may have.
    let head = rig.head(&format!("GET {TENANT}"));
    let many = "X-Field: 1\r\n".repeat(200);
    assert_eq!(rig.raw(&format!("{head}{many}\r\n")).await.status, 431);
    let wide = format!("X-Field: {}\r\n", "x".repeat(100_000));
    assert_eq!(rig.raw(&format!("{head}{wide}\r\n")).await.status, 431);
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
