mod tenants;

use std::time::Duration;

use app::{
    domain::{StaffId, SupportSessionId, caller::Context, staff::Role},
    ports::CreateSupportSessions,
};
use axum::{
    Router,
    body::{Body, BodyDataStream},
    extract::Request,
};
use futures::StreamExt;
use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
use http::header::COOKIE;
use store::{Lane, testing::fill};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    app_state::AppState,
    router,
    services::{
        api_keys::{ApiKeys, NewApiKey},
        testing::{World, both, cli, form, sqlite, tenant},
    },
};

async fn open(router: &Router, token: &str) -> BodyDataStream {
    open_at(router, token, "/live").await
}

async fn open_at(router: &Router, token: &str, path: &str) -> BodyDataStream {
    let cookie = format!("__Host-support-console={token}");
    let request = Request::get(path).header("sec-fetch-site", "same-origin");
    let request = request.header(COOKIE, cookie).body(Body::empty()).unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    answer.into_body().into_data_stream()
}

/// The next event about support sessions.
async fn next(stream: &mut BodyDataStream) -> String {
    until(stream, &["support_sessions"]).await.pop().unwrap()
}

/// The events until there was one of each of these kinds.
async fn until(stream: &mut BodyDataStream, kinds: &[&str]) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    let is_there = |events: &[String], kind: &str| {
        let name = format!("event: {kind}\n");
        events.iter().any(|event| event.contains(&name))
    };
    let heard = async {
        while !kinds.iter().all(|kind| is_there(&events, kind)) {
            let part = stream.next().await.expect("it goes on").unwrap();
            events.push(String::from_utf8(part.to_vec()).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(30), heard)
        .await
        .expect("an event");
    events
}

#[tokio::test]
async fn a_page_hears_whether_its_viewers_own_session_has_changed() {
    let world = sqlite().await;
    world.core.store.follow_changes().await.unwrap();
    world.add_tenant("acme").await;
    for name in ["ana", "ben"] {
        world.add(name, &[Role::SuperAdmin]).await;
    }
    let (ana, ben) = (world.sign_in("ana").await, world.sign_in("ben").await);
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    let router = router::console(&state, live, None);
    let mut anas = open(&router, ana.token.expose()).await;
    let mut bens = open(&router, ben.token.expose()).await;
    for stream in [&mut anas, &mut bens] {
        let first = next(stream).await;
        assert!(first.contains("\"active\":0"), "{first}");
        assert!(first.contains("\"own\":false"), "{first}");
    }
    let context = world.context(&ana).await;
    let created = world
        .support_sessions()
        .create(&context, &tenant("acme"), form())
        .await;
    created.unwrap();
    for (stream, own) in [(&mut anas, true), (&mut bens, false)] {
        let event = next(stream).await;
        assert!(event.contains("\"active\":1"), "{event}");
        assert!(event.contains(&format!("\"own\":{own}")), "{event}");
        assert!(event.contains("\"changed\":[]"), "it shows none: {event}");
    }
}

#[tokio::test]
async fn a_stream_bears_a_store_that_cannot_be_read_and_then_its_page_fetches_everything_again() {
    let world = sqlite().await;
    world.core.store.follow_changes().await.unwrap();
    world.add_tenant("acme").await;
    world.add("ana", &[Role::SuperAdmin]).await;
    let ana = world.sign_in("ana").await;
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
    let router = router::console(&state, live, None);
    let mut stream = open(&router, ana.token.expose()).await;
    next(&mut stream).await;
    let context = world.context(&ana).await;
    let held = fill(&world.core.store, Lane::Live).await;
    let (service, acme) = (world.support_sessions(), tenant("acme"));
    service.create(&context, &acme, form()).await.unwrap();
    // Who finds the lane full is refused after two seconds.
    let silent = tokio::time::timeout(Duration::from_millis(3_500), next(&mut stream));
    assert!(silent.await.is_err(), "nothing can be read");
    drop(held);
    let told = async {
        loop {
            let part = stream.next().await.expect("it goes on").unwrap();
            if String::from_utf8_lossy(&part).contains("event: reset") {
                break;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told);
    told.await
        .expect("the page is told to fetch everything again");
}

/// A page that shows one support session, another one that shows none, and where this node says that a request was made.
async fn page_of_a_session(world: &World) -> (BodyDataStream, BodyDataStream, RequestsMade) {
    world.add("ana", &[Role::SuperAdmin]).await;
    let ana = world.sign_in("ana").await;
    world.add_tenant("acme").await;
    let context = world.context(&ana).await;
    let service = world.support_sessions();
    let created = service.create(&context, &tenant("acme"), form()).await;
    let id = created.unwrap().session.id;
    // From here on: that it was created is no news.
    world.core.store.follow_changes().await.unwrap();
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(world.core.clone(), keys).unwrap();
    let requests = broadcast::Sender::new(8);
    let live = state.live(requests.clone(), CancellationToken::new());
    let router = router::console(&state, live, None);
    let path = format!("/live?interest=%7B%22support_sessions%22%3A%5B%22{id}%22%5D%7D");
    let shows = open_at(&router, ana.token.expose(), &path).await;
    let shows_none = open(&router, ana.token.expose()).await;
    (shows, shows_none, (requests, id))
}

type RequestsMade = (broadcast::Sender<SupportSessionId>, SupportSessionId);

const REQUESTS: &str = "UPDATE support_sessions SET forwarded = 2, refused = 1";

#[tokio::test]
async fn a_page_hears_how_many_requests_the_sessions_it_shows_have_made() {
    let world = sqlite().await;
    let (mut shows, mut shows_none, (requests, id)) = page_of_a_session(&world).await;
    let first = next(&mut shows).await;
    assert!(first.contains("\"requests_forwarded\":0"), "{first}");
    next(&mut shows_none).await;
    world.run(REQUESTS).await;
    requests.send(id).unwrap();
    let event = next(&mut shows).await;
    assert!(event.contains("\"requests_forwarded\":2"), "{event}");
    assert!(event.contains("\"requests_refused\":1"), "{event}");
    // A request is no change of whose sessions run, after which pages ask again who is signed in.
    assert!(event.contains("\"own\":false"), "{event}");
    let silent = tokio::time::timeout(Duration::from_millis(2_500), next(&mut shows_none));
    assert!(silent.await.is_err(), "it shows none");
}

#[tokio::test]
async fn a_page_hears_of_requests_at_another_node_without_waiting_for_a_heartbeat() {
    for world in both().await {
        let (mut shows, _, _) = page_of_a_session(&world).await;
        // The first heartbeat comes at once.
        until(&mut shows, &["support_sessions", "alive"]).await;
        world.run(REQUESTS).await;
        let events = until(&mut shows, &["support_sessions"]).await;
        let told = events.last().unwrap();
        assert!(
            told.contains("\"requests_forwarded\":2"),
            "{}: {told}",
            world.engine
        );
        let waited = events.iter().any(|event| event.contains("event: alive"));
        assert!(!waited, "{}: {events:?}", world.engine);
    }
}

/// A page that shows staff members and API keys.
const ADMINISTRATION: &str = "/live?interest=%7B%22staff%22%3Atrue%2C%22api_keys%22%3Atrue%7D";

/// Ana and Cleo, who are super admins, Ben with a role, and where Ana and Ben open pages.
struct Administration {
    world: World,
    ana: Context,
    ben: StaffId,
    cleo: StaffId,
    anas: BodyDataStream,
    bens: BodyDataStream,
}

impl Administration {
    async fn of(world: World, bens_role: Role) -> Self {
        for tenant in ["acme", "bolt"] {
            world.add_tenant(tenant).await;
        }
        world.add("ana", &[Role::SuperAdmin]).await;
        let ben = world.add("ben", &[bens_role]).await.id;
        let cleo = world.add("cleo", &[Role::SuperAdmin]).await.id;
        let (as_ana, as_ben) = (world.sign_in("ana").await, world.sign_in("ben").await);
        let ana = world.context(&as_ana).await;
        // From here on: what was done so far is no news.
        world.core.store.follow_changes().await.unwrap();
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(world.core.clone(), keys).unwrap();
        let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
        let router = router::console(&state, live, None);
        let mut anas = open_at(&router, as_ana.token.expose(), ADMINISTRATION).await;
        let mut bens = open_at(&router, as_ben.token.expose(), ADMINISTRATION).await;
        for page in [&mut anas, &mut bens] {
            until(page, &["support_sessions", "reset"]).await;
        }
        Self {
            world,
            ana,
            ben,
            cleo,
            anas,
            bens,
        }
    }

    async fn add_key(&self) {
        let new = NewApiKey {
            name: "invoices".into(),
            ..NewApiKey::default()
        };
        let keys = ApiKeys::new(self.world.core.clone());
        keys.create(&cli(), new).await.unwrap();
    }

    async fn set_roles(&self, of: StaffId, roles: &[Role]) {
        let set = self.world.staff.set_roles(&cli(), of, roles.to_vec()).await;
        set.unwrap();
    }

    /// Whether Ben's page must fetch everything again because of what was done so far. Two support
    /// sessions are created after it. A page that gets the second has got everything before.
    async fn is_bens_page_reset(&mut self) -> bool {
        let mut events = Vec::new();
        for of in ["acme", "bolt"] {
            let service = self.world.support_sessions();
            let created = service.create(&self.ana, &tenant(of), form()).await;
            created.unwrap();
            events.extend(until(&mut self.bens, &["support_sessions"]).await);
        }
        events.iter().any(|event| event.contains("event: reset\n"))
    }
}

#[tokio::test]
async fn a_support_admin_gets_no_news_of_staff_or_keys() {
    for world in both().await {
        let engine = world.engine;
        let mut pages = Administration::of(world, Role::SupportAdmin).await;
        pages.add_key().await;
        until(&mut pages.anas, &["reset"]).await;
        pages.world.sign_in("cleo").await;
        pages.set_roles(pages.cleo, &[Role::SupportAdmin]).await;
        assert!(!pages.is_bens_page_reset().await, "{engine}");
    }
}

#[tokio::test]
async fn a_super_admin_who_loses_the_role_gets_one_reset_and_no_further_news() {
    for world in both().await {
        let engine = world.engine;
        let mut pages = Administration::of(world, Role::SuperAdmin).await;
        pages.set_roles(pages.ben, &[Role::SupportAdmin]).await;
        until(&mut pages.bens, &["reset"]).await;
        pages.add_key().await;
        pages.set_roles(pages.cleo, &[Role::SupportAdmin]).await;
        assert!(!pages.is_bens_page_reset().await, "{engine}");
    }
}

#[tokio::test]
async fn everyone_hears_of_their_own_sign_ins() {
    for world in both().await {
        let mut pages = Administration::of(world, Role::SupportAdmin).await;
        pages.world.sign_in("ben").await;
        until(&mut pages.bens, &["reset"]).await;
    }
}
