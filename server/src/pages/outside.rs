//! No page lets a name from outside act on the text around it.

use app::{domain::staff::Role, paths};
use axum::{Router, body::Body, extract::Request};
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::{StatusCode, header::COOKIE};
use http_body_util::BodyExt;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use uuid::Uuid;

use crate::{
    app_state::AppState,
    router,
    services::testing::{World, sqlite},
};

/// What is stored turns the text around it, and moves a terminal's cursor.
const ACTS: [char; 3] = ['\u{202e}', '\u{2066}', '\u{1b}'];
const NAME: &str = "Nora\u{202e}\u{2066}\u{1b}[2J";

/// A statement that names everything in a column so.
macro_rules! named {
    ($set:literal) => {
        concat!("UPDATE ", $set, " = 'Nora\u{202e}\u{2066}\u{1b}[2J'")
    };
}

/// The console, and the cookies of a super admin and of the holder of a support session.
async fn console() -> (Router, [String; 2], String, World) {
    let world = sqlite().await;
    world.add("ana", &[Role::SuperAdmin]).await;
    let holder = world.add("ben", &[Role::SuperAdmin]).await;
    world.add_tenant("acme").await;
    let session = world
        .add_session(Uuid::from_u128(0xb1), "acme", &holder)
        .await;
    let mut cookies = [String::new(), String::new()];
    for (cookie, name) in cookies.iter_mut().zip(["ana", "ben"]) {
        let token = world.sign_in(name).await.token;
        *cookie = format!("__Host-support-console={}", token.expose());
    }
    for name in [
        named!("tenants SET name"),
        named!("organizations SET name"),
        named!("staff SET name"),
        named!("support_sessions SET tenant_name"),
        named!("support_sessions SET staff_name"),
        named!("support_sessions SET reason"),
    ] {
        world.run(name).await;
    }
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    let router = router::console(&state, live, None);
    (router, cookies, session.id.to_string(), world)
}

/// The page without its scripts, whose data are as they are stored, and without what fields hold, which is as it was typed.
fn seen(page: &str) -> String {
    let page = without(page, "<script", "</script>");
    without(&page, " value=\"", "\"")
}

fn without(page: &str, begins: &str, ends: &str) -> String {
    let mut parts = page.split(begins);
    let first = parts.next().unwrap_or_default().to_owned();
    let after = parts.filter_map(|part| part.split_once(ends));
    first + &after.map(|(_, rest)| rest).collect::<String>()
}

#[tokio::test]
async fn no_name_acts_on_the_text_around_it() {
    let (router, cookies, session, _world) = console().await;
    let tenant = paths::tenant("acme");
    let session = format!("{}/{session}", paths::SUPPORT_SESSIONS);
    let mut shown = 0;
    for path in [
        paths::OVERVIEW.to_owned(),
        paths::SUPPORT_SESSIONS.to_owned(),
        format!(
            "{}?staff=01937e2c-7b6a-7cc0-8000-000000000003&tenant={NAME}",
            paths::SUPPORT_SESSIONS
        ),
        paths::AUDIT.to_owned(),
        paths::RULES.to_owned(),
        paths::HELP.to_owned(),
        paths::PASSWORD.to_owned(),
        tenant.clone(),
        format!("{tenant}/create-session"),
        format!("{tenant}/force-logout"),
        session.clone(),
        format!("{session}/revoke"),
        format!("{session}/replace-token"),
        format!("{session}/raise-budget"),
    ] {
        for cookie in &cookies {
            let address: String = path
                .bytes()
                .map(|b| match b {
                    b'!'..=b'~' => char::from(b).to_string(),
                    b => format!("%{b:02X}"),
                })
                .collect();
            let request = Request::get(&address).header(COOKIE, cookie);
            let answer = router.clone().oneshot(request.body(Body::empty()).unwrap());
            let answer = answer.await.unwrap();
            assert!(
                answer.status() < StatusCode::INTERNAL_SERVER_ERROR,
                "{path}"
            );
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            let page = seen(std::str::from_utf8(&body).unwrap());
            if let Some(at) = page.find(ACTS) {
                let around: String = page[..at].chars().rev().take(200).collect();
                let around: String = around.chars().rev().collect();
                panic!("{path}: {around}");
            }
            shown += usize::from(page.contains("Nora\\u{202E}"));
        }
    }
    assert!(shown >= 24, "{shown}");
}
