//! What is exported of a list, and by whom.

use std::time::Duration;

use app::domain::{
    audit::ExportFormat,
    problem::{Problem, ProblemCode},
    staff::Role,
    tenants::{TenantFilter, TenantSort},
};
use axum::{Router, body::Body, extract::Request};
use futures::StreamExt as _;
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::{
    StatusCode,
    header::{CONTENT_DISPOSITION, COOKIE},
};
use http_body_util::BodyExt;
use store::Lane;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::broadcast,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{Asked, List, export_list};
use crate::{
    app_state::AppState,
    router,
    services::testing::{World, sqlite},
};

const SESSION: &str = "00000000-0000-0000-0000-0000000000b1";

/// A console with a request in a support session of Ada in `acme`, and the cookie of a super admin.
async fn console() -> (Router, String, World) {
    let world = sqlite().await;
    world.add("ana", &[Role::SuperAdmin]).await;
    world.add_tenant("acme").await;
    world.add_tenant("bolt").await;
    world.add_support_session().await;
    world
        .run("UPDATE support_sessions SET reason = '=1+1 is no formula'")
        .await;
    let token = world.sign_in("ana").await.token;
    let cookie = format!("__Host-support-console={}", token.expose());
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    (router::console(&state, live, None), cookie, world)
}

async fn get(
    router: &Router,
    cookie: &str,
    site: &str,
    path: &str,
) -> (StatusCode, String, String) {
    let request = Request::get(path)
        .header(COOKIE, cookie)
        .header("sec-fetch-site", site)
        .header("sec-fetch-mode", "navigate")
        .body(Body::empty());
    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
    let name = answer.headers().get(CONTENT_DISPOSITION);
    let name = name.map_or(String::new(), |name| name.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, name, String::from_utf8(body.to_vec()).unwrap())
}

fn paths() -> [String; 4] {
    [
        "/export/tenants?format=csv".to_owned(),
        "/export/support-sessions?format=csv&tenant=acme&status=EXPIRED".to_owned(),
        "/export/support-activity?format=csv&time=last-month".to_owned(),
        format!("/export/support-sessions/{SESSION}/access-log?format=csv"),
    ]
}

#[tokio::test]
async fn each_list_is_a_table_that_people_read() {
    let (router, cookie, world) = console().await;
    world.clock.advance(chrono::TimeDelta::days(31));
    let token = world.sign_in("ana").await.token;
    let fresh = format!("__Host-support-console={}", token.expose());
    drop(cookie);
    for (path, (file, head, row)) in paths().iter().zip([
        (
            "tenants-",
            "Name,Tenant ID,",
            "acme,acme,acme,active,unknown",
        ),
        (
            "support-sessions-acme-EXPIRED-",
            "Issued,Expires,Ended,",
            "'=1+1 is no formula",
        ),
        (
            "support-activity-last-month-",
            "Time,Tenant,Tenant ID,Who,What,",
            "GET /v1/feed · open",
        ),
        (
            "access-log-00000000-0000-",
            "Time,Method,Path,",
            "GET,/v1/feed,",
        ),
    ]) {
        let (status, name, text) = get(&router, &fresh, "same-origin", path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        assert!(
            name.starts_with(&format!("attachment; filename=\"{file}")),
            "{path}: {name}"
        );
        assert!(name.ends_with(".csv\""), "{path}: {name}");
        assert!(text.starts_with(head), "{path}: {text}");
        assert!(text.contains(row), "{path}: {text}");
        assert!(text.ends_with("\r\n"), "{path}");
    }
    let system = world.actions("system").await;
    let exported = |actions: Vec<String>| actions.iter().filter(|a| *a == "list.exported").count();
    assert_eq!(exported(system), 2);
    assert_eq!(exported(world.actions("tenant:acme").await), 2);
}

#[tokio::test]
async fn a_file_is_in_an_order_that_lasts_however_the_page_is_sorted() {
    let (router, cookie, _world) = console().await;
    for sort in ["", "&sort=calls", "&sort=health", "&sort=name&dir=desc"] {
        let path = format!("/export/tenants?format=csv{sort}");
        let (_, _, text) = get(&router, &cookie, "same-origin", &path).await;
        let names: Vec<_> = text
            .lines()
            .skip(1)
            .filter_map(|l| l.split(',').next())
            .collect();
        assert_eq!(names, ["acme", "bolt"], "{sort}");
    }
}

#[tokio::test]
async fn a_file_of_tenants_has_what_every_filter_leaves_and_is_called_after_it() {
    let (router, cookie, world) = console().await;
    for sql in [
        "UPDATE tenants SET plan = 'Team', region = 'EU'",
        "UPDATE tenants SET created_at = 0 WHERE id = 'bolt'",
    ] {
        world.run(sql).await;
    }
    let filtered = "/export/tenants?format=csv&status=active&plan=Team&region=EU&created=30d";
    let (_, name, text) = get(&router, &cookie, "same-origin", filtered).await;
    let file = "attachment; filename=\"tenants-active-Team-EU-created-30d-";
    assert!(name.starts_with(file), "{name}");
    assert!(
        text.contains("acme,acme") && !text.contains("bolt"),
        "{text}"
    );
    for nothing in ["plan=Solo", "region=US"] {
        let path = format!("/export/tenants?format=csv&{nothing}");
        let (_, _, text) = get(&router, &cookie, "same-origin", &path).await;
        assert_eq!(text.lines().count(), 1, "{nothing}: {text}");
    }
}

#[tokio::test]
async fn an_export_as_json_lines_has_the_same_names() {
    let (router, cookie, _world) = console().await;
    let path = "/export/support-sessions?format=jsonl";
    let (status, name, text) = get(&router, &cookie, "same-origin", path).await;
    assert_eq!(status, StatusCode::OK);
    assert!(name.ends_with(".jsonl\""), "{name}");
    let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(row["Staff member"], "Ada");
    assert_eq!(row["Reason"], "=1+1 is no formula");
}

#[tokio::test]
async fn a_file_of_tenants_says_what_each_is_and_where() {
    let (router, cookie, world) = console().await;
    world
        .run("UPDATE tenants SET type = 'government', country = 'DE' WHERE id = 'acme'")
        .await;
    let json = "/export/tenants?format=jsonl";
    let (_, _, text) = get(&router, &cookie, "same-origin", json).await;
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let rows: Vec<serde_json::Value> = rows.collect();
    let of = |row: &serde_json::Value| (row["Type"].clone(), row["Country"].clone());
    assert_eq!(of(&rows[0]), ("government".into(), "DE".into()), "{text}");
    assert_eq!(of(&rows[1]), ("".into(), "".into()), "{text}");
    let csv = "/export/tenants?format=csv";
    let (_, _, text) = get(&router, &cookie, "same-origin", csv).await;
    let mut lines = text.lines();
    let head = lines.next().unwrap();
    assert!(head.contains(",Type,Country,Plan,"), "{head}");
    let acme = lines.next().unwrap();
    assert!(acme.contains(",government,DE,"), "{acme}");
}

#[tokio::test]
async fn programs_get_what_is_stored_and_people_what_they_can_see() {
    let (router, cookie, world) = console().await;
    let odd = "=1+1\u{202e}\u{7} \\u{7} \"a\"\r\nb";
    world
        .write(odd, |odd, tx| {
            Box::pin(async move {
                for sql in [
                    "UPDATE tenants SET name = $1, contact = $1 WHERE id = 'acme'",
                    "UPDATE support_sessions SET reason = $1, tenant_name = $1",
                    "UPDATE request_log SET path = $1",
                    "UPDATE audit_deeds SET actor_name = $1",
                ] {
                    tx.raw(sql).bind(*odd).execute().await?;
                }
                Ok::<_, store::StoreError>(())
            })
        })
        .await;
    for (path, fields) in paths().iter().zip([
        &["Name", "Contact"][..],
        &["Reason", "Tenant"],
        &["Tenant", "Who"],
        &["Path"],
    ]) {
        let path = path.replace("&time=last-month", "");
        let json = path.replace("format=csv", "format=jsonl");
        let json = json.replace("&status=EXPIRED", "");
        let (status, _, text) = get(&router, &cookie, "same-origin", &json).await;
        assert_eq!(status, StatusCode::OK, "{json}");
        let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let rows: Vec<serde_json::Value> = rows.collect();
        for field in fields {
            let is_there = rows.iter().any(|row| row[*field] == odd);
            assert!(is_there, "{json}: {field} of {text}");
        }
        let csv = path.replace("&status=EXPIRED", "");
        let (_, _, text) = get(&router, &cookie, "same-origin", &csv).await;
        assert!(!text.contains(['\u{202e}', '\u{7}']), "{csv}: {text}");
        let shown = r#""'=1+1\u{202E}\u{7} \u{5C}u{7} ""a"""#;
        assert!(text.contains(shown), "{csv}: {text}");
    }
}

#[tokio::test]
async fn the_event_of_a_list_names_the_instants_that_were_exported() {
    let (router, cookie, world) = console().await;
    for (query, from, to) in [
        (
            "time=last-month",
            Some("2026-10-01T00:00:00Z"),
            Some("2026-11-01T00:00:00Z"),
        ),
        ("time=today", Some("2026-11-22T00:00:00Z"), None),
        ("from=2026-11-01T10:00", Some("2026-11-01T10:00:00Z"), None),
        ("", None, None),
    ] {
        for list in ["support-sessions", "support-activity"] {
            let path = format!("/export/{list}?format=csv&{query}");
            let (status, _, text) = get(&router, &cookie, "same-origin", &path).await;
            assert_eq!(status, StatusCode::OK, "{path}: {text}");
            let mut reader = world.core.store.read().await.unwrap();
            let events = reader.db().list_audit_chain("system", 0).await.unwrap();
            let metadata = &events.last().unwrap().metadata;
            assert_eq!(metadata["from"].as_str(), from, "{path}");
            assert_eq!(metadata["to"].as_str(), to, "{path}");
            assert_eq!(metadata["filter"], query.replace(':', "%3A"), "{path}");
        }
    }
}

/// More tenants than a page has, and the file's address.
async fn add_many_tenants(world: &World) -> &'static str {
    for number in 0..205 {
        world.register(&format!("t{number:03}"), "many").await;
    }
    "/export/tenants?format=csv"
}

/// Holds every place of the lane of files.
async fn fill(world: &World) -> Vec<store::Reader> {
    let store = world.core.store.within(Lane::Exports);
    let mut held = Vec::new();
    while let Ok(Ok(reader)) = timeout(Duration::from_millis(300), store.read()).await {
        held.push(reader);
    }
    held
}

#[tokio::test]
async fn a_file_that_was_begun_waits_while_others_read() {
    let (_, _, world) = console().await;
    add_many_tenants(&world).await;
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let context = world.context(&world.sign_in("ana").await).await;
    let begin = async || {
        let asked = Asked {
            list: List::Tenants(TenantFilter {
                sort: TenantSort::Name,
                ..TenantFilter::default()
            }),
            parts: Vec::new(),
            filter: String::new(),
        };
        export_list(&state, &context, asked, ExportFormat::Csv).await
    };
    let mut body = begin().await.unwrap().body;
    let first = body.next().await.unwrap().unwrap();
    let held = fill(&world).await;
    let mut next = Box::pin(body.next());
    // Longer than a list waits for its turn.
    let early = timeout(Duration::from_secs(3), &mut next).await;
    assert!(early.is_err(), "the file ended without its second page");
    let refused = begin().await.err().map(Problem::from);
    assert_eq!(refused.unwrap().code, ProblemCode::Unavailable);
    drop(held);
    let second = next.await.unwrap().unwrap();
    let file = [first, second].concat();
    assert_eq!(file.split(|byte| *byte == b'\n').count(), 1 + 205 + 2 + 1);
    assert!(body.next().await.is_none());
}

#[tokio::test]
async fn a_file_that_fails_in_its_middle_is_a_broken_transfer() {
    let (router, cookie, world) = console().await;
    let path = add_many_tenants(&world).await;
    let odd = "UPDATE tenants SET created_at = 9223372036854775807 WHERE id = 't204'";
    assert_eq!(world.run(odd).await, 1);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for coding in ["identity", "gzip"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\
             Sec-Fetch-Site: same-origin\r\nAccept-Encoding: {coding}\r\n\r\n"
        );
        client.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The connection ends, or is reset.
        let _ = client.read_to_end(&mut answer).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{coding}");
        assert!(
            !answer.ends_with(b"0\r\n\r\n"),
            "{coding}: it looks complete"
        );
    }
}

#[tokio::test]
async fn nobody_exports_from_elsewhere_or_without_a_sign_in_and_no_event_is_left() {
    let (router, cookie, world) = console().await;
    for path in paths() {
        for (cookie, site, status) in [
            (cookie.as_str(), "cross-site", StatusCode::FORBIDDEN),
            (cookie.as_str(), "none", StatusCode::FORBIDDEN),
            ("", "same-origin", StatusCode::UNAUTHORIZED),
        ] {
            let (answered, _, text) = get(&router, cookie, site, &path).await;
            assert_eq!(answered, status, "{site} {path}: {text}");
        }
    }
    let (status, _, text) = get(
        &router,
        &cookie,
        "same-origin",
        "/export/support-sessions?format=csv&from=soon",
    )
    .await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("from: must be a date"), "{text}");
    for list in ["support-sessions", "support-activity"] {
        let path = format!("/export/{list}?format=csv&tenant=nobody");
        let (status, _, text) = get(&router, &cookie, "same-origin", &path).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(text.contains(r#"no tenant \"nobody\""#), "{text}");
    }
    assert!(world.actions("tenant:nobody").await.is_empty());
    let unknown =
        "/export/support-sessions/01937e2c-7b6a-7cc0-8000-00000000dead/access-log?format=csv";
    let (status, ..) = get(&router, &cookie, "same-origin", unknown).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(
        !world
            .actions("system")
            .await
            .contains(&"list.exported".to_owned())
    );
}

#[tokio::test]
async fn a_refused_export_names_the_page_with_its_filter() {
    let (router, cookie, _world) = console().await;
    for (path, page) in [
        (
            "/export/tenants?format=csv&q=ac&health=unknown",
            "/support?q=ac&health=unknown",
        ),
        ("/export/tenants?format=csv&health=purple", "/support"),
        (
            "/export/support-sessions?format=csv&status=ACTIVE",
            "/support/sessions?status=ACTIVE",
        ),
    ] {
        let (status, _, text) = get(&router, &cookie, "cross-site", path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            text.contains(&format!("{page} and choose")),
            "{path}: {text}"
        );
    }
}
