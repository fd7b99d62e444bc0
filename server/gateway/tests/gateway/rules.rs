//! The rules of the configuration decide, and the upstream never sees what they refuse.

use app::domain::access_log::Refusal;

use crate::support::{Rig, Wanted};

const TENANT: &str = "/v1/tenants/acme";

async fn ask(rig: &Rig, line: &str, fields: &str, body: &str) -> u16 {
    let head = rig.head(line);
    let length = body.len();
    rig.raw(&format!(
        "{head}{fields}Content-Length: {length}\r\n\r\n{body}"
    ))
    .await
    .status
}

/// The last refusal recorded.
fn refusal(rig: &Rig) -> Refusal {
    rig.store.refused().last().expect("a refusal").refusal
}

const LEAKING: &str = r#"
    [[scopes]]
    name = "read_only"
    allow = [
        { methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/**"] },
        { methods = ["POST"], paths = ["/v1/tenants/{tenant_id}/search"], body = "form" },
    ]
    deny = [{ methods = ["GET"], paths = ["/v1/tenants/{tenant_id}/exports"] }]
"#;

fn reading() -> Wanted {
    Wanted {
        scopes: &["read_only"],
        more_scopes: LEAKING,
        ..Wanted::default()
    }
}

#[tokio::test]
async fn a_get_that_leaks_is_refused_in_every_spelling() {
    let rig = Rig::with(reading()).await;
    for method in ["GET", "HEAD"] {
        for path in [
            "exports",
            "exports/",
            "Exports",
            "EXPORTS.csv",
            "exports.json/",
            "exports/7",
        ] {
            let line = format!("{method} {TENANT}/{path}");
            let mut client = rig.client().await;
            client
                .send(format!("{}\r\n", rig.head(&line)).as_bytes())
                .await;
            let answer = client.answer_to(method == "HEAD").await.status;
            assert_eq!(answer, 403, "{line}");
            assert_eq!(refusal(&rig), Refusal::OutOfScope);
        }
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    assert_eq!(rig.ask(&format!("GET {TENANT}/invoices")).await.status, 200);
}

/// What upstreams may accept after a word and still serve what the word names.
const READ_AS_THE_WORD: [(&str, &str); 14] = [
    ("(1)", "OData: a key"),
    ("('a%20b')", "OData: a key that is text"),
    ("()", "OData: a function without arguments"),
    (":download", "Google: a custom verb"),
    ("%3Fx", "one that decodes before it splits off the query"),
    ("%23x", "one that decodes before it splits off the fragment"),
    ("~", "a backup on disk"),
    ("@x", "CDNs: a version"),
    (",1", "WebDAV and matrix-like parameters"),
    ("=1", "matrix-like parameters"),
    ("%26x", "one that decodes before it splits parameters"),
    ("'", "SQL-like routers"),
    ("*", "globs"),
    ("!", "RPC separators"),
];

#[tokio::test]
async fn whatever_follows_a_denied_word_it_stays_denied() {
    let rig = Rig::with(reading()).await;
    let listed = READ_AS_THE_WORD
        .iter()
        .map(|(after, _)| (*after).to_owned());
    let others = (b'!'..=b'~').filter(|b| !b.is_ascii_alphanumeric() && !b"/?".contains(b));
    let others = others.flat_map(|byte| {
        let raw = char::from(byte);
        [format!("{raw}"), format!("{raw}x"), format!("%{byte:02X}x")]
    });
    let wide = [
        "%C3%9F",
        "%EF%AC%81",
        "%C5%BF",
        "%C4%B1",
        "%E2%84%AA",
        "%C4%B0",
        "%20x",
        "%C2%A0x",
        "%C3%A9",
        "%E2%80%8B",
        "%CC%81s",
    ]
    .map(str::to_owned);
    for after in listed.chain(others).chain(wide) {
        for path in [
            format!("exports{after}"),
            format!("EXPORTS{after}"),
            format!("exports{after}/7"),
        ] {
            let status = rig.ask(&format!("GET {TENANT}/{path}")).await.status;
            assert!([400, 403].contains(&status), "{path}: {status}");
        }
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    for word in ["exportsx", "exports2", "export", "my-exports"] {
        let status = rig.ask(&format!("GET {TENANT}/{word}")).await.status;
        assert_eq!(status, 200, "{word}");
    }
}

#[tokio::test]
async fn a_denied_word_is_found_behind_the_names_of_namespaces() {
    let rig = Rig::with(reading()).await;
    for path in [
        // OData: functions and actions, with and without arguments, keys, and compositions.
        "Default.exports()",
        "Default.exports(1)",
        "Default.exports",
        "Default.exports/7",
        "Default.exports()/$value",
        "Default.Exports(format='csv')",
        "Default.exports(day=2026-01-01,name='a.b')",
        "Acme.Billing.V1.exports(id=7)",
        "default.EXPORTS%20()",
        "Default.%20exports()",
        "Default.ex%C2%ADports()",
        "Default%EF%BC%8Eexports()",
        ".exports",
        "_.exports~",
        "exports.exports(1)",
    ] {
        for method in ["GET", "HEAD"] {
            let line = format!("{method} {TENANT}/{path}");
            let mut client = rig.asking(&line).await;
            let status = client.answer_to(method == "HEAD").await.status;
            assert_eq!(status, 403, "{line}");
        }
        assert_eq!(refusal(&rig), Refusal::OutOfScope, "{path}");
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    for path in [
        "Default.exportsofold()",
        "Default.export()",
        "Defaultexports()",
        "search(in='Default.exports')",
        "search(in='x.exports(1)')",
    ] {
        let status = rig.ask(&format!("GET {TENANT}/{path}")).await.status;
        assert_eq!(status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_key_in_parentheses_is_read_as_the_segment_that_it_stands_for() {
    let rig = Rig::with(Wanted {
        binding: "identity",
        scopes: &["read_only"],
        more_scopes: r#"
            [[scopes]]
            name = "read_only"
            deny = [
                { methods = ["GET"], paths = ["/v1/users/{user}/exports", "/v1/keys/{key}"] },
            ]
        "#,
        ..Wanted::default()
    })
    .await;
    for path in [
        "/v1/users('7')/exports",
        "/v1/users(7)/exports(1)",
        "/v1/Users%20(7)/exports",
        "/v1(1)/users/7/exports",
        "/v1/users/('7')/exports",
        "/v1/users(7)/9/exports",
        "/v1/keys(7)",
        "/v1/keys%C3%9F/7",
    ] {
        assert_eq!(rig.ask(&format!("GET {path}")).await.status, 403, "{path}");
    }
    // Routes name tenants, and are read in the same way.
    for path in [
        "/v1/tenants('bolt')",
        "/v1/tenants(x)/bolt",
        "/v1/tenants%3F/bolt",
    ] {
        assert_eq!(rig.ask(&format!("GET {path}")).await.status, 403, "{path}");
        assert_eq!(refusal(&rig), Refusal::WrongTenant, "{path}");
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
    for path in [
        "/v1/users(7)",
        "/v1/users/7",
        "/v1/keys",
        TENANT,
        "/v1/tenants('acme')",
        "/v1/tenants-summary/monthly",
        "/v1/tenants:search/recent",
    ] {
        assert_eq!(rig.ask(&format!("GET {path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn what_permits_is_no_wider_for_it() {
    let rig = Rig::new().await;
    for after in ["(1)", ":x", "%3Fx", "~", "@x", "-x", "_x", "."] {
        for path in [
            format!("/v1/tenants{after}/acme"),
            format!("{TENANT}{after}"),
        ] {
            assert_eq!(
                ask(&rig, &format!("POST {path}"), "", "").await,
                403,
                "{path}"
            );
        }
    }
    assert_eq!(rig.upstream.text(), "", "nothing has been forwarded");
}

#[tokio::test]
async fn a_post_that_only_reads_is_let_through_once_its_form_was_read() {
    let rig = Rig::with(reading()).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let line = format!("POST {TENANT}/search");
    assert_eq!(ask(&rig, &line, form, "q=x&tenant_id=acme").await, 200);
    let sent = rig.upstream.text();
    assert!(sent.ends_with("\r\n\r\nq=x&tenant_id=acme"), "{sent}");
    assert_eq!(
        rig.store.begun()[0].scope.as_ref().unwrap().as_str(),
        "read_only"
    );

    let long = format!("q={}", "a".repeat(64 * 1024));
    for (fields, body, status) in [
        (form, "tenant_id=bolt", 403),
        (form, "q=x&tenant%5Fid=bolt", 403),
        (form, "_method=DELETE", 400),
        (form, long.as_str(), 413),
        ("Content-Type: application/json\r\n", "{}", 415),
    ] {
        assert_eq!(
            ask(&rig, &line, fields, body).await,
            status,
            "{fields}{body:.20}"
        );
    }
    assert_eq!(rig.upstream.text(), sent, "nothing else has been forwarded");
    assert_eq!(rig.store.refused().len(), 5);
}

#[tokio::test]
async fn a_chunked_form_is_read_too() {
    let rig = Rig::with(reading()).await;
    let head = rig.head(&format!("POST {TENANT}/search"));
    let form = "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n";
    for (chunks, status) in [
        ("6\r\ntenant\r\n8\r\n_id=bolt\r\n0\r\n\r\n", 403),
        ("6\r\ntenant\r\n8\r\n_id=acme\r\n0\r\n\r\n", 200),
    ] {
        let answer = rig.raw(&format!("{head}{form}\r\n{chunks}")).await;
        assert_eq!(answer.status, status, "{chunks}");
    }
    assert!(!rig.upstream.text().contains("bolt"));
}

#[tokio::test]
async fn a_request_that_overrides_its_own_method_is_refused() {
    let rig = Rig::new().await;
    for (line, fields) in [
        ("GET /v1/tenants/acme", "X-HTTP-Method-Override: DELETE\r\n"),
        ("GET /v1/tenants/acme", "X-HTTP-Method: DELETE\r\n"),
        ("GET /v1/tenants/acme", "X_Method_Override: DELETE\r\n"),
        ("POST /v1/tenants/acme?_method=DELETE", ""),
        ("POST /v1/tenants/acme?a=1&%5fmethod=DELETE", ""),
    ] {
        assert_eq!(ask(&rig, line, fields, "").await, 400, "{line} {fields}");
        assert_eq!(refusal(&rig), Refusal::MalformedRequest);
    }
    assert_eq!(rig.upstream.text(), "");
}

#[tokio::test]
async fn host_binding_gives_the_upstream_the_tenants_host_and_no_other() {
    let rig = Rig::with(Wanted {
        binding: "host",
        more: "tenant_host = \"{tenant_id}.api.example.com\"",
        ..Wanted::default()
    })
    .await;
    let with_host = |host: &str| {
        format!(
            "GET /v1/me HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n",
            rig.token
        )
    };
    for host in [
        "bolt.api.example.com",
        "api.example.com",
        "acme.api.example.com.bolt.example",
    ] {
        assert_eq!(rig.raw(&with_host(host)).await.status, 421, "{host}");
    }
    assert_eq!(rig.upstream.text(), "");
    for host in ["acme.api.example.com", &rig.address.to_string()] {
        assert_eq!(rig.raw(&with_host(host)).await.status, 200, "{host}");
    }
    let sent = rig.upstream.text().to_ascii_lowercase();
    assert_eq!(
        sent.matches("\r\nhost: acme.api.example.com\r\n").count(),
        2,
        "{sent}"
    );
    assert_eq!(sent.matches("\r\nhost: ").count(), 2, "{sent}");
}

/// The rules of the rig, with the test's own scopes.
fn rules(scopes: &str) -> String {
    format!(
        r#"{{"tenant_binding": "path", "organization": "none",
        "routes": ["/v1/tenants/{{tenant_id}}"], "scopes": [{scopes}]}}"#
    )
}

#[tokio::test]
async fn what_was_permitted_since_a_session_was_created_is_not_permitted_to_it() {
    let narrow = rules(
        r#"{"name": "all:write", "description": "Less.",
            "allow": [{"methods": ["PUT"], "paths": ["/v1/tenants/{tenant_id}"]}]}"#,
    );
    let rig = Rig::with(Wanted {
        created_under: Some(String::leak(narrow)),
        ..Wanted::default()
    })
    .await;
    assert_eq!(ask(&rig, &format!("POST {TENANT}"), "", "").await, 403);
    assert_eq!(refusal(&rig), Refusal::OutOfScope);
    assert_eq!(rig.upstream.text(), "");
    assert_eq!(ask(&rig, &format!("PUT {TENANT}"), "", "").await, 200);
}

#[tokio::test]
async fn a_session_whose_rules_are_lost_may_do_nothing() {
    let rig = Rig::with(Wanted {
        created_under: Some("not the rules of any release"),
        ..Wanted::default()
    })
    .await;
    assert_eq!(ask(&rig, &format!("GET {TENANT}"), "", "").await, 403);
    assert_eq!(rig.upstream.text(), "");
}

#[tokio::test]
async fn secrets_in_paths_and_queries_are_forwarded_but_never_recorded() {
    let rig = Rig::with(Wanted {
        more: r#"hidden = { paths = ["/v1/tenants/{tenant_id}/resets/{secret}"], query = ["code"] }"#,
        ..Wanted::default()
    })
    .await;
    let passing = format!("GET {TENANT}/resets/s3cret?code=s3cret&page=2");
    assert_eq!(rig.ask(&passing).await.status, 200);
    assert!(
        rig.upstream
            .text()
            .contains("/resets/s3cret?code=s3cret&page=2")
    );
    for refused in [
        "GET /v1/tenants/bolt/resets/s3cret?code=s3cret".to_owned(),
        format!("GET {TENANT}//resets/s3cret?c%6fde=s3cret"),
        format!("GET {TENANT}/resets%2Fs3cret"),
    ] {
        assert!(rig.ask(&refused).await.status >= 400, "{refused}");
    }
    let begun = rig.store.begun();
    assert_eq!(begun[0].path, format!("{TENANT}/resets/(hidden)"));
    assert_eq!(begun[0].query.as_deref(), Some("code=(hidden)&page=2"));
    let records = format!("{begun:?}{:?}", rig.store.refused());
    assert_eq!(rig.store.refused().len(), 3);
    assert!(!records.contains("s3cret"), "{records}");
}

#[tokio::test]
async fn secrets_stand_in_no_record_of_a_target_that_can_be_read_in_two_ways() {
    let rig = Rig::with(Wanted {
        more: r#"hidden = { paths = ["/v1/tenants/{tenant_id}/resets/{secret}"], query = ["code"] }"#,
        ..Wanted::default()
    })
    .await;
    let far = "x/".repeat(4096);
    let targets = [
        format!("{TENANT}/./resets/s3cret"),
        format!("{TENANT}/%2e/resets/s3cret"),
        format!("{TENANT}/%2E/resets/s3cret"),
        format!("{TENANT}/x/../resets/s3cret"),
        format!("{TENANT}/x/%2e%2e/resets/s3cret"),
        format!("{TENANT}/x/.%2e/resets/s3cret"),
        format!("{TENANT}/resets/x/../s3cret"),
        format!("http://bolt.example{TENANT}/resets/s3cret"),
        format!("{TENANT}/resets/s3cret#x"),
        format!("{TENANT}/resets#/s3cret"),
        format!("{TENANT}#code=s3cret"),
        format!("{TENANT}?a=1#code=s3cret"),
        format!("{TENANT}/resets%00/s3cret"),
        format!("{TENANT}/%00/resets/s3cret"),
        format!("{TENANT}%2Fresets%2Fs3cret"),
        format!("{TENANT}%5Cresets%5Cs3cret"),
        format!("{TENANT}\\resets\\s3cret"),
        format!("{TENANT}/resets%252Fs3cret"),
        format!("{TENANT}/%2572esets/s3cret"),
        format!("{TENANT};/resets/s3cret"),
        format!("{TENANT}/resets;a=b/s3cret"),
        format!("{TENANT}//resets//s3cret"),
        format!("{TENANT}/resets/s3cret/{far}"),
        format!("{TENANT}?a=%00&code=s3cret"),
        format!("{TENANT}/%C0%AFresets/s3cret"),
    ];
    for (count, target) in targets.iter().enumerate() {
        let status = rig.ask(&format!("GET {target}")).await.status;
        assert!((400..500).contains(&status), "{target}: {status}");
        assert_eq!(rig.store.refused().len(), count + 1, "{target}");
    }
    let refused = rig.store.refused();
    for (target, refused) in targets.iter().zip(refused) {
        let recorded = format!("{:?}", refused.request);
        assert!(!recorded.contains("s3cret"), "{target}: {recorded}");
    }
    assert_eq!(rig.upstream.text(), "");
    // A path with one reading hides no more than it must.
    let target = format!("{TENANT}/resets(s3cret)?back=%2Fx%3Fcode%3Ds3cret&page=2");
    assert_eq!(rig.ask(&format!("GET {target}")).await.status, 200);
    let begun = rig.store.begun();
    assert_eq!(begun[0].path, format!("{TENANT}/(hidden)"));
    assert_eq!(begun[0].query.as_deref(), Some("back=(hidden)&page=2"));
    // So does an address of the gateway itself.
    let target = format!("http://{}{TENANT}/resets(s3cret)?code=s3cret", rig.address);
    assert_eq!(rig.ask(&format!("GET {target}")).await.status, 200);
    let begun = rig.store.begun();
    assert_eq!(begun[1].path, format!("{TENANT}/(hidden)"));
    assert_eq!(begun[1].query.as_deref(), Some("code=(hidden)"));
}
