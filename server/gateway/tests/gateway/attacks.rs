//! Requests that must not pass: the upstream must have received nothing.

use std::fmt::Write;

use app::domain::access_log::Refusal;

use crate::support::{Rig, Wanted};

const OWN: &str = "/v1/tenants/acme";

/// A request line, the fields after Host and Authorization, and the expected answer.
struct Attack {
    line: String,
    fields: &'static str,
    status: u16,
    code: &'static str,
}

fn attack(
    line: impl Into<String>,
    fields: &'static str,
    status: u16,
    code: &'static str,
) -> Attack {
    Attack {
        line: line.into(),
        fields,
        status,
        code,
    }
}

async fn all_refused(rig: &Rig, attacks: Vec<Attack>) {
    for (count, attack) in attacks.iter().enumerate() {
        let request = format!("{}{}\r\n", rig.head(&attack.line), attack.fields);
        let answer = rig.raw(&request).await;
        let name = format!("{} {:?}", attack.line, attack.fields);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (attack.status, attack.code),
            "{name}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
        assert!(answer.header("x-request-id").is_some(), "{name}");
        assert_eq!(rig.upstream.bytes(), 0, "{name}");
        assert_eq!(rig.store.refused().len(), count + 1, "recorded: {name}");
    }
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn paths_that_can_be_read_in_two_ways_are_refused() {
    let targets = [
        "/v1/tenants/acme/../bolt",
        "/v1/tenants/acme/./x",
        "/v1/tenants/acme/%2e%2e/bolt",
        "/v1/tenants/acme/%2E./bolt",
        "/v1/tenants/acme%2fbolt",
        "/v1/tenants/acme%2F..%2Fbolt",
        "/v1/tenants/acme%5cbolt",
        "/v1/tenants/acme\\bolt",
        "/v1/tenants/acme\\..\\bolt",
        "/v1/tenants/acme;x=y",
        "/v1/tenants/acme//x",
        "//v1/tenants/acme",
        "/v1/tenants/acme/%00",
        "/v1/tenants/acme/%0d%0aX:%20y",
        "/v1/tenants/acme/%252e%252e/bolt",
        "/v1/tenants/acme/%0A",
        "/v1/tenants/acme%",
        "/v1/tenants/acme%zz/x",
        "/v1/tenants/acme%FF",
        "/v1/tenants/%7Facme",
        "/v1/tenants%7F/acme/x",
        "/v1/tenants/%/acme",
        "/v1/tenants/acme/.%./bolt",
        "/v1/tenants/acme/%%32e%%32e/bolt",
        "/v1/tenants/acme/%u002e%u002e/bolt",
        "/v1/tenants/acme/%C0%AE%C0%AE/bolt",
        "/v1/tenants/acme/.%FF./bolt",
        "/v1/tenants/acme/.%7F./bolt",
        "//h/v1/tenants/acme",
        "//v1/tenants/acme/v1/tenants/bolt",
        "/v1/tenants/acme#/../bolt",
        "/v1/tenants/acme?x#y",
        "http://bolt.example/v1/tenants/acme",
    ];
    let rig = Rig::new().await;
    let attacks = targets.map(|t| attack(format!("GET {t}"), "", 400, "ambiguous_path"));
    all_refused(&rig, attacks.into()).await;
    assert!(
        rig.store
            .refused()
            .iter()
            .all(|r| r.refusal == Refusal::AmbiguousPath)
    );
}

#[tokio::test]
async fn another_tenants_name_is_refused_wherever_it_stands() {
    let rig = Rig::new().await;
    let wrong = |line: String, fields| attack(line, fields, 403, "wrong_tenant");
    all_refused(
        &rig,
        vec![
            wrong("GET /v1/tenants/bolt".into(), ""),
            wrong("GET /v1/tenants/ACME".into(), ""),
            wrong("GET /v1/tenants/%62olt".into(), ""),
            wrong("GET /%76%31/tenants/%62%6f%6C%74/x".into(), ""),
            wrong("GET /v1/tenants".into(), ""),
            wrong("GET /".into(), ""),
            wrong("GET /v1/me".into(), ""),
            wrong(format!("GET {OWN}?tenant_id=bolt"), ""),
            wrong(format!("GET {OWN}?tenant_id=acme&tenant_id=bolt"), ""),
            wrong(format!("GET {OWN}?tenant%5Fid=bolt"), ""),
            wrong(format!("GET {OWN}?Tenant_Id=bolt"), ""),
            wrong(format!("GET {OWN}?tenant_id[]=bolt"), ""),
            wrong(format!("GET {OWN}"), "X-Tenant-Id: bolt\r\n"),
            wrong(
                format!("GET {OWN}"),
                "X-Tenant-Id: acme\r\nX-Tenant-Id: bolt\r\n",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_foreign_host_is_misdirected() {
    let rig = Rig::new().await;
    let request = rig
        .head(&format!("GET {OWN}"))
        .replace(&rig.address.to_string(), "bolt.example");
    let answer = rig.raw(&format!("{request}\r\n")).await;
    assert_eq!((answer.status, answer.code().as_str()), (421, "wrong_host"));
    // It says its own name, and no other's.
    let own = format!("Its address is {}.", rig.address);
    assert!(answer.text().contains(&own), "{}", answer.text());
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_session_of_organization_x_never_reaches_y() {
    let rig = Rig::with(Wanted {
        session_organization: Some("x"),
        ..Wanted::default()
    })
    .await;
    let (wrong, open) = ("wrong_organization", "organization_not_confinable");
    all_refused(
        &rig,
        vec![
            attack(format!("GET {OWN}/organizations/y"), "", 403, wrong),
            attack(format!("GET {OWN}/organizations/X"), "", 403, wrong),
            attack(
                format!("GET {OWN}/organizations/x?organization_id=y"),
                "",
                403,
                wrong,
            ),
            attack(
                format!("GET {OWN}/organizations/x"),
                "X-Organization-Id: y\r\n",
                403,
                wrong,
            ),
            attack(format!("GET {OWN}/organizations"), "", 403, open),
            attack(format!("GET {OWN}/invoices"), "", 403, open),
            attack(
                "GET /v1/tenants/bolt/organizations/x",
                "",
                403,
                "wrong_tenant",
            ),
        ],
    )
    .await;
    let within = rig.ask(&format!("GET {OWN}/organizations/x/users")).await;
    assert_eq!(within.status, 200);
    assert!(rig.upstream.text().contains("support-organization: x\r\n"));
}

#[tokio::test]
async fn an_upstream_that_honours_the_header_gets_the_organization() {
    let rig = Rig::with(Wanted {
        binding: "identity",
        organization: "header",
        session_organization: Some("x"),
        ..Wanted::default()
    })
    .await;
    let head = rig.head("GET /v1/me");
    let answer = rig
        .raw(&format!("{head}Support-Organization: y\r\n\r\n"))
        .await;
    assert_eq!(answer.status, 200);
    let sent = rig.upstream.text();
    assert_eq!(sent.matches("support-organization").count(), 1);
    assert!(sent.contains("support-organization: x\r\n"), "{sent}");
}

#[tokio::test]
async fn what_is_not_granted_is_refused() {
    let rig = Rig::with(Wanted {
        scopes: &["read_only"],
        ..Wanted::default()
    })
    .await;
    let out = |line: String| attack(line, "", 403, "out_of_scope");
    let methods = ["POST", "PUT", "PATCH", "DELETE", "PROPFIND", "get"];
    all_refused(&rig, methods.map(|m| out(format!("{m} {OWN}"))).into()).await;
}

#[tokio::test]
async fn upgrades_and_odd_forms_are_refused() {
    let rig = Rig::new().await;
    let get = || format!("GET {OWN}");
    let (upgrade, malformed) = ("upgrade_refused", "malformed_request");
    let two_ends = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    all_refused(
        &rig,
        vec![
            attack(
                get(),
                "Connection: Upgrade\r\nUpgrade: websocket\r\n",
                403,
                upgrade,
            ),
            attack(
                get(),
                "Connection: Upgrade\r\nUpgrade: h2c, WebSocket\r\n",
                403,
                upgrade,
            ),
            attack(
                get(),
                "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket/13\r\n",
                403,
                upgrade,
            ),
            attack(
                get(),
                "Connection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Version: 13\r\n",
                403,
                upgrade,
            ),
            attack(get(), "Upgrade: websocket\r\n", 403, upgrade),
            attack(format!("TRACE {OWN}"), "", 400, malformed),
            attack(get(), "Connection: Support-Tenant\r\n", 400, malformed),
            attack(get(), "Connection: close, x-request-id\r\n", 400, malformed),
            attack(get(), "Host: bolt.example\r\n", 400, malformed),
            attack(get(), two_ends, 400, malformed),
            attack(
                get(),
                "Content-Length: 0\r\nContent-Length: 0\r\n",
                400,
                malformed,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_no_http_11_request_is_refused_without_a_record() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}"));
    let token = format!("Authorization: Bearer {}\r\n", rig.token);
    for (request, status) in [
        (head.replace("HTTP/1.1", "HTTP/1.0"), 505),
        (head.replace("HTTP/1.1", "HTTP/1.2"), 400),
        (head.replace("GET /", "GET  /"), 400),
        (head.replace("\r\n", "\n"), 400),
        (format!("{head}{token}"), 400),
        (format!("{head}Authorization: Basic YTpi\r\n"), 400),
        (format!("{head}X : y\r\n"), 400),
        (
            format!("{head}Content-Length: 1\r\nContent-Length: 2\r\n"),
            400,
        ),
        (format!("{head}Content-Length: -1\r\n"), 400),
        (format!("{head}Transfer-Encoding: gzip\r\n"), 400),
        (format!("{head}X: a\0b\r\n"), 400),
    ] {
        let end = if request.contains('\r') { "\r\n" } else { "\n" };
        let answer = rig.raw(&format!("{request}{end}")).await;
        assert_eq!(answer.status, status, "{request:?}");
        assert_eq!(rig.upstream.bytes(), 0, "{request:?}");
    }
    assert!(rig.store.begun().is_empty());
}

#[tokio::test]
async fn a_request_of_a_known_session_that_is_no_plain_http_11_is_recorded_as_refused() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}"));
    let token = format!("Authorization: Bearer {}\r\n", rig.token);
    let requests = [
        (head.replace("HTTP/1.1", "HTTP/1.0"), 505),
        (format!("{head}{token}"), 400),
        (format!("{head}Authorization: Basic YTpi\r\n"), 400),
    ];
    for (number, (request, status)) in requests.iter().enumerate() {
        let answer = rig.raw(&format!("{request}\r\n")).await;
        assert_eq!(answer.status, *status, "{request:?}");
        let refused = rig.store.refused();
        assert_eq!(refused.len(), number + 1, "{request:?}");
        assert_eq!(refused[number].status, *status, "{request:?}");
    }
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn connect_is_refused() {
    let rig = Rig::new().await;
    let answer = rig.ask("CONNECT bolt.example:443").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (403, "upgrade_refused")
    );
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn nobody_gets_in_without_a_known_token() {
    let rig = Rig::new().await;
    let unknown = format!("scst_{}", "A".repeat(43));
    let query = format!(
        "GET {OWN}?access_token={} HTTP/1.1\r\nHost: {}\r\n\r\n",
        rig.token, rig.address
    );
    let mut requests = vec![query];
    for credential in [
        String::new(),
        format!("Authorization: Bearer {unknown}\r\n"),
        format!("Authorization: Basic {}\r\n", rig.token),
        format!("Authorization: {}\r\n", rig.token),
        format!("Cookie: token={}\r\n", rig.token),
        format!("X-API-Key: {}\r\n", rig.token),
        format!("Proxy-Authorization: Bearer {}\r\n", rig.token),
    ] {
        requests.push(format!(
            "GET {OWN} HTTP/1.1\r\nHost: {}\r\n{credential}\r\n",
            rig.address
        ));
    }
    for request in requests {
        let answer = rig.raw(&request).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "unauthenticated"),
            "{request}"
        );
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(!answer.text().contains(&rig.token));
    }
    assert_eq!(rig.upstream.bytes(), 0);
    assert!(rig.store.begun().is_empty() && rig.store.refused().is_empty());
}

#[tokio::test]
async fn a_token_in_a_url_is_refused_and_stands_in_no_record() {
    let rig = Rig::new().await;
    let escaped = rig.token.replacen("scst", "%73cst", 1);
    let twice = rig.token.replacen("scst", "%2573cst", 1);
    let attacks = [
        (
            format!("{OWN}?access_token={}", rig.token),
            "malformed_request",
        ),
        (format!("{OWN}?a=1&b[{}]=2", rig.token), "malformed_request"),
        (format!("{OWN}?a={escaped}"), "malformed_request"),
        (format!("{OWN}?a={twice}"), "malformed_request"),
        (format!("{OWN}/sessions/{}", rig.token), "malformed_request"),
        (format!("{OWN}/sessions/{escaped}"), "ambiguous_path"),
        (
            format!("{OWN}/{}/{}", "x".repeat(2025), rig.token),
            "malformed_request",
        ),
    ];
    let attacks = attacks.map(|(target, code)| attack(format!("GET {target}"), "", 400, code));
    all_refused(&rig, attacks.into()).await;
    let secret = rig.token.trim_start_matches("scst_");
    for refused in rig.store.refused() {
        let recorded = format!("{:?}", refused.request);
        assert!(!recorded.contains(&secret[..20]), "{recorded}");
    }
}
/// Fields that pass by default, and one that a configuration may let pass.
const PASSING: [&str; 19] = [
    "Accept",
    "Accept-Language",
    "Origin",
    "Referer",
    "Idempotency-Key",
    "traceparent",
    "tracestate",
    "baggage",
    "Range",
    "If-Match",
    "If-None-Match",
    "Content-Type",
    "Content-Disposition",
    "Prefer",
    "Last-Event-ID",
    "Cache-Control",
    "Trailer",
    "Sec-WebSocket-Protocol",
    "X-Anything",
];
/// Fields that never go on with what they hold.
const STAYING: [&str; 8] = [
    "Cookie",
    "X-Api-Key",
    "X_Cookie",
    "X-Forwarded-For",
    "Proxy-Authorization",
    "Support-Session",
    "X-Request-Id",
    "User-Agent",
];

#[tokio::test]
async fn a_token_in_a_field_that_passes_is_refused_and_stands_in_no_record() {
    let rig = Rig::new().await;
    let head = |method: &str| rig.head(&format!("{method} {OWN}"));
    let spellings = [
        rig.token.clone(),
        format!("x; y={}", rig.token),
        rig.token.replacen("scst_", "scst%5F", 1),
        rig.token.replacen('s', "%2525252573", 1),
    ];
    let mut requests = vec![head(&rig.token)];
    requests.push(format!("{}{}: x\r\n", head("GET"), rig.token));
    for spelling in &spellings {
        let fields = PASSING.iter();
        requests.extend(fields.map(|field| format!("{}{field}: {spelling}\r\n", head("GET"))));
    }
    for (count, request) in requests.iter().enumerate() {
        let answer = rig.raw(&format!("{request}\r\n")).await;
        assert_eq!(answer.status, 400, "{request}");
        assert_eq!(answer.code(), "malformed_request", "{request}");
        assert!(!answer.text().contains(&rig.token[5..]), "{request}");
        assert_eq!(rig.store.refused().len(), count + 1, "recorded: {request}");
    }
    let recorded = format!("{:?}", rig.store.refused());
    for part in [&rig.token[5..25], &rig.token.to_lowercase()[5..25]] {
        assert!(!recorded.contains(part), "{recorded}");
    }
    assert_eq!(rig.upstream.bytes(), 0);
}

#[tokio::test]
async fn a_token_in_a_field_that_does_not_pass_goes_nowhere() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("GET {OWN}"));
    // A text is hidden before it is shortened for the record.
    let long = [470, 500, 508].map(|length| format!("User-Agent: {} ", "x".repeat(length)));
    let staying = STAYING.iter().map(|field| format!("{field}: a="));
    for field in staying.chain(long) {
        let request = format!("{head}{field}{}\r\n\r\n", rig.token);
        assert_eq!(rig.raw(&request).await.status, 200, "{field}");
    }
    let (sent, recorded) = (rig.upstream.text(), format!("{:?}", rig.store.begun()));
    assert!(!sent.contains(&rig.token[5..25]), "{sent}");
    assert!(!recorded.contains(&rig.token[5..25]), "{recorded}");
}

#[tokio::test]
async fn a_token_in_a_trailer_stays_behind() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("POST {OWN}"));
    let token = &rig.token;
    let request = format!(
        "{head}Transfer-Encoding: chunked\r\nTrailer: Prefer, Accept\r\n\r\n1\r\nx\r\n0\r\nPrefer: {token}\r\nAccept: y\r\n\r\n"
    );
    assert_eq!(rig.raw(&request).await.status, 200);
    let sent = rig.upstream.text();
    assert!(sent.contains("accept: y"), "{sent}");
    assert!(!sent.contains(token), "{sent}");
}

#[tokio::test]
async fn a_request_smuggled_behind_a_body_is_judged_like_any_other() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let inner = rig.head("GET /v1/tenants/bolt");
    let mut outer = rig.head(&format!("POST {OWN}"));
    write!(outer, "Content-Length: 4\r\n\r\nbody{inner}\r\n").unwrap();
    client.send(outer.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.answer().await.code(), "wrong_tenant");
    assert_eq!(rig.upstream.requests(), 1);
    assert!(!rig.upstream.text().contains("bolt"));
}

#[tokio::test]
async fn nothing_follows_a_chunked_body_on_the_same_connection() {
    let rig = Rig::new().await;
    let mut client = rig.client().await;
    let head = rig.head(&format!("POST {OWN}"));
    let next = rig.head(&format!("GET {OWN}/2"));
    let request = format!("{head}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n{next}\r\n");
    client.send(request.as_bytes()).await;
    let first = client.answer().await;
    assert_eq!(
        (first.status, first.header("connection")),
        (200, Some("close"))
    );
    assert_eq!(client.rest().await, "");
    assert_eq!(rig.upstream.requests(), 1);
}

#[tokio::test]
async fn a_trailer_can_not_bring_identity_in() {
    let rig = Rig::new().await;
    let head = rig.head(&format!("POST {OWN}"));
    let request = format!(
        "{head}Transfer-Encoding: chunked\r\nTrailer: Support-Tenant, Prefer\r\n\r\n1\r\nx\r\n0\r\nSupport-Tenant: bolt\r\nPrefer: y\r\n\r\n"
    );
    assert_eq!(rig.raw(&request).await.status, 200);
    let sent = rig.upstream.text();
    assert!(sent.contains("prefer: y"), "{sent}");
    assert!(!sent.contains("bolt"), "{sent}");
}
