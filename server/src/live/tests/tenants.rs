//! Pages for managing tenants.

use app::{
    domain::{problem::ProblemCode, tenants::SettingsForm},
    ports::ManageTenantsPort,
};
use http::HeaderMap;
use store::ChangeKind;
use tokio::time::Instant;

use super::*;
use crate::{
    live::try_open,
    services::testing::{anonymous, key, noon},
};

const LIST: &str = "/live?interest=%7B%22managed_tenants%22%3Atrue%7D";
const ACME: &str = "/live?interest=%7B%22managed_tenant%22%3A%22acme%22%7D";

const STAFF: &str = "/live?interest=%7B%22staff%22%3Atrue%7D";
const KEYS: &str = "/live?interest=%7B%22api_keys%22%3Atrue%7D";

fn is_reset(events: &[String]) -> bool {
    events.iter().any(|event| event.contains("event: reset\n"))
}

/// A console with Ana, a super admin, and Ben, a support admin, and where pages are opened.
struct Pages {
    world: World,
    ana: Context,
    state: AppState,
    router: Router,
    bens: String,
}

impl Pages {
    async fn of(world: World) -> Self {
        for tenant in ["acme", "bolt"] {
            world.add_tenant(tenant).await;
        }
        world.add("ana", &[Role::SuperAdmin]).await;
        world.add("ben", &[Role::SupportAdmin]).await;
        let ana = world.context(&world.sign_in("ana").await).await;
        let bens = world.sign_in("ben").await.token.expose().to_owned();
        // From here on: what was done so far is no news.
        world.core.store.follow_changes().await.unwrap();
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(world.core.clone(), keys).unwrap();
        let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
        let router = router::console(&state, live, None);
        Self {
            world,
            ana,
            state,
            router,
            bens,
        }
    }

    /// Ben's page, which has received what it shows.
    async fn open(&self, path: &str) -> BodyDataStream {
        let mut page = open_at(&self.router, &self.bens, path).await;
        until(&mut page, &["support_sessions", "reset"]).await;
        page
    }

    /// The events until a page has heard of a new support session in a tenant.
    async fn create_session(&self, of: &str, page: &mut BodyDataStream) -> Vec<String> {
        let service = self.world.support_sessions();
        let created = service.create(&self.ana, &tenant(of), form()).await;
        created.unwrap();
        until(page, &["support_sessions"]).await
    }

    async fn change_settings(&self, of: &str) {
        let service: &dyn ManageTenantsPort = &self.world.tenants;
        let id = tenant(of);
        let managed = service.one(&self.ana, &id, None).await.unwrap();
        let form = SettingsForm {
            warning_percent: "7.5".into(),
            reason: "The tenant asked for it in writing".into(),
            ..SettingsForm::of(&managed.settings, managed.seen)
        };
        service.set_settings(&self.ana, &id, form).await.unwrap();
    }

    /// Somebody has signed in to the tenant.
    async fn announce_user_sessions(&self, of: &'static str) {
        let announce = self.world.write(of, |of, tx| {
            Box::pin(async move { tx.change(ChangeKind::UserSessions, of, noon()).await })
        });
        announce.await;
    }
}

#[tokio::test]
async fn open_pages_hear_of_settings_that_another_person_changes_and_of_user_sessions() {
    for world in both().await {
        let pages = Pages::of(world).await;
        for path in [LIST, ACME] {
            let mut page = pages.open(path).await;
            pages.announce_user_sessions("acme").await;
            until(&mut page, &["reset"]).await;
        }
        let mut page = pages.open(ACME).await;
        pages.change_settings("acme").await;
        until(&mut page, &["reset"]).await;
    }
}

#[tokio::test]
async fn what_changes_between_a_page_and_its_stream_is_not_missed() {
    for world in both().await {
        let engine = world.engine;
        let pages = Pages::of(world).await;
        let service: &dyn ManageTenantsPort = &pages.world.tenants;
        let seen = service.one(&pages.ana, &tenant("acme"), None).await;
        pages.change_settings("acme").await;
        let now = service.one(&pages.ana, &tenant("acme"), None).await;
        assert_ne!(seen.unwrap(), now.unwrap(), "{engine}: the page is old");
        for path in [LIST, ACME, STAFF, KEYS] {
            let mut page = open_at(&pages.router, &pages.bens, path).await;
            until(&mut page, &["reset"]).await;
        }
        // A page that is sent what it shows needs no other fetch.
        let mut overview = open(&pages.router, &pages.bens).await;
        let mut events = until(&mut overview, &["support_sessions"]).await;
        for of in ["acme", "bolt"] {
            events.extend(pages.create_session(of, &mut overview).await);
        }
        assert!(!is_reset(&events), "{engine}: {events:?}");
    }
}

#[tokio::test]
async fn the_page_of_a_tenant_is_fetched_again_for_its_own_support_sessions_only() {
    for world in both().await {
        let engine = world.engine;
        let pages = Pages::of(world).await;
        let mut page = pages.open(ACME).await;
        let mut events = Vec::new();
        for _ in 0..2 {
            events.extend(pages.create_session("bolt", &mut page).await);
        }
        assert!(!is_reset(&events), "{engine}: {events:?}");
        pages.create_session("acme", &mut page).await;
        until(&mut page, &["reset"]).await;
    }
}

#[tokio::test]
async fn the_list_hears_of_a_tenant_that_was_not_there_before() {
    for world in both().await {
        let pages = Pages::of(world).await;
        let mut list = pages.open(LIST).await;
        pages.world.register("carl", "Carl").await;
        until(&mut list, &["reset"]).await;
    }
}

#[tokio::test]
async fn a_platform_that_registers_many_tenants_makes_no_page_fetch_again_for_each() {
    for world in both().await {
        let engine = world.engine;
        let pages = Pages::of(world).await;
        let mut list = pages.open(LIST).await;
        let opened = Instant::now();
        let mut events = Vec::new();
        for number in 0..5 {
            for of in ["a", "b", "c"] {
                let id = format!("tenant-{of}{number}");
                pages.world.register(&id, &id).await;
            }
            // A page that hears of a support session has been told all that was due before.
            events.extend(pages.create_session("acme", &mut list).await);
        }
        let resets = events.iter().filter(|e| e.contains("event: reset\n"));
        let resets = resets.count() as u64;
        let in_turns = 1 + opened.elapsed().as_secs() / 5;
        assert!(
            (1..=in_turns).contains(&resets),
            "{engine}: {resets}, {in_turns}"
        );
    }
}

#[tokio::test]
async fn neither_a_key_nor_an_anonymous_caller_follows_tenants() {
    for world in both().await {
        let engine = world.engine;
        let pages = Pages::of(world).await;
        for (context, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(None), ProblemCode::Forbidden),
        ] {
            for path in [LIST, ACME] {
                let live = broadcast::Sender::new(1);
                let live = pages.state.live(live, CancellationToken::new());
                let query = path.split_once('?').map(|(_, query)| query);
                let opened = try_open(live, &context, query, &HeaderMap::new());
                let refused = opened.err().map(|problem| problem.code);
                assert_eq!(refused, Some(code), "{engine}: {path}");
            }
        }
    }
}
