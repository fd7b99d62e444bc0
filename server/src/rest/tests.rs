mod feed;
mod keys;
mod limits;
mod otlp;
mod support_sessions;

use std::{collections::HashMap, fmt::Write as _};

use app::domain::api_keys::ApiRight;
use axum::{Router, body::Body};
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use store::{Lane, testing::fill};
use tower::ServiceExt;

use crate::{
    app_state::AppState,
    rest::bodies::Bodies,
    router,
    services::{
        api_keys::NewApiKey,
        testing::{World, both, cli, noon, sqlite, tenant as id},
    },
};

/// The served interface, with a key of each kind.
struct App {
    router: Router,
    keys: HashMap<&'static str, String>,
    bodies: Bodies,
}

/// With the tenants `acme` and `other`, and a key of each kind.
async fn app(console: &World) -> App {
    console.register("acme", "Acme").await;
    console.register("other", "Other").await;
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(console.core.clone(), keys).unwrap();
    let everything_but_reading: Vec<_> = ApiRight::ALL
        .iter()
        .copied()
        .filter(|right| *right != ApiRight::Read)
        .collect();
    let wanted = [
        ("platform", None, ApiRight::ALL.to_vec()),
        ("reader", None, vec![ApiRight::Read]),
        ("writer", None, everything_but_reading),
        ("own", Some("acme"), vec![ApiRight::Read]),
        ("other", Some("other"), vec![ApiRight::Read]),
        ("revoked", None, ApiRight::ALL.to_vec()),
        ("expired", None, ApiRight::ALL.to_vec()),
        ("elsewhere", None, ApiRight::ALL.to_vec()),
    ];
    let mut keys = HashMap::from([("unknown", "scp_unknown".to_owned())]);
    for (name, tenant, rights) in wanted {
        // The clock that makes this key is a day behind.
        let day = chrono::TimeDelta::days(i64::from(name == "expired"));
        console.clock.advance(-day);
        let new = NewApiKey {
            name: name.into(),
            tenant_id: tenant.map(id),
            rights,
            allowed_addresses: match name {
                "elsewhere" => vec!["198.51.100.0/24".parse().unwrap()],
                _ => Vec::new(),
            },
            expires_in_days: (name == "expired").then_some(1),
            ..NewApiKey::default()
        };
        let made = state.api_keys.create(&cli(), new).await.unwrap();
        if name == "revoked" {
            state.api_keys.revoke(&cli(), made.key.id).await.unwrap();
        }
        console.clock.advance(day);
        keys.insert(name, made.token.expose().to_owned());
    }
    App {
        router: router::rest(&state, None),
        keys,
        bodies: state.bodies.clone(),
    }
}

/// An answer, read whole.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

async fn send(app: &App, request: Request<Body>) -> Answer {
    let response = app.router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}

/// A request with the key of that name.
fn request(
    app: &App,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: impl Into<Body>,
) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/json")
        .header("idempotency-key", "k");
    if let Some(key) = key {
        request = request.header("authorization", format!("Bearer {}", app.keys[key]));
    }
    request.body(body.into()).unwrap()
}

const FORM: &str = "application/x-www-form-urlencoded";

fn set_media_type(request: &mut Request<Body>, media_type: &str) {
    let value = media_type.parse().unwrap();
    request.headers_mut().insert("content-type", value);
}

/// A valid body for an operation of the document. A new operation needs an entry here. Otherwise
/// its line of the matrix shows a 4xx that has nothing to do with the key.
fn good_body(method: &str, path: &str) -> Value {
    match (method, path) {
        ("post", "/api/v1/requests") => {
            json!([{"tenant_id": "acme", "at": noon(), "status": 200}])
        }
        ("post", "/api/v1/access-log/complete") => {
            json!([{"request_id": "01937e2c-7b6a-7cc0-8000-000000000001", "status": 200, "bytes": 1, "duration_ms": 1}])
        }
        ("put", "/api/v1/tenants/{tenant_id}") => {
            json!({"slug": "acme", "name": "Acme", "status": "active"})
        }
        ("put", "/api/v1/tenants/{tenant_id}/organizations/{organization_id}") => {
            json!({"slug": "eu", "name": "Europe", "status": "active"})
        }
        ("put", "/api/v1/tenants/{tenant_id}/user-sessions/{user_session_id}") => {
            json!({"user": "u", "issued_at": noon(), "expires_at": noon() + chrono::TimeDelta::hours(1)})
        }
        ("post", "/api/v1/user-sessions/introspect") => {
            json!({"tenant_id": "acme", "user_session_id": "u1"})
        }
        ("post", "/api/v1/tenants/{tenant_id}/force-logout") => json!({"slug": "acme"}),
        _ => Value::Null,
    }
}

/// The address of an operation, with identifiers that exist.
fn address(path: &str) -> String {
    let path = path
        .replace("{tenant_id}", "acme")
        .replace("{organization_id}", "eu")
        .replace("{user_session_id}", "u1")
        .replace(
            "{support_session_id}",
            "00000000-0000-0000-0000-0000000000b1",
        )
        .replace("{audit_event_id}", "00000000-0000-0000-0000-0000000000d1");
    assert!(!path.contains('{'), "{path} has a part without a value");
    if path.ends_with("/export") {
        format!("{path}?format=jsonl")
    } else {
        path
    }
}

/// Every operation of the document: method and path.
fn operations() -> Vec<(String, String)> {
    let document = serde_json::to_value(router::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap().clone();
    let mut operations = Vec::new();
    for (path, item) in paths {
        for method in [
            "get", "put", "post", "delete", "patch", "head", "options", "trace",
        ] {
            if item.get(method).is_some() {
                operations.push((method.to_owned(), path.clone()));
            }
        }
    }
    operations
}

#[tokio::test]
async fn each_endpoint_answers_each_kind_of_key_as_reviewed() {
    let callers = [
        ("anonymous", None),
        ("unknown", Some("unknown")),
        ("revoked", Some("revoked")),
        ("expired", Some("expired")),
        ("from elsewhere", Some("elsewhere")),
        ("other tenant", Some("other")),
        ("own tenant", Some("own")),
        ("platform: read", Some("reader")),
        ("platform: all but read", Some("writer")),
        ("platform: all", Some("platform")),
    ];
    let mut matrices = Vec::new();
    for console in both().await {
        let app = app(&console).await;
        console.add_support_session().await;
        let mut matrix = String::new();
        for (method, path) in operations() {
            let mut line = format!("{:6} {path}\n      ", method.to_uppercase());
            for (name, key) in callers {
                let body = good_body(&method, &path).to_string();
                let method = method.to_uppercase();
                let mut request = request(&app, &method, &address(&path), key, body);
                if path == "/introspect" {
                    *request.body_mut() = "token=scst_x".into();
                    set_media_type(&mut request, FORM);
                }
                let answer = send(&app, request).await;
                write!(line, " {name} {};", answer.status.as_u16()).unwrap();
            }
            matrix.push_str(line.trim_end_matches(';'));
            matrix.push('\n');
        }
        matrices.push(matrix);
    }
    assert_eq!(matrices[0], matrices[1], "both engines answer alike");
    insta::assert_snapshot!(matrices[0]);
}

#[tokio::test]
async fn a_key_comes_in_either_header_but_not_in_both() {
    let console = sqlite().await;
    let app = app(&console).await;
    let (key, other) = (app.keys["platform"].as_str(), app.keys["own"].as_str());
    let bearer = |scheme: &str| format!("{scheme} {key}");
    let status = async |headers: &[(&str, &str)]| {
        let request = headers.iter().fold(
            Request::builder().uri("/api/v1/tenants"),
            |request, (name, value)| request.header(*name, *value),
        );
        let answer = send(&app, request.body(Body::empty()).unwrap()).await;
        answer.status.as_u16()
    };
    assert_eq!(status(&[("authorization", &bearer("Bearer"))]).await, 200);
    assert_eq!(status(&[("authorization", &bearer("bearer"))]).await, 200);
    assert_eq!(status(&[("x-api-key", key)]).await, 200);
    let both = [
        ("authorization", bearer("Bearer")),
        ("x-api-key", key.to_owned()),
    ];
    let both: Vec<_> = both
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    assert_eq!(status(&both).await, 400);
    assert_eq!(
        status(&[("x-api-key", key), ("x-api-key", other)]).await,
        400
    );
    assert_eq!(status(&[("authorization", &bearer("Basic"))]).await, 401);
    assert_eq!(status(&[("authorization", key)]).await, 401);
    assert_eq!(
        status(&[("cookie", &format!("__Host-staff={key}"))]).await,
        401
    );
}

#[tokio::test]
async fn problems_are_problem_details_that_name_the_request() {
    let console = sqlite().await;
    let app = app(&console).await;
    let answer = send(
        &app,
        request(&app, "GET", "/api/v1/tenants/nobody", Some("platform"), ""),
    )
    .await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["code"], "not_found");
    assert_eq!(problem["status"], 404);
    assert_eq!(problem["title"], "Not Found");
    assert_eq!(
        answer.headers["x-request-id"],
        problem["request_id"].as_str().unwrap()
    );

    let answer = send(
        &app,
        request(&app, "GET", "/api/v1/nothing", Some("platform"), ""),
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["code"].as_str()),
        (404, Some("not_found"))
    );
    let answer = send(
        &app,
        request(&app, "PATCH", "/api/v1/tenants/acme", Some("platform"), ""),
    )
    .await;
    assert_eq!(answer.json()["code"], "method_not_allowed");
    let allow = answer.headers["allow"].to_str().unwrap();
    assert!(allow.contains("PUT"), "{allow}");
    let answer = send(&app, request(&app, "GET", "/api/v1/tenants", None, "")).await;
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

/// Status, code and the fields that are named.
async fn refusal(
    app: &App,
    method: &str,
    path: &str,
    body: impl Into<Body>,
) -> (u16, String, Vec<String>) {
    let answer = send(app, request(app, method, path, Some("platform"), body)).await;
    let problem = answer.json();
    let fields = problem["fields"].as_array().cloned().unwrap_or_default();
    (
        answer.status.as_u16(),
        problem["code"].as_str().unwrap_or_default().to_owned(),
        fields
            .iter()
            .map(|f| f["field"].as_str().unwrap().to_owned())
            .collect(),
    )
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
async fn bad_input_is_a_clear_4xx_that_names_the_field() {
    let console = sqlite().await;
    let app = app(&console).await;
    let tenant = |patch: Value| {
        let mut body = json!({"slug": "acme", "name": "Acme", "status": "active"});
        for (field, value) in patch.as_object().unwrap() {
            body[field] = value.clone();
        }
        body.to_string()
    };
    let put = "/api/v1/tenants/acme";
    let post = "/api/v1/requests";
    let mb = "x".repeat(1_000_000);
    let cases: Vec<(&str, &str, String, u16, &str)> = vec![
        (
            "GET",
            "/api/v1/tenants?plan=%00",
            String::new(),
            422,
            "plan",
        ),
        (
            "GET",
            "/api/v1/tenants?region=%00",
            String::new(),
            422,
            "region",
        ),
        (
            "GET",
            "/api/v1/tenant-changes?cursor=-1",
            String::new(),
            422,
            "cursor",
        ),
        ("PUT", put, tenant(json!({"colour": 1})), 422, "colour"),
        ("PUT", put, tenant(json!({"name": 7})), 422, "name"),
        ("PUT", put, tenant(json!({"name": "a\0b"})), 422, "name"),
        ("PUT", put, tenant(json!({"name": mb})), 422, "name"),
        (
            "PUT",
            put,
            tenant(json!({"name": "\u{202e}emcA"})),
            422,
            "name",
        ),
        ("PUT", put, tenant(json!({"slug": "<b>"})), 422, "slug"),
        ("PUT", put, tenant(json!({"status": "gone"})), 422, "status"),
        (
            "PUT",
            put,
            tenant(json!({"created_at": "0001-01-01T00:00:00Z"})),
            422,
            "created_at",
        ),
        (
            "PUT",
            put,
            tenant(json!({"created_at": "soon"})),
            422,
            "created_at",
        ),
        (
            "PUT",
            put,
            json!({"slug": "acme", "status": "active"}).to_string(),
            422,
            "name",
        ),
        ("PUT", put, "{".into(), 400, ""),
        (
            "PUT",
            "/api/v1/tenants/a%2Fb",
            tenant(json!({})),
            422,
            "tenant_id",
        ),
        ("GET", "/api/v1/tenants/%FF", String::new(), 400, ""),
        (
            "GET",
            "/api/v1/tenants?colour=red",
            String::new(),
            422,
            "colour",
        ),
        (
            "GET",
            "/api/v1/tenants?status=gone",
            String::new(),
            422,
            "status",
        ),
        (
            "GET",
            "/api/v1/tenants?limit=-1",
            String::new(),
            422,
            "limit",
        ),
        ("GET", "/api/v1/tenants?q=a%00b", String::new(), 422, "q"),
        ("GET", "/api/v1/tenants?q=%FF", String::new(), 400, ""),
        ("GET", "/api/v1/tenants?cursor=AAAA", String::new(), 400, ""),
        (
            "GET",
            "/api/v1/support-sessions/1",
            String::new(),
            422,
            "support_session_id",
        ),
        ("GET", "/api/v1/audit?from=9", String::new(), 422, "from"),
        (
            "GET",
            "/api/v1/audit?actor=%00",
            String::new(),
            422,
            "actor",
        ),
        (
            "GET",
            "/api/v1/audit/export?format=xml",
            String::new(),
            422,
            "format",
        ),
        ("GET", "/api/v1/audit/export", String::new(), 422, "format"),
        ("POST", post, "{}".into(), 422, "body"),
        (
            "POST",
            post,
            json!([{"tenant_id": "acme", "at": noon(), "status": -1}]).to_string(),
            422,
            "[0].status",
        ),
        (
            "POST",
            post,
            json!([{"tenant_id": "acme", "at": noon(), "status": 200, "x": 1}]).to_string(),
            422,
            "[0].x",
        ),
        (
            "POST",
            post,
            json!([{"tenant_id": "a b", "at": noon(), "status": 200}]).to_string(),
            422,
            "[0].tenant_id",
        ),
        (
            "POST",
            post,
            json!([{"at": noon(), "status": 200}]).to_string(),
            422,
            "[0].tenant_id",
        ),
        ("POST", post, format!("[{}1]", "1,".repeat(10_000)), 413, ""),
        ("POST", post, " ".repeat(8 * 1024 * 1024 + 1), 413, ""),
        (
            "POST",
            "/api/v1/tenants/acme/force-logout",
            json!({"slug": "other"}).to_string(),
            422,
            "slug",
        ),
    ];
    for (method, path, body, status, field) in cases {
        let start: String = body.chars().take(120).collect();
        let refused = refusal(&app, method, path, body).await;
        let fields: Vec<_> = Some(field).filter(|f| !f.is_empty()).into_iter().collect();
        assert_eq!(
            (refused.0, &refused.2),
            (status, &fields.iter().map(ToString::to_string).collect()),
            "{method} {path} {start}: {}",
            refused.1
        );
    }
    let broken = refusal(&app, "PUT", put, vec![b'"', 0xff, b'"']).await;
    assert_eq!((broken.0, broken.1.as_str()), (400, "malformed_request"));
    assert_eq!(
        console.stored("acme").await.tenant.name,
        "Acme",
        "nothing is half done"
    );
    assert_eq!(console.stored("acme").await.signals.calls_24h, 0);
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let console = sqlite().await;
    let app = app(&console).await;
    for path in ["/api/v1/requests", "/api/v1/user-sessions/introspect"] {
        for media_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
        ] {
            let mut request = request(&app, "POST", path, Some("platform"), "[]");
            set_media_type(&mut request, media_type);
            assert_eq!(send(&app, request).await.status, 415, "{path} {media_type}");
        }
    }
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

/// An empty list whose frame wants 16 MiB kept while it is unpacked.
fn wide_zstd() -> Vec<u8> {
    let magic = [0x28, 0xB5, 0x2F, 0xFD];
    let (descriptor, window, last_raw_block_of_2) = (0, 14 << 3, [0x11, 0, 0]);
    let head = [&magic[..], &[descriptor, window], &last_raw_block_of_2].concat();
    [&head[..], b"[]"].concat()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    use std::io::Write as _;

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[tokio::test]
async fn a_program_that_takes_gzip_gets_the_same_answer_packed() {
    use std::io::Read as _;

    let console = sqlite().await;
    let app = app(&console).await;
    for number in 0..20 {
        console.register(&format!("t{number}"), "Tenant").await;
    }
    let list = || request(&app, "GET", "/api/v1/tenants", Some("reader"), "");
    let plain = send(&app, list()).await;
    assert_eq!(plain.status, 200);
    assert!(!plain.headers.contains_key("content-encoding"));
    let mut asking = list();
    let gzip = "gzip".parse().unwrap();
    asking.headers_mut().insert("accept-encoding", gzip);
    let packed = send(&app, asking).await;
    assert_eq!(packed.status, 200);
    assert_eq!(packed.headers["content-encoding"], "gzip");
    assert_eq!(packed.headers["vary"], "accept-encoding");
    assert!(packed.body.len() < plain.body.len() / 2);
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(&packed.body[..]);
    reader.read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
async fn a_packed_body_is_unpacked_up_to_the_limit_and_no_other_coding_is_taken() {
    let console = sqlite().await;
    let app = app(&console).await;
    console.register("acme", "Acme").await;
    let record = json!([{"tenant_id": "acme", "at": noon(), "status": 200}]).to_string();
    let tenant = json!({"slug": "packed", "name": "Packed", "status": "active"}).to_string();
    let spaces = " ".repeat(8 * 1024 * 1024 + 1).into_bytes();
    let (bomb, zstd_bomb) = (gzip(&spaces), zstd(&spaces));
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    assert!(zstd_bomb.len() < 100_000, "{}", zstd_bomb.len());
    let (records, put) = ("/api/v1/requests", "/api/v1/tenants/packed");
    for (method, path, coding, body, status) in [
        ("POST", records, "gzip", gzip(record.as_bytes()), 200),
        ("POST", records, "GZIP", gzip(record.as_bytes()), 200),
        (
            "POST",
            records,
            "identity",
            record.clone().into_bytes(),
            200,
        ),
        ("PUT", put, "gzip", gzip(tenant.as_bytes()), 201),
        ("POST", records, "zstd", zstd(record.as_bytes()), 200),
        ("PUT", put, "zstd", zstd(tenant.as_bytes()), 200),
        ("POST", records, "zstd", zstd_bomb, 413),
        ("POST", records, "zstd", wide_zstd(), 413),
        ("POST", records, "zstd", record.clone().into_bytes(), 400),
        (
            "POST",
            records,
            "zstd",
            zstd(record.as_bytes())[..20].to_vec(),
            400,
        ),
        ("POST", records, "gzip", bomb.clone(), 413),
        ("PUT", put, "gzip", bomb, 413),
        ("POST", records, "gzip", record.clone().into_bytes(), 400),
        (
            "POST",
            records,
            "gzip",
            gzip(record.as_bytes())[..20].to_vec(),
            400,
        ),
        ("POST", records, "br", record.clone().into_bytes(), 415),
        ("POST", records, "deflate", record.clone().into_bytes(), 415),
        ("POST", records, "gzip, gzip", gzip(record.as_bytes()), 415),
        ("PUT", put, "gzip, zstd", zstd(tenant.as_bytes()), 415),
        ("POST", "/introspect", "gzip", gzip(b"token=a"), 200),
        ("POST", "/introspect", "gzip", b"token=a".to_vec(), 400),
        ("POST", "/introspect", "br", b"token=a".to_vec(), 415),
    ] {
        let mut request = request(&app, method, path, Some("platform"), body);
        if path == "/introspect" {
            set_media_type(&mut request, FORM);
        }
        let headers = request.headers_mut();
        headers.remove("idempotency-key");
        headers.insert("content-encoding", coding.parse().unwrap());
        let answer = send(&app, request).await;
        assert_eq!(answer.status, status, "{method} {path} {coding}");
        if status == 415 {
            assert_eq!(answer.headers["accept-encoding"], "gzip, zstd");
            assert_eq!(answer.json()["code"], "unsupported_media_type");
        }
    }
}

#[tokio::test]
async fn introspection_takes_one_token_in_a_form_and_answers_no_more_than_it_must() {
    let console = sqlite().await;
    let app = app(&console).await;
    let ask = async |body: &str, media_type: &str| {
        let mut request = request(
            &app,
            "POST",
            "/introspect",
            Some("platform"),
            body.to_owned(),
        );
        set_media_type(&mut request, media_type);
        send(&app, request).await
    };
    for body in [
        "token=scst_x",
        "token=",
        "token=a.b.c&token_type_hint=x&more=1",
    ] {
        let answer = ask(body, FORM).await;
        assert_eq!(answer.json(), json!({"active": false}), "{body}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let long = format!("token={}", "x".repeat(65 * 1024));
    for (body, media_type, status) in [
        ("{\"token\":\"x\"}", "application/json", 415),
        ("", FORM, 422),
        ("token=a&token=b", FORM, 422),
        ("token=%FF", FORM, 400),
        (&long, FORM, 413),
    ] {
        let answer = ask(body, media_type).await;
        assert_eq!(answer.status, status, "{media_type}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    let answer = send(
        &app,
        request(&app, "GET", "/introspect", Some("platform"), ""),
    )
    .await;
    assert_eq!(answer.json()["code"], "method_not_allowed");
}

#[tokio::test]
async fn lines_that_are_broken_do_not_spoil_the_others() {
    let console = sqlite().await;
    let app = app(&console).await;
    let good = json!({"tenant_id": "acme", "at": noon(), "status": 200, "count": 2}).to_string();
    let mut body = format!("{good}\r\n\n{{\n").into_bytes();
    body.extend([0xff, b'\n']);
    body.extend(good.as_bytes());
    let mut request = request(&app, "POST", "/api/v1/requests", Some("platform"), body);
    request
        .headers_mut()
        .insert("content-type", "application/x-ndjson".parse().unwrap());
    let answer = send(&app, request).await.json();
    assert_eq!(answer["accepted"], 2, "{answer}");
    let named: Vec<_> = answer["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["index"].as_u64().unwrap())
        .collect();
    assert_eq!(named, [1, 2]);
    assert_eq!(console.stored("acme").await.signals.calls_24h, 4);
}

#[tokio::test]
async fn lines_are_taken_under_each_of_their_names() {
    let console = sqlite().await;
    let app = app(&console).await;
    let good = json!({"tenant_id": "acme", "at": noon(), "status": 200}).to_string();
    let body = format!("\u{FEFF}{good}\r\n{good}\r\n");
    for name in [
        "x-ndjson",
        "ndjson",
        "jsonl; charset=utf-8",
        "jsonlines",
        "x-jsonlines",
    ] {
        let body = body.clone().into_bytes();
        let mut request = request(&app, "POST", "/api/v1/requests", Some("platform"), body);
        let name = format!("application/{name}").parse().unwrap();
        request.headers_mut().insert("content-type", name);
        let answer = send(&app, request).await.json();
        assert_eq!(answer["accepted"], 2, "{answer}");
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_by_its_cursor() {
    let console = sqlite().await;
    for n in 0..7 {
        console
            .register(&format!("t{n}"), &format!("Tenant {n}"))
            .await;
    }
    let app = app(&console).await;
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let path = format!("/api/v1/tenants?sort=name&dir=desc&limit=3{cursor}");
        let list = send(&app, request(&app, "GET", &path, Some("platform"), ""))
            .await
            .json();
        let items = list["items"].as_array().unwrap().clone();
        seen.extend(
            items
                .iter()
                .map(|row| row["tenant"]["id"].as_str().unwrap().to_owned()),
        );
        match list["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(
        seen,
        ["t6", "t5", "t4", "t3", "t2", "t1", "t0", "other", "acme"]
    );
}

#[tokio::test]
async fn lists_that_are_read_too_often_are_refused_in_time_and_hold_up_no_report() {
    for console in both().await {
        let app = app(&console).await;
        let list = || request(&app, "GET", "/api/v1/audit", Some("own"), "");
        let export = || {
            let path = "/api/v1/audit/export?format=jsonl";
            request(&app, "GET", path, Some("own"), "")
        };
        let busy = async |asked: Request<Body>| {
            let refused = send(&app, asked).await;
            assert_eq!(refused.status, 503, "{}", console.engine);
            assert_eq!(refused.headers["retry-after"], "5");
            assert_eq!(refused.json()["code"], "unavailable");
        };
        let exporting = fill(&console.core.store, Lane::Exports).await;
        assert_eq!(send(&app, list()).await.status, 200, "{}", console.engine);
        busy(export()).await;
        drop(exporting);

        let reading = fill(&console.core.store, Lane::Rest).await;
        let body = good_body("post", "/api/v1/requests").to_string();
        let report = request(&app, "POST", "/api/v1/requests", Some("platform"), body);
        assert_eq!(send(&app, report).await.status, 200, "{}", console.engine);
        busy(list()).await;
        // An export that was refused is no event: this one has its own alone.
        let exported = send(&app, export()).await;
        assert_eq!(exported.status, 200, "{}", console.engine);
        let events = String::from_utf8(exported.body).unwrap();
        let exports = events.matches("\"audit.exported\"").count();
        assert_eq!(exports, 1, "{}: {events}", console.engine);
        drop(reading);
        assert_eq!(send(&app, list()).await.status, 200, "{}", console.engine);
    }
}

#[tokio::test]
async fn unknown_callers_take_no_connection_of_those_who_report_or_end_something() {
    for console in both().await {
        let app = app(&console).await;
        let store = &console.core.store;
        let mut held = fill(store, Lane::Reports).await;
        held.extend(fill(store, Lane::Ends).await);
        held.extend(fill(store, Lane::Rest).await);
        for path in ["/api/v1/requests", "/api/v1/tenants/acme/force-logout"] {
            let body = "[]".to_owned();
            let refused = send(&app, request(&app, "POST", path, Some("revoked"), body)).await;
            assert_eq!(refused.status, 401, "{}: {path}", console.engine);
        }
        drop(held);
        let held = fill(store, Lane::Callers).await;
        let busy = send(
            &app,
            request(&app, "GET", "/api/v1/tenants", Some("platform"), ""),
        )
        .await;
        assert_eq!(busy.status, 503, "{}", console.engine);
        drop(held);
    }
}

#[tokio::test]
async fn the_document_describes_the_two_ways_of_sending_a_key() {
    let console = sqlite().await;
    let app = app(&console).await;
    let answer = send(&app, request(&app, "GET", "/api/v1/openapi.json", None, "")).await;
    assert_eq!(answer.status, 200);
    let document = answer.json();
    let schemes = document["components"]["securitySchemes"].as_object();
    assert_eq!(schemes.map(serde_json::Map::len), Some(2));
    assert_eq!(document["security"].as_array().map(Vec::len), Some(2));
    assert!(document["paths"]["/api/v1/tenants/{tenant_id}"]["put"].is_object());
}
