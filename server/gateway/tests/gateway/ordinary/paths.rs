//! Odd paths and queries: what passes, where links are redirected, and which attacks that must not
//! allow.

use super::{TENANT, by_identity, files, from_page};
use crate::{
    browser::{Entry, SAME_ORIGIN},
    support::{Rig, Wanted, frames::FrameClient},
};

const NO_ADMIN: &str = r#"
    [[scopes]]
    name = "read_only"
    allow = [{ methods = ["GET"], paths = ["/**"] }]
    deny = [{ methods = ["GET"], paths = ["/admin"] }]
"#;

#[tokio::test]
async fn a_browser_is_led_to_the_one_spelling_of_a_link() {
    let entry = Entry::with(by_identity("")).await;
    for (target, canonical) in [
        ("/v1/caf%c3%a9", "/v1/caf%C3%A9"),
        ("/%7Euser/", "/~user/"),
        ("/%61%62?q=%61%zz%", "/ab?q=%61%zz%"),
        ("/caf%e9", "/caf%E9"),
        ("/50%/%c3%a9", "/50%/%C3%A9"),
        ("/a%2fb", "/a%2Fb"),
    ] {
        for method in ["GET", "HEAD"] {
            let fields = format!("{SAME_ORIGIN}Cookie: {}\r\n", entry.cookie());
            let head = format!(
                "{method} {target} HTTP/1.1\r\nHost: {}\r\n{fields}\r\n",
                entry.host()
            );
            let mut client = entry.rig.client().await;
            client.send(head.as_bytes()).await;
            let answer = client.answer_to(method == "HEAD").await;
            assert_eq!(answer.status, 308, "{target}");
            assert_eq!(answer.header("location"), Some(canonical));
        }
        assert_eq!(entry.rig.upstream.requests(), 0);
    }
    assert_eq!(from_page(&entry, "GET /v1/caf%C3%A9", "").await.status, 200);
    // Other methods are treated as if they had used the canonical spelling.
    let empty = "Content-Length: 0\r\n";
    assert_eq!(
        from_page(&entry, "POST /v1/caf%c3%a9?q=%zz", empty)
            .await
            .status,
        200
    );
    let sent = entry.rig.upstream.text();
    assert!(
        sent.contains("POST /v1/caf%C3%A9?q=%zz HTTP/1.1\r\n"),
        "{sent}"
    );
    assert_eq!(entry.rig.store.begun()[1].path, "/v1/caf%C3%A9");
}

#[tokio::test]
async fn a_programs_spelling_is_taken_for_the_canonical_one() {
    let rig = Rig::with(by_identity("")).await;
    // As Java's and PHP's encoders write them.
    for (target, canonical) in [
        ("/v1/caf%c3%a9", "/v1/caf%C3%A9"),
        ("/%7Euser/", "/~user/"),
        ("/a%2Db%5Fc?q=%61%zz%", "/a-b_c?q=%61%zz%"),
        ("/a%2fb", "/a%2Fb"),
        ("/%2561", "/%2561"),
    ] {
        for method in ["GET", "POST"] {
            let answer = rig.ask(&format!("{method} {target}")).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
            let begun = rig.store.begun().pop().unwrap();
            let (path, query) = canonical.split_once('?').unwrap_or((canonical, ""));
            assert_eq!(begun.path, path);
            assert_eq!(begun.query.unwrap_or_default(), query);
            let line = format!("{method} {canonical} HTTP/1.1\r\n");
            assert!(rig.upstream.text().contains(&line), "{line}");
        }
    }
    let (authority, bearer) = (rig.address.to_string(), format!("Bearer {}", rig.token));
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", authority.as_str()),
        (":path", "/v2/caf%c3%a9"),
        ("authorization", bearer.as_str()),
    ];
    let mut client = FrameClient::connect(rig.address).await;
    client.headers(1, &fields, true).await;
    assert_eq!(client.answer(1).await.status, Some(200));
    assert!(
        rig.upstream
            .text()
            .contains("GET /v2/caf%C3%A9 HTTP/1.1\r\n")
    );
    // Each refusal says what to change.
    for (target, words) in [
        ("/a%0ab", "line break"),
        ("/a/%2E%2e/b", "without '.' and '..'"),
        ("/%2Esupport-console/health", "write it as it is"),
    ] {
        let answer = rig.ask(&format!("GET {target}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "ambiguous_path")
        );
        assert!(answer.text().contains(words), "{target}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_programs_spelling_passes_no_rule_that_its_canonical_form_does_not() {
    let rig = Rig::with(files()).await;
    assert_eq!(rig.ask("GET /%66iles/%61").await.status, 200);
    let reached = rig.upstream.requests();
    for target in [
        "/app/%73ecret",
        "/app/%53ECRET",
        "/%61pp/secret",
        "/files/2024/%65xports",
        "/files/2024%2f%65xports",
        "/files/2024%2F%2565xports",
        "/files/%2e%2e/app/secret",
        "/files/%252e%252e/app/secret",
        "/files/..%2fapp/secret",
        "/files/%2E./app/secret",
        "/%65xact/%2e",
        "/exact%2f",
        "/%6eowhere",
    ] {
        for method in ["GET", "HEAD"] {
            let head = rig.head(&format!("{method} {target}"));
            let mut client = rig.client().await;
            client.send(format!("{head}\r\n").as_bytes()).await;
            let answer = client.answer_to(method == "HEAD").await;
            assert!(
                matches!(answer.status, 400 | 403),
                "{target}: {}",
                answer.status
            );
        }
    }
    let token = rig.token.replacen('s', "%73", 1);
    assert_eq!(rig.ask(&format!("GET /files/{token}")).await.status, 400);
    assert_eq!(rig.upstream.requests(), reached);
}

#[tokio::test]
async fn a_spelling_leads_neither_to_another_place_nor_to_our_own_nor_holds_a_token() {
    let entry = Entry::with(by_identity("")).await;
    let token = entry.rig.token.clone();
    for target in [
        "/a/%2e%2e/b".to_owned(),
        "/%2Fevil.example/%61/..%2f".to_owned(),
        "/%2Esupport-console/end".to_owned(),
        "/%2esupport-console/enter?code=x".to_owned(),
        "/%61%00".to_owned(),
        "/%61%0d%0aSet-Cookie:x".to_owned(),
        "/%61/%C0%AE%C0%AE/b".to_owned(),
        "/%61\\b".to_owned(),
        format!("/%61?t={token}"),
    ] {
        let answer = from_page(&entry, &format!("GET {target}"), "").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{target}"
        );
        let empty = "Content-Length: 0\r\n";
        let answer = from_page(&entry, &format!("POST {target}"), empty).await;
        assert_eq!(answer.status, 400, "{target}");
    }
    assert_eq!(entry.rig.upstream.requests(), 0);
}

#[tokio::test]
async fn a_query_is_forwarded_byte_for_byte_and_recorded_as_it_was_sent() {
    let rig = Rig::with(Wanted {
        more: "hidden = { query = [\"code\"] }",
        ..Wanted::default()
    })
    .await;
    for (count, query) in [
        "note=a%0D%0Ab",
        "q=50%",
        "q=%zz&x",
        "q=%u0041",
        "q=%c3%a9|^",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(
            rig.ask(&format!("GET {TENANT}?{query}")).await.status,
            200,
            "{query}"
        );
        let line = format!("GET {TENANT}?{query} HTTP/1.1\r\n");
        assert!(rig.upstream.text().contains(&line), "{query}");
        assert_eq!(rig.store.begun()[count].query.as_deref(), Some(*query));
    }
    // The attacks: a name that some reader finds, a secret behind a lone '%', a method.
    let before = rig.upstream.requests();
    for (query, code) in [
        ("%u0074enant_id=bolt", "wrong_tenant"),
        ("tenant%_id=bolt", "wrong_tenant"),
        ("tenant_id%=bolt", "wrong_tenant"),
        ("%0Atenant_id=bolt", "wrong_tenant"),
        ("tenant_id=acme%", "wrong_tenant"),
        ("%u005fmethod=DELETE", "malformed_request"),
        ("a=%&_met%hod=DELETE", "malformed_request"),
        ("x=%00", "malformed_request"),
    ] {
        let answer = rig.ask(&format!("GET {TENANT}?{query}")).await;
        assert!(answer.status >= 400, "{query}");
        assert_eq!(answer.code(), code, "{query}");
    }
    assert_eq!(rig.upstream.requests(), before);
    for query in [
        "a=%&code%3Ds3cret",
        "a=%&code=s3cret",
        "%u0063ode=s3cret",
        "co%de=s3cret",
        "code%=s3cret",
    ] {
        assert_eq!(
            rig.ask(&format!("GET {TENANT}?{query}")).await.status,
            200,
            "{query}"
        );
    }
    let recorded = format!("{:?}", rig.store.begun());
    assert!(!recorded.contains("s3cret"), "{recorded}");
}

#[tokio::test]
async fn odd_paths_pass_where_each_of_their_readings_is_permitted() {
    let rig = Rig::with(files()).await;
    for (count, target) in [
        "/files/100%25.pdf",
        "/files/a%2Fb",
        "/files/a%5Cb",
        "/files/a%252Fb",
        "/files/a;v=1",
        "/files/a%3Bb/c",
        "/files//a",
        "/files/a//",
        "/files/[slug]/page.js",
        "/files/%5Bslug%5D/page.js",
        "/files/a|b^c",
        "/files/50%",
        "/files/a%zz/b",
        "/files/%E0%A4%A",
        "/files/caf%E9/b",
        "/files/a%u0041",
        "/files/a%7F",
        "/files/%09a",
        "/files/a%C0%AE",
        "/files/%/a",
        "/one/100%25",
        "/one/50%",
        "/one/caf%E9",
        "/one/a%7F",
        "/one/a;v=1",
        "/one/[x]",
        "/files/a%2Fb?x=%2F..%2F",
    ]
    .iter()
    .enumerate()
    {
        assert_eq!(
            rig.ask(&format!("GET {target}")).await.status,
            200,
            "{target}"
        );
        let line = format!("GET {target} HTTP/1.1\r\n");
        assert!(rig.upstream.text().contains(&line), "{target}");
        let path = target.split('?').next().unwrap();
        assert_eq!(rig.store.begun()[count].path, path);
    }
}

#[tokio::test]
async fn an_odd_path_opens_nothing_that_is_denied_or_not_permitted() {
    let rig = Rig::with(files()).await;
    for target in [
        // Denied by some reading.
        "/files/2024%2Fexports",
        "/files/2024%5Cexports",
        "/files/2024%252Fexports",
        "/files/2024%25252Fexports",
        "/files//2024/exports",
        "/files/2024//exports",
        "/files/2024;x/exports",
        "/files/2024/exports;x",
        "/files/2024/;x/exports",
        "/files/2024%3Bx/exports",
        "/files/;x/exports",
        "/files//exports",
        "/files/2024/ex%2570orts",
        "/files%2F2024%2Fexports",
        "/app/secret;x",
        "/app//secret",
        "/app/%2Fsecret",
        "/app/x%2F..%2Fsecret",
        "/app/..;/secret",
        "/app/;/secret",
        "/app/sec%ret",
        "/app/sec%zzret",
        "/app/%/secret",
        "/app/%73ecret%",
        "/app/%%373ecret",
        "/app%%32fsecret",
        "/app/%u0073ecret",
        "/app/sec%FFret",
        "/app/%FFsecret",
        "/app/secret%FF",
        "/app/%E0%A4secret",
        "/app/%C1%B3ecret",
        "/app%C0%AFsecret",
        "/app/%FF/secret",
        "/app/sec%7Fret",
        "/app/%09secret%01csv",
        "/app/%01/secret",
        "/app/%EF%BF%BDsecret",
        "//app/secret",
        "/app//secret/%",
        // Not permitted by some reading.
        "/one/%",
        "/one/%FF",
        "/one/%7F",
        "/one/a%%32fb",
        "/one/a%u002fb",
        "/one/a%C0%AFb",
        "/exact%",
        "/exact%zz",
        "/exact%FF",
        "/exact%7F",
        "/%09exact",
        "//files/files/a",
        "///files/a",
        "//h/exact",
        "/%7F/exact",
        "/one/a%2Fb",
        "/one/a%5Cb",
        "/one/a%252Fb",
        "/one//a",
        "/one/a//",
        "/exact;x",
        "/exact%2F",
        "//exact",
        "/%2Fexact",
        "/files%2Fa",
        "/files;x/a",
        "//files/a",
        // No reader should get them.
        "/files/a%2F..%2F..%2Fexact",
        "/files/..;x/exact",
        "/files/%252E%252E/exact",
        "/files/.%252e/exact",
        "/files/a%2500",
        "/files/a%u0000",
        "/files/a%C0%80",
        "/files/a%0A",
        "/files/a%20HTTP/1.1%0D%0ASupport-Tenant:%20bolt%0D%0AX:",
        "/files/%25C0%25AE%25C0%25AE/exact",
        "/files/%C0%AE%C0%AE/exact",
        "/files/.%./exact",
        "/files/.%zz./exact",
        "/files/%%32e%%32e/exact",
        "/files/%2E%2E/exact%",
        "/files/%u002e%u002e/exact",
        "/files/.%FF./exact",
        "/files/.%7F./exact",
        "/files/..%09/exact",
    ] {
        let status = rig.ask(&format!("GET {target}")).await.status;
        assert!([400, 403].contains(&status), "{target}: {status}");
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn a_path_that_begins_with_two_slashes_is_held_to_each_place_and_leads_to_no_other_host() {
    let entry = Entry::with(by_identity(NO_ADMIN)).await;
    let upstream = &entry.rig.upstream;
    for (count, (target, sent)) in [
        ("//", "//"),
        ("//a", "//a"),
        ("//evil.example/a?b", "//evil.example/a?b"),
        ("///evil.example//a", "///evil.example//a"),
        ("//u:p@evil.example/50%", "//u:p@evil.example/50%"),
        // A redirect to this spelling would name another host.
        ("//evil.example/%61", "//evil.example/a"),
        ("/%2fevil.example/a%2F", "/%2Fevil.example/a%2F"),
    ]
    .iter()
    .enumerate()
    {
        let mut answer = from_page(&entry, &format!("GET {target}"), "").await;
        if target.starts_with("/%2f") {
            assert_eq!(answer.header("location"), Some(*sent));
            answer = from_page(&entry, &format!("GET {sent}"), "").await;
        }
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        assert_eq!(answer.header("location"), None, "{target}");
        assert_eq!(upstream.requests(), count + 1);
        let line = format!("GET {sent} HTTP/1.1\r\n");
        assert!(upstream.text().contains(&line), "{line}");
        let path = sent.split('?').next().unwrap();
        assert_eq!(entry.rig.store.begun()[count].path, path);
    }
    let passed = upstream.requests();
    // As a host and a path, as one path, and with more slashes.
    for target in [
        "//admin/a",
        "//h/admin/a",
        "///h/admin",
        "//h//admin",
        "/%2Fh/admin",
        "/%5Ch/admin",
        "/;/h/admin",
        "/%/h/admin",
        "/%7F/h/admin",
        "//h;x/admin",
        "//%/admin",
        "//h/%61dmin",
        "//h/ad%6=in",
        "/ad%6=in",
        "/ad%u006=in",
        "/;x%2Fy/%2Fadmin",
        "//h%2Fx/%2Fadmin",
        "//h/../a",
        "//evil.example/..",
        "//h/..%2F",
        "//h/%0D%0AHost:%20bolt",
    ] {
        let answer = from_page(&entry, &format!("GET {target}"), "").await;
        let refused = [400, 403].contains(&answer.status);
        assert!(refused, "{target}: {}", answer.status);
        assert_eq!(answer.header("location"), None, "{target}");
    }
    assert_eq!(upstream.requests(), passed);
}

#[tokio::test]
async fn a_path_with_full_width_signs_is_held_to_what_they_may_be_taken_for() {
    let rig = Rig::with(files()).await;
    for path in [
        "/files/2026%EF%BC%8Fexports",
        "/files%EF%BC%8F2026%EF%BC%8Fexports",
        "/files/2026/exports%EF%BC%9Bx",
        "/files/2026%EF%BC%852Fexports",
        "/files/2026%EF%BC%BCexports",
        "/one/a%EF%BC%8Fb",
        "/files/%EF%BC%8E%EF%BC%8E/x",
    ] {
        let answer = rig.ask(&format!("GET {path}")).await;
        assert!(
            [400, 403].contains(&answer.status),
            "{path} {}",
            answer.status
        );
    }
    assert_eq!(rig.upstream.bytes(), 0);
    for path in [
        "/files/%E5%86%99%E7%9C%9F%EF%BC%8Ejpg",
        "/files/100%EF%BC%85",
        "/files/a%EF%BC%8Fb",
        "/files/%EF%BC%A1%EF%BC%A2",
        "/one/%E5%86%99%EF%BC%8Ejpg",
    ] {
        assert_eq!(rig.ask(&format!("GET {path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_parameter_in_a_path_selects_no_other_tenant_and_no_other_method() {
    let rig = Rig::with(Wanted {
        scopes: &["read_only", "all:write"],
        ..by_identity("")
    })
    .await;
    for (target, code) in [
        ("/x%3Ftenant_id=bolt", "wrong_tenant"),
        ("/x%3Fa=1&tenant_id=bolt", "wrong_tenant"),
        ("/x%253Ftenant_id=bolt", "wrong_tenant"),
        ("/x;tenant_id=bolt", "wrong_tenant"),
        ("/x;tenant_id=bolt/y", "wrong_tenant"),
        ("/x%3Ftenant_id=bolt?tenant_id=acme", "wrong_tenant"),
        ("/x%3F_method=DELETE", "malformed_request"),
        ("/x;_method=DELETE", "malformed_request"),
    ] {
        let answer = rig.ask(&format!("GET {target}")).await;
        assert_eq!(answer.code(), code, "{target}");
    }
    assert_eq!(rig.upstream.bytes(), 0);
    for target in ["/what%3F", "/x%3Fa=1", "/x;a=1/y", "/x%3Ftenant_id=acme"] {
        assert_eq!(
            rig.ask(&format!("GET {target}")).await.status,
            200,
            "{target}"
        );
    }
}

#[tokio::test]
async fn a_token_in_any_escape_is_refused_and_shown_nowhere() {
    let entry = Entry::with(by_identity("")).await;
    let token = &entry.rig.token;
    let (first, last) = token.split_at(20);
    let spelt = [
        token.replacen('s', "%u0073", 1),
        token.replacen('s', "%U0073", 1),
        token.replacen('s', "%25u0073", 1),
        token.replacen("st_", "s%t_", 1),
        format!("{first}%{last}"),
        format!("{first}%zz{last}"),
    ];
    for (number, spelt) in spelt.iter().enumerate() {
        for target in [
            format!("/x?t={spelt}"),
            format!("/x?a=50%&t={spelt}&b"),
            format!("/x/{spelt}"),
            format!("//{spelt}/50%"),
        ] {
            let line = format!("GET {target}");
            assert_eq!(from_page(&entry, &line, "").await.status, 400, "{number}");
            assert_eq!(entry.rig.ask(&line).await.status, 400, "{number}");
        }
    }
    assert_eq!(entry.rig.upstream.bytes(), 0);
    let recorded = format!("{:?}", entry.rig.store.refused());
    assert!(!recorded.contains(&token[token.len() - 12..]), "{recorded}");
}

#[tokio::test]
async fn an_odd_path_names_no_other_tenant_and_hides_its_secrets() {
    let rig = Rig::with(Wanted {
        more: "hidden = { paths = [\"/v1/tenants/{tenant_id}/resets/{secret}\"] }",
        ..Wanted::default()
    })
    .await;
    for target in [
        "/v1/tenants/acme;x",
        "/v1/tenants/acme%2F..%2Fbolt",
        "/v1/tenants/bolt%2F..%2Facme",
        "/v1/tenants//acme",
        "/v1/tenants/acme//x",
        "/v1//tenants/acme/x",
        "/v1/tenants;x/acme/x",
        "/v1/tenants/acme%2F",
        "/v1/tenants/acme%252Fx",
        "/v1/tenants/;x/acme",
        "/v1/tenants/acme/resets%2Fs3cret",
        "/v1/tenants/acme/resets%252Fs3cret",
        "/v1/tenants/acme/resets;a=b/s3cret",
    ] {
        let answer = rig.ask(&format!("GET {target}")).await;
        assert!(
            [400, 403].contains(&answer.status),
            "{target}: {}",
            answer.status
        );
    }
    assert_eq!(rig.upstream.text(), "");
    let recorded = format!("{:?}", rig.store.refused());
    assert!(!recorded.contains("s3cret"), "{recorded}");
    // Behind the tenant's name an odd segment is as good as any other.
    for target in [
        "/v1/tenants/acme/100%25.pdf",
        "/v1/tenants/acme/a;v=1/b",
        "/v1/tenants/acme/[x]",
    ] {
        assert_eq!(
            rig.ask(&format!("GET {target}")).await.status,
            200,
            "{target}"
        );
    }
}
