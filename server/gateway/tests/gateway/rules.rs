//! The rules of the configuration decide, and what they refuse the upstream never sees.

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

/// The rules of the rig, but for what the test says of scopes.
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
