//! The pages of lists as a browser without JavaScript gets them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use app::domain::staff::Role;
use axum::{Router, body::Body, extract::Request};
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::{
    StatusCode,
    header::{ACCEPT, COOKIE, LOCATION},
};
use http_body_util::BodyExt;
use tokio::{sync::broadcast, task::spawn_blocking, time::timeout};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    app_state::AppState,
    router,
    services::testing::{World, sqlite},
};

/// A console with the tenants `tnt_1`, Lumen Health, and `tnt_2`, a support session in the first, and the cookie of its holder.
pub(super) async fn console() -> (Router, String, World) {
    let world = sqlite().await;
    let ana = world.add("ana", &[Role::SuperAdmin]).await;
    world.register("tnt-1", "Lumen Health").await;
    world.register("tnt-2", "Foxglove").await;
    world
        .add_session(Uuid::from_u128(0xb1), "tnt-1", &ana)
        .await;
    let token = world.sign_in("ana").await.token;
    let cookie = format!("__Host-support-console={}", token.expose());
    (router_of(&world), cookie, world)
}

/// The console on the store of this world, as it is configured.
pub(super) fn router_of(world: &World) -> Router {
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    router::console(&state, live, None)
}

pub(super) async fn get(
    router: &Router,
    cookie: &str,
    path: &str,
) -> (StatusCode, Option<String>, String) {
    let request = Request::get(path)
        .header(ACCEPT, "text/html")
        .header(COOKIE, cookie)
        .body(Body::empty());
    let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
    let location = answer
        .headers()
        .get(LOCATION)
        .map(|to| to.to_str().unwrap().to_owned());
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let page = String::from_utf8(body.to_vec()).unwrap();
    let mut parts = page.split("<script");
    let first = parts.next().unwrap_or_default().to_owned();
    let after = parts.filter_map(|part| part.split_once("</script>"));
    let page = first + &after.map(|(_, rest)| rest).collect::<String>();
    (status, location, page)
}

#[tokio::test]
async fn a_page_comes_while_another_thread_makes_a_router() {
    let (router, cookie, _world) = console().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let listing = spawn_blocking({
        let is_over = Arc::clone(&is_over);
        move || {
            while !is_over.load(Ordering::Relaxed) {
                assert!(!super::paths().is_empty());
            }
        }
    });
    let render = async {
        for _ in 0..20 {
            let (status, ..) = get(&router, &cookie, "/support/sessions").await;
            assert_eq!(status, StatusCode::OK);
        }
    };
    let rendered = timeout(Duration::from_mins(1), render).await;
    is_over.store(true, Ordering::Relaxed);
    listing.await.unwrap();
    rendered.expect("the pages come");
}

#[tokio::test]
async fn a_tenants_name_leads_to_the_address_with_its_id() {
    let (router, cookie, _world) = console().await;
    for list in ["/audit", "/support/sessions"] {
        for typed in ["Lumen+Health", "lumen%20health"] {
            let (status, to, _) = get(&router, &cookie, &format!("{list}?tenant={typed}")).await;
            assert_eq!(status, StatusCode::FOUND, "{list}");
            assert_eq!(to.as_deref(), Some(&*format!("{list}?tenant=tnt-1")));
        }
        let (status, _, page) = get(&router, &cookie, &format!("{list}?tenant=tnt-1")).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        assert!(
            page.contains("value=\"Lumen Health\""),
            "{list}: the field shows the name"
        );
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_says_so_at_its_field_and_the_others_hold() {
    let (router, cookie, _world) = console().await;
    for (list, row) in [
        ("/audit", "tenant.registered"),
        ("/support/sessions", "Invoices are missing"),
    ] {
        let (status, _, page) = get(&router, &cookie, &format!("{list}?tenant=Nobody%20Ltd")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{list}");
        let message = "No tenant &quot;Nobody Ltd&quot;. Enter a tenant's name or ID.";
        let plain = page
            .replace("&#x27;", "'")
            .replace("&#39;", "'")
            .replace('"', "&quot;");
        assert!(plain.contains(message), "{list}: {page}");
        assert!(
            page.contains("value=\"Nobody Ltd\""),
            "{list}: what was typed stays"
        );
        assert!(page.contains(row), "{list}: the other filters apply");

        let (status, _, page) = get(
            &router,
            &cookie,
            &format!("{list}?from=yesterday&tenant=tnt-2"),
        )
        .await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{list}");
        assert!(
            page.contains("value=\"Foxglove\""),
            "{list}: the tenant stays"
        );
        assert!(page.contains("value=\"yesterday\""), "{list}");
    }
}

#[tokio::test]
async fn nothing_is_called_highlighted_that_no_field_shows() {
    let (router, cookie, _world) = console().await;
    for (list, row) in [
        ("/audit", "tenant.registered"),
        ("/support/sessions", "Invoices are missing"),
    ] {
        for (wrong, status, told) in [
            ("limit=many", 422, "in the address must be a whole number"),
            ("cursor=made-up", 400, "This link is no longer valid."),
        ] {
            let (got, _, page) = get(&router, &cookie, &format!("{list}?{wrong}")).await;
            assert_eq!(got.as_u16(), status, "{list} {wrong}");
            assert!(page.contains(told), "{list} {wrong}");
            assert!(!page.contains("highlighted"), "{list} {wrong}");
        }
        if list == "/audit" {
            let (_, _, page) = get(&router, &cookie, "/audit?session=x").await;
            assert!(page.contains("in the address must be the ID of a support session"));
            assert!(!page.contains("highlighted"));
        }
        let both = format!("{list}?limit=many&from=yesterday");
        let (_, _, page) = get(&router, &cookie, &both).await;
        assert!(page.contains("Check the highlighted filters."), "{list}");
        assert!(page.contains("in the address must be"), "{list}");
        assert!(page.contains(row), "{list}");
    }
}

#[tokio::test]
async fn a_tenants_page_says_what_happened_and_names_the_action() {
    let (router, cookie, _world) = console().await;
    let (status, _, page) = get(&router, &cookie, "/support/tenants/tnt-1").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("<strong><bdi>Tenant registered"));
    assert!(page.contains("<bdi>tenant.registered"));
}

#[tokio::test]
async fn every_part_of_a_filter_stays_in_the_links_to_other_times() {
    let (router, cookie, _world) = console().await;
    for list in ["/audit?actor=ana", "/support/sessions?status=ACTIVE"] {
        let (status, _, page) =
            get(&router, &cookie, &format!("{list}&time=last-month&limit=5")).await;
        assert_eq!(status, StatusCode::OK, "{list}");
        let (_, filter) = list.split_once('?').unwrap();
        assert!(
            page.contains(&format!("{filter}&amp;time=today&amp;limit=5")),
            "{list}: {page}"
        );
        assert!(page.contains("aria-current=\"true\""), "{list}");
    }
}

#[tokio::test]
async fn a_page_links_the_export_of_what_it_shows() {
    let (router, cookie, _world) = console().await;
    let session = Uuid::from_u128(0xb1);
    for (page, export) in [
        (
            "/support?q=lumen+h&health=unknown&sort=calls&limit=5".to_owned(),
            "/export/tenants?format=FORMAT&amp;q=lumen%20h&amp;health=unknown".to_owned(),
        ),
        (
            "/support".to_owned(),
            "/export/tenants?format=FORMAT".to_owned(),
        ),
        (
            "/support/sessions?status=ACTIVE".to_owned(),
            "/export/support-sessions?format=FORMAT&amp;status=ACTIVE".to_owned(),
        ),
        (
            format!("/support/sessions/{session}"),
            format!("/export/support-sessions/{session}/access-log?format=FORMAT"),
        ),
        (
            "/audit?actor=ana".to_owned(),
            "/export/audit?format=FORMAT&amp;actor=ana".to_owned(),
        ),
    ] {
        let (status, _, text) = get(&router, &cookie, &page).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        for format in ["csv", "jsonl"] {
            let link = format!("href=\"{}\"", export.replace("FORMAT", format));
            assert!(text.contains(&link), "{page}: {link}");
        }
    }
}
