use app::domain::user_sessions::UserSessionRegistration;
use chrono::TimeDelta;
use gateway::ports::{Intent, PageShown, Recorder as _};

use super::*;
use crate::services::{
    testing::{World, form, platform_key, tenant, worlds},
    user_sessions::UserSessionsService,
};

/// The entries that a page is sent, until there are no more: numbers and outcomes.
async fn sent(view: &mut View, world: &World) -> Vec<(u64, RequestOutcome)> {
    let mut sent = Vec::new();
    while let Some(LiveEvent::AccessLog(change)) = view.access_log(&world.core).await.unwrap() {
        sent.extend(
            change
                .entries
                .iter()
                .map(|entry| (entry.seq, entry.outcome)),
        );
        if !view.log_goes_on() {
            break;
        }
    }
    sent
}

#[tokio::test]
async fn a_request_that_hangs_open_holds_up_nothing_that_comes_after_it() {
    for world in worlds().await {
        let engine = world.engine;
        let opened = world.open(form()).await;
        let mut view = View::new(LiveInterest {
            access_log_of: Some(opened.id),
            ..LiveInterest::default()
        });
        view.start_of_log(&world.core).await.unwrap();
        let recorder = world.recorder("b");
        let begin = async || {
            let intent = world.intent(opened.id, opened.token_hash);
            recorder.begin(intent).await.unwrap();
        };
        begin().await;
        assert_eq!(
            sent(&mut view, &world).await,
            [(1, RequestOutcome::Open)],
            "{engine}"
        );

        for _ in 0..450 {
            begin().await;
        }
        world
            .run("UPDATE request_log SET outcome = 'done' WHERE seq > 1")
            .await;
        let done: Vec<_> = (2..=451).map(|seq| (seq, RequestOutcome::Done)).collect();
        assert_eq!(sent(&mut view, &world).await, done, "{engine}");
        assert!(sent(&mut view, &world).await.is_empty(), "{engine}");

        world
            .run("UPDATE request_log SET outcome = 'done' WHERE seq = 1")
            .await;
        assert_eq!(
            sent(&mut view, &world).await,
            [(1, RequestOutcome::Done)],
            "{engine}"
        );
    }
}

#[tokio::test]
async fn a_page_that_shows_no_support_sessions_reads_none_and_gets_the_figures() {
    for world in worlds().await {
        let engine = world.engine;
        let opened = world.open(form()).await;
        let nothing = View::new(LiveInterest::default());
        assert!(!nothing.wants(opened.id), "{engine}");
        let list = View::new(LiveInterest {
            new_support_sessions: true,
            ..LiveInterest::default()
        });
        assert!(
            list.wants(opened.id),
            "{engine}: the list shows it once it is there"
        );
        world
            .run("ALTER TABLE support_sessions RENAME TO out_of_reach")
            .await;
        let (board, mut view) = (Board::default(), nothing);
        let counts = SupportSessionCounts {
            active: 1,
            ..SupportSessionCounts::default()
        };
        let none = HashMap::new();
        let sent = view.support_sessions(&world.core, &board, &none, counts);
        let Some(LiveEvent::SupportSessions(change)) = sent.await.unwrap() else {
            panic!("{engine}: the figures have changed");
        };
        assert!(change.changed.is_empty(), "{engine}");
        assert_eq!(change.counts, counts, "{engine}");
    }
}

#[tokio::test]
async fn a_page_without_the_banner_is_sent_once_with_the_path_that_the_record_has() {
    for world in worlds().await {
        let engine = world.engine;
        let opened = world.open(form()).await;
        let mut view = View::new(LiveInterest {
            access_log_of: Some(opened.id),
            ..LiveInterest::default()
        });
        view.start_of_log(&world.core).await.unwrap();
        let recorder = world.recorder("b");
        let mut touched = recorder.touched().subscribe();
        for (path, times) in [("/v1/resets/hidden", 2), ("/v1/issuers", 1)] {
            let intent = Intent {
                path: path.into(),
                ..world.intent(opened.id, opened.token_hash)
            };
            let page = PageShown {
                request_id: intent.request_id,
                support_session_id: opened.id,
            };
            recorder.begin(intent).await.unwrap();
            assert_eq!(touched.recv().await, Ok(opened.id));
            for _ in 0..times {
                recorder.without_banner(page);
                assert_eq!(touched.recv().await, Ok(opened.id), "open pages look");
            }
        }
        let Some(LiveEvent::AccessLog(change)) = view.access_log(&world.core).await.unwrap() else {
            panic!("{engine}: nothing is sent");
        };
        let pages = change.without_banner.unwrap();
        let named: Vec<_> = pages.last.iter().map(|p| (p.seq, &*p.path)).collect();
        assert_eq!(pages.count, 2, "{engine}");
        assert_eq!(named, [(2, "/v1/issuers"), (1, "/v1/resets/hidden")]);
        assert_eq!(
            view.access_log(&world.core).await.unwrap(),
            None,
            "{engine}"
        );
    }
}

#[test]
fn a_page_for_managing_tenants_is_fetched_again_for_what_it_shows_and_for_nothing_else() {
    use ChangeKind::{ApiKey, Health, Staff, SupportSession, Tenant, UserSessions};

    let change = |kind, subject: &str| Change {
        number: 1,
        kind,
        subject: subject.into(),
    };
    let list = View::new(LiveInterest {
        managed_tenants: true,
        ..LiveInterest::default()
    });
    let acme = View::new(LiveInterest {
        managed_tenant: Some("acme".parse().unwrap()),
        ..LiveInterest::default()
    });
    let overview = View::new(LiveInterest {
        counts: true,
        tenants: vec!["acme".parse().unwrap()],
        ..LiveInterest::default()
    });
    for (kind, subject, list_is, acme_is) in [
        (Tenant, "acme", true, true),
        (Tenant, "bolt", true, false),
        (UserSessions, "acme", true, true),
        (UserSessions, "bolt", true, false),
        // Whose it is only the store knows.
        (
            SupportSession,
            "01937e2c-7b6a-7cc0-8000-000000000002",
            false,
            false,
        ),
        (Health, "", false, false),
        (Staff, "01937e2c-7b6a-7cc0-8000-000000000002", false, false),
        (ApiKey, "01937e2c-7b6a-7cc0-8000-000000000002", false, false),
    ] {
        let change = change(kind, subject);
        let is_fetched = |view: &View| view.fetched_again_for(&change).is_some();
        assert_eq!(is_fetched(&list), list_is, "list: {change:?}");
        assert_eq!(is_fetched(&acme), acme_is, "acme: {change:?}");
        assert!(!is_fetched(&overview), "overview: {change:?}");
    }
}

#[tokio::test]
async fn the_page_of_a_tenant_notices_that_a_user_session_has_expired() {
    for world in worlds().await {
        let engine = world.engine;
        let registration = UserSessionRegistration {
            user: "usr".parse().unwrap(),
            issued_at: world.core.now(),
            expires_at: world.core.now() + TimeDelta::minutes(10),
        };
        let id = "one".parse().unwrap();
        let service = UserSessionsService::new(world.core.clone());
        service
            .register(&platform_key(), &tenant("acme"), &id, registration)
            .await
            .unwrap();
        let of = |managed_tenant| {
            View::new(LiveInterest {
                managed_tenant,
                ..LiveInterest::default()
            })
        };
        let (mut acme, mut bolt) = (of(Some(tenant("acme"))), of(Some(tenant("bolt"))));
        let mut list = of(None);
        let figures = Figures::default();
        for (minutes, is_new) in [(0, false), (5, false), (10, true), (10, false)] {
            world.clock.advance(TimeDelta::minutes(minutes));
            let now = Instant::now();
            let noticed = acme.has_other_user_sessions(&world.core, &figures, now);
            let noticed = noticed.await.unwrap();
            assert_eq!(noticed, is_new, "{engine}: {minutes}");
            for other in [&mut bolt, &mut list] {
                let noticed = other.has_other_user_sessions(&world.core, &figures, now);
                assert!(!noticed.await.unwrap(), "{engine}: {minutes}");
            }
        }
    }
}
