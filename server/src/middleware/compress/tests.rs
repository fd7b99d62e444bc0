use std::{io::Read, sync::Arc, time::Duration};

use app::domain::staff::Role;
use axum::{body::Body, extract::RawQuery, response::IntoResponse, routing::get};
use bytes::Bytes;
use flate2::read::GzDecoder;
use futures::{StreamExt, channel::mpsc};
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::{
    StatusCode,
    header::{CONTENT_ENCODING, COOKIE, REFERER},
};
use http_body_util::BodyExt;
use store::{
    Priority,
    testing::{append, new_event},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use url::Url;

use super::*;
use crate::{
    app_state::AppState,
    router,
    services::testing::{World, noon, sqlite},
};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SITE: &str = "sec-fetch-site";

fn own() -> SameOrigin {
    SameOrigin::of(&Url::parse("https://console.example").unwrap())
}

/// A page that holds a secret and repeats what its address says.
async fn page(RawQuery(query): RawQuery) -> String {
    let row = "<tr><td>A tenant like any other</td></tr>\n".repeat(200);
    let query = query.unwrap_or_default();
    format!("<p>Results for {query}</p>\n{row}<input name=key value=secret=7f3a90c1d5e84b26>")
}

fn pages() -> Router {
    let routes = Router::new()
        .route("/", get(page).post(page))
        .route("/small", get(async || "x".repeat(1_000)))
        .route(
            "/varied",
            get(async || ([("vary", "accept-language")], "x".repeat(5_000))),
        )
        .route(
            "/moved",
            get(async || (StatusCode::SEE_OTHER, [("location", "/")])),
        );
    for_own_pages(routes, own())
}

fn ask(path: &str, fields: &[(&'static str, &str)]) -> Request {
    let mut request = Request::builder().uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// The coding of the answer, and how many bytes it is.
async fn got(routes: &Router, request: Request) -> (String, usize) {
    let answer = routes.clone().oneshot(request).await.unwrap();
    let coding = answer.headers().get(CONTENT_ENCODING);
    let coding = coding
        .map_or("", |coding| coding.to_str().unwrap())
        .to_owned();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (coding, body.len())
}

/// The attack: a page elsewhere makes the browser ask twice, and compares how long the answers are.
#[tokio::test]
async fn no_other_site_learns_from_a_length_what_stands_in_a_page() {
    let pages = pages();
    let guess = |guess: &str| format!("/?q=secret={guess}");
    let (right, wrong) = (guess("7f3a90c1d5e84b26"), guess("q8x2w6z4y0v7u5t1"));
    let accept = ("accept-encoding", "gzip, deflate, br, zstd");
    let agent = ("user-agent", BROWSER);
    // Where it may be compressed, the length shows the right guess.
    let fields = [accept, agent, (SITE, "same-origin")];
    assert!(got(&pages, ask(&right, &fields)).await.1 < got(&pages, ask(&wrong, &fields)).await.1);
    for caused_elsewhere in [
        &[accept, agent, (SITE, "cross-site")][..],
        // A tenant that is open in the browser, at a session's host.
        &[accept, agent, (SITE, "same-site")],
        &[accept, agent, (SITE, "")],
        &[accept, agent, (SITE, "none"), (SITE, "cross-site")],
        // Browsers that are too old to say.
        &[accept, agent],
        &[accept, agent, ("referer", "https://evil.example/")],
    ] {
        let (coding, length) = got(&pages, ask(&right, caused_elsewhere)).await;
        assert_eq!(coding, "", "{caused_elsewhere:?}");
        assert_eq!(length, got(&pages, ask(&wrong, caused_elsewhere)).await.1);
    }
}

#[tokio::test]
async fn a_person_and_a_program_get_it_compressed() {
    let pages = pages();
    let accept = ("accept-encoding", "gzip, deflate, br, zstd");
    let agent = ("user-agent", BROWSER);
    for fields in [
        &[accept, agent, (SITE, "same-origin")][..],
        &[accept, agent, (SITE, "none")],
        &[
            accept,
            agent,
            (REFERER.as_str(), "https://console.example/support"),
        ],
        &[accept, ("user-agent", "curl/8.14.1")],
        &[accept],
    ] {
        let (coding, length) = got(&pages, ask("/", fields)).await;
        assert_eq!(coding, "br", "{fields:?}");
        assert!(length < 500, "{length}");
        let (coding, _) = got(&pages, ask("/?tab=1&flash=0192", fields)).await;
        assert_eq!(coding, "", "what is shown once: {fields:?}");
    }
}

#[tokio::test]
async fn the_fields_of_an_answer_describe_its_bytes() {
    let pages = pages();
    let whole = page(RawQuery(None)).await.len();
    for (method, path, accept, status, coding, length) in [
        ("GET", "/", "gzip", 200, "gzip", None),
        ("GET", "/", "br;q=0.5, gzip", 200, "gzip", None),
        ("GET", "/", "br, identity;q=0", 200, "br", None),
        ("GET", "/", "br;q=0, gzip;q=0", 200, "", Some(whole)),
        // Nothing that we can send is acceptable: it is sent all the same.
        ("GET", "/", "identity;q=0", 200, "", Some(whole)),
        ("POST", "/", "*;q=0", 200, "", Some(whole)),
        ("GET", "/", "zstd", 200, "", Some(whole)),
        ("HEAD", "/", "br", 200, "br", None),
        ("GET", "/small", "br", 200, "", Some(1_000)),
        ("GET", "/moved", "br", 303, "", Some(0)),
    ] {
        let mut request = ask(path, &[("accept-encoding", accept), (SITE, "same-origin")]);
        *request.method_mut() = method.parse().unwrap();
        let answer = pages.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let said = |name: http::HeaderName| parts.headers.get(name).map(|v| v.to_str().unwrap());
        assert_eq!(parts.status, status, "{method} {path} {accept}");
        assert_eq!(
            said(CONTENT_ENCODING).unwrap_or_default(),
            coding,
            "{method} {path} {accept}"
        );
        assert_eq!(
            said(CONTENT_LENGTH).map(|n| n.parse().unwrap()),
            length,
            "{method} {path} {accept}"
        );
        assert_eq!(said(VARY), Some("accept-encoding, sec-fetch-site"));
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(body.is_empty(), method == "HEAD" || status == 303);
        if coding == "gzip" {
            let mut text = String::new();
            GzDecoder::new(&*body).read_to_string(&mut text).unwrap();
            assert_eq!(text.len(), whole);
        }
    }
}

#[tokio::test]
async fn what_is_there_goes_out_before_the_next_part_is_read() {
    for coding in ["br", "gzip"] {
        let (parts, receiver) = mpsc::unbounded::<Result<Bytes, std::io::Error>>();
        let receiver = Arc::new(std::sync::Mutex::new(Some(receiver)));
        let stream = move || {
            let receiver = receiver.lock().unwrap().take().unwrap();
            async { Body::from_stream(receiver).into_response() }
        };
        let routes = for_programs(Router::new().route("/", get(stream)));
        let request = ask("/", &[("accept-encoding", coding)]);
        let mut body = routes.oneshot(request).await.unwrap().into_body();
        for part in ["the first rows", "the next", "and more"] {
            parts.unbounded_send(Ok(part.into())).unwrap();
            let frame = tokio::time::timeout(Duration::from_secs(10), body.frame());
            assert!(
                !frame
                    .await
                    .unwrap()
                    .unwrap()
                    .unwrap()
                    .into_data()
                    .unwrap()
                    .is_empty()
            );
        }
        // What breaks off must not look complete.
        parts
            .unbounded_send(Err(std::io::Error::other("the store is gone")))
            .unwrap();
        drop(parts);
        let mut frames = body.into_data_stream();
        let mut broke_off = false;
        while let Some(frame) = frames.next().await {
            broke_off = frame.is_err();
            if broke_off {
                break;
            }
        }
        assert!(broke_off, "{coding}");
    }
}

/// The console with a super admin, and her cookie.
async fn console() -> (Router, String, World) {
    let world = sqlite().await;
    world.add("ana", &[Role::SuperAdmin]).await;
    let token = world.sign_in("ana").await.token;
    let cookie = format!("__Host-support-console={}", token.expose());
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    (router::console(&state, live, None), cookie, world)
}

#[tokio::test]
async fn an_overview_of_fifty_tenants_is_small_on_the_wire() {
    let (console, cookie, world) = console().await;
    for number in 0..50 {
        let name = format!("Tenant number {number}");
        world.register(&format!("tenant-{number}"), &name).await;
    }
    let get = async |accept: &str| {
        let fields = [
            ("accept-encoding", accept),
            (SITE, "none"),
            (COOKIE.as_str(), &cookie),
        ];
        got(&console, ask("/support", &fields)).await
    };
    let (_, whole) = get("identity").await;
    for coding in ["br", "gzip"] {
        let (sent, length) = get(coding).await;
        println!("{coding}: {length} of {whole} bytes");
        assert_eq!(sent, coding);
        assert!(whole > 80_000 && length < 15_000, "{length} of {whole}");
    }
    let fields = [
        ("accept-encoding", "br"),
        (SITE, "cross-site"),
        (COOKIE.as_str(), &cookie),
    ];
    assert_eq!(got(&console, ask("/support", &fields)).await.0, "");
}

#[tokio::test]
async fn live_events_are_sent_as_they_are() {
    let (console, cookie, _world) = console().await;
    let fields = [
        ("accept-encoding", "br"),
        (SITE, "same-origin"),
        (COOKIE.as_str(), &cookie),
    ];
    let answer = console.oneshot(ask("/live", &fields)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key(CONTENT_ENCODING));
}

#[tokio::test]
async fn an_export_that_a_browser_unpacks_is_what_verify_reads() {
    let (console, cookie, world) = console().await;
    let appended = world.core.store.write(Priority::Normal, (), |(), tx| {
        Box::pin(async move {
            for number in 0..2_100 {
                let _ = tx.append_audit(new_event(Some("a"), number, noon()));
            }
            Ok::<(), store::StoreError>(())
        })
    });
    appended.await.unwrap();
    append(&world.core.store, new_event(None, 5_000, noon()))
        .await
        .unwrap();
    let fields = [
        ("accept-encoding", "gzip"),
        (SITE, "same-origin"),
        (COOKIE.as_str(), &cookie),
    ];
    let request = ask("/export/audit?format=jsonl&tenant=a", &fields);
    let answer = console.oneshot(request).await.unwrap();
    assert_eq!(answer.headers()[CONTENT_ENCODING], "gzip");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let mut file = Vec::new();
    GzDecoder::new(&*body).read_to_end(&mut file).unwrap();
    let extent = audit::verify::Extent::All;
    let report = audit::verify::verify_lines(file.as_slice(), extent, []).unwrap();
    assert!(report.is_sound() && report.events == 2_101, "{report}");
    assert!(file.len() > body.len() * 4);
}

#[tokio::test]
async fn what_a_handler_varies_by_is_kept() {
    let fields = [("accept-encoding", "gzip"), (SITE, "same-origin")];
    for (path, expected) in [
        (
            "/varied",
            &["accept-encoding, sec-fetch-site", "accept-language"][..],
        ),
        ("/", &["accept-encoding, sec-fetch-site"]),
    ] {
        let answer = pages().oneshot(ask(path, &fields)).await.unwrap();
        let varies: Vec<_> = answer.headers().get_all(VARY).iter().collect();
        assert_eq!(varies, expected, "{path}");
    }
}

#[test]
fn a_weight_of_zero_refuses_however_it_is_written() {
    for (field, accepted) in [
        ("br", true),
        ("br;q=0", false),
        ("br;Q=0", false),
        ("br; Q = 0.000", false),
        ("br;q=0.5", true),
        ("gzip, br;Q=0", false),
        ("gzip;q=0, BR;q=1", true),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, field.parse().unwrap());
        assert_eq!(accepts(&headers, "br"), accepted, "{field}");
    }
}
