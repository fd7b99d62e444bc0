//! Opening the tenant in a browser: who may do it, and what a code allows.

use std::net::Ipv4Addr;

use app::domain::{RequestId, support_sessions::SupportSession};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join;
use gateway::{
    Lease,
    browser::EntryLabel,
    clock::Clock,
    ports::{BrowserSessions, Ended, NewBrowserSession, NotEntered, RecordError, Waits},
    token::TokenKind,
};
use store::browser_sessions::EntryKey;
use tokio_util::sync::CancellationToken;

use super::{
    limits::{recorder, request_with},
    *,
};
use crate::services::{browser_sessions::StoreBrowserSessions, testing::worlds_with};

async fn scenes() -> Vec<World> {
    let config = r#"
        [gateway]
        listen = "127.0.0.1:3100"
        public_url = "http://127.0.0.1:3100"
        upstream = "http://127.0.0.1:3200"
        tenant_binding = "identity"
        [gateway.browser]
        domain = "localhost"
    "#;
    worlds_with(toml::from_str(config).unwrap()).await
}

fn token(world: &World, kind: TokenKind) -> Token {
    Token::generate(kind, &*world.core.entropy)
}

fn hash_of(state: &Token) -> String {
    URL_SAFE_NO_PAD.encode(state.hash().as_bytes())
}

fn label_in(url: &str) -> EntryLabel {
    let host = url.strip_prefix("http://").unwrap();
    host.split_once('.').unwrap().0.parse().unwrap()
}

/// What a browser presents that was sent to `url`.
fn comes_with(world: &World, url: &str, state: &Token) -> NewBrowserSession {
    let code = Token::parse(url.split_once("?code=").unwrap().1).unwrap();
    NewBrowserSession {
        label: label_in(url),
        code_hash: *code.hash().as_bytes(),
        state_hash: *state.hash().as_bytes(),
        token_hash: *token(world, TokenKind::BrowserSession).hash().as_bytes(),
        request_id: RequestId::from_uuid(world.core.new_uuid()),
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: "Browser".into(),
        at: world.clock.now(),
        waits: Waits::new(Lease::unlimited(), CancellationToken::new()),
    }
}

/// Asks the console for a code as the session's holder.
async fn granted_code(
    world: &World,
    service: &SupportSessionsService,
    session: &SupportSession,
) -> NewBrowserSession {
    let state = token(world, TokenKind::EntryState);
    let url = service
        .open_in_browser(&support_admin(1), session, &hash_of(&state))
        .await
        .unwrap();
    comes_with(world, &url, &state)
}

#[tokio::test]
async fn only_its_holder_opens_a_session_while_it_is_active() {
    for world in scenes().await {
        let service = service(&world);
        let granted = create(&service, &support_admin(1)).await;
        let session = granted.session;
        let open_url = granted.open_url.unwrap();
        let label = label_in(&open_url);
        let state = hash_of(&token(&world, TokenKind::EntryState));
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (staff(1, &[], noon()), ProblemCode::Forbidden),
            (support_admin(2), ProblemCode::Forbidden),
            (super_admin(2), ProblemCode::Forbidden),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let refused = service.open_in_browser(&context, &session, &state).await;
            let caller = &context.caller;
            assert_eq!(refused.unwrap_err().code, expected, "{caller:?}");
            let detail = service.detail(&context, session.id).await;
            let may = detail.is_ok_and(|detail| detail.open_url.is_some());
            assert!(!may, "{caller:?}");
        }
        let holder = support_admin(1);
        let detail = service.detail(&holder, session.id).await.unwrap();
        assert_eq!(detail.open_url, Some(open_url));
        let found = service.find_by_entry_label(&holder, label.as_str()).await;
        assert_eq!(found.unwrap().id, session.id);
        let nobody = anonymous();
        let nobodys = service.find_by_entry_label(&nobody, label.as_str());
        assert_eq!(
            nobodys.await.unwrap_err().code,
            ProblemCode::Unauthenticated
        );
        for unknown in ["", "s-", "x", &label.to_string().to_uppercase()] {
            let found = service.find_by_entry_label(&holder, unknown).await;
            assert_eq!(found.unwrap_err().code, ProblemCode::NotFound, "{unknown}");
        }
        for state in ["", "x", &state[1..], &format!("{state}=")] {
            let refused = service.open_in_browser(&holder, &session, state).await;
            assert!(refused.unwrap_err().field("state").is_some(), "{state}");
        }
        service
            .revoke(&holder, session.id, String::new())
            .await
            .unwrap();
        let refused = service.open_in_browser(&holder, &session, &state).await;
        assert_eq!(refused.unwrap_err().code, ProblemCode::Conflict);
        let detail = service.detail(&holder, session.id).await.unwrap();
        assert_eq!(detail.open_url, None, "{}", world.engine);
        let opened = events(&world, "support_session.opened_in_browser").await;
        assert!(opened.is_empty());
    }
}

#[tokio::test]
async fn a_code_is_taken_once_by_the_browser_it_is_for() {
    for world in scenes().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        let browsers = StoreBrowserSessions::new(world.core.clone(), SessionGates::new());
        let new = granted_code(&world, &service, &session).await;
        let another = create(&service, &support_admin(1)).await;
        for wrong in [
            NewBrowserSession {
                state_hash: [1; 32],
                ..new.clone()
            },
            NewBrowserSession {
                code_hash: [1; 32],
                ..new.clone()
            },
            NewBrowserSession {
                label: label_in(&another.open_url.unwrap()),
                ..new.clone()
            },
        ] {
            let refused = browsers.enter(wrong).await;
            assert_eq!(refused, Err(NotEntered::Code), "{}", world.engine);
        }
        let mut rival = new.clone();
        rival.token_hash = [7; 32];
        let raced = join(browsers.enter(new.clone()), browsers.enter(rival)).await;
        let won = [raced.0, raced.1];
        assert!(won.contains(&Ok(())), "{}: {won:?}", world.engine);
        assert!(
            won.contains(&Err(NotEntered::Code)),
            "{}: {won:?}",
            world.engine
        );
        assert_eq!(browsers.enter(new.clone()).await, Err(NotEntered::Code));
        let opened = events(&world, "support_session.opened_in_browser").await;
        assert_eq!(opened.len(), 1, "{}", world.engine);
        let opened = &opened[0];
        assert_eq!(opened.tenant_id, Some(tenant("acme")));
        assert_eq!(opened.actor.id, staff_id(1).to_string());
        assert_eq!(opened.resource_id, session.id.to_string());
        assert_eq!(opened.ip.as_deref(), Some("127.0.0.1"));
    }
}

#[tokio::test]
async fn a_code_dies_after_a_minute_with_a_later_one_and_with_its_session() {
    for world in scenes().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        let browsers = StoreBrowserSessions::new(world.core.clone(), SessionGates::new());
        let late = granted_code(&world, &service, &session).await;
        world.clock.advance(TimeDelta::seconds(60));
        assert_eq!(browsers.enter(late).await, Err(NotEntered::Code));

        let earlier = granted_code(&world, &service, &session).await;
        let later = granted_code(&world, &service, &session).await;
        assert_eq!(browsers.enter(earlier).await, Err(NotEntered::Code));
        world.clock.advance(TimeDelta::seconds(59));
        assert_eq!(browsers.enter(later).await, Ok(()), "{}", world.engine);

        let overtaken = granted_code(&world, &service, &session).await;
        let holder = support_admin(1);
        service
            .revoke(&holder, session.id, String::new())
            .await
            .unwrap();
        let refused = browsers.enter(overtaken).await;
        assert_eq!(refused, Err(NotEntered::Ended(Ended::Revoked)));

        let session = create(&service, &support_admin(1)).await.session;
        world.clock.set(session.expires_at - TimeDelta::seconds(1));
        let overtaken = granted_code(&world, &service, &session).await;
        world.clock.set(session.expires_at);
        let refused = browsers.enter(overtaken).await;
        assert_eq!(refused, Err(NotEntered::Ended(Ended::Expired)));
    }
}

#[tokio::test]
async fn a_cookie_is_recorded_by_until_the_session_ends_or_opens_elsewhere() {
    for world in scenes().await {
        let service = service(&world);
        let granted = create(&service, &support_admin(1)).await;
        let session = &granted.session;
        let browsers = StoreBrowserSessions::new(world.core.clone(), SessionGates::new());
        let recorder = recorder(&world);
        let first = granted_code(&world, &service, session).await;
        let unknown = request_with(&world, &recorder, session, first.token_hash).await;
        assert_eq!(unknown, Err(RecordError::SessionEnded(Ended::Revoked)));
        browsers.enter(first.clone()).await.unwrap();
        let found = browsers.lookup(first.token_hash).await.unwrap().unwrap();
        assert_eq!(
            (found.session.id, found.label),
            (session.id, first.label.clone())
        );
        assert_eq!(found.session.token_hash, first.token_hash);
        // A lost token says nothing about the browser.
        service
            .replace_token(&support_admin(1), session.id)
            .await
            .unwrap();
        let recorded = request_with(&world, &recorder, session, first.token_hash).await;
        assert_eq!(recorded, Ok(1), "{}", world.engine);

        let second = granted_code(&world, &service, session).await;
        browsers.enter(second.clone()).await.unwrap();
        assert!(browsers.lookup(first.token_hash).await.unwrap().is_none());
        let gone = request_with(&world, &recorder, session, first.token_hash).await;
        assert_eq!(gone, Err(RecordError::SessionEnded(Ended::Revoked)));
        let recorded = request_with(&world, &recorder, session, second.token_hash).await;
        assert_eq!(recorded, Ok(2));

        world.clock.set(session.expires_at);
        let found = browsers.lookup(second.token_hash).await.unwrap().unwrap();
        assert_eq!(
            found.session.ended_at(world.clock.now()),
            Some(Ended::Expired)
        );
        let ended = request_with(&world, &recorder, session, second.token_hash).await;
        assert_eq!(ended, Err(RecordError::SessionEnded(Ended::Expired)));
    }
}

#[tokio::test]
async fn without_a_domain_no_session_opens_in_a_browser() {
    for world in worlds().await {
        let service = service(&world);
        let granted = create(&service, &support_admin(1)).await;
        assert_eq!(granted.open_url, None);
        let state = hash_of(&token(&world, TokenKind::EntryState));
        let holder = support_admin(1);
        let refused = service.open_in_browser(&holder, &granted.session, &state);
        assert_eq!(refused.await.unwrap_err().code, ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn a_code_of_a_pinned_session_is_refused_from_another_address() {
    for world in scenes().await {
        let service = service(&world);
        let form = SupportSessionForm {
            creator_ip_only: true,
            ..form()
        };
        let (holder, acme) = (support_admin(1), tenant("acme"));
        let session = service.create(&holder, &acme, form).await.unwrap().session;
        let browsers = StoreBrowserSessions::new(world.core.clone(), SessionGates::new());
        let mut new = granted_code(&world, &service, &session).await;
        new.ip = Ipv4Addr::new(198, 51, 100, 7).into();
        let refused = browsers.enter(new.clone()).await;
        assert_eq!(refused, Err(NotEntered::WrongAddress), "{}", world.engine);
        // The statement asks too, whatever was found before.
        let key = EntryKey {
            label: new.label.to_string(),
            code_hash: new.code_hash,
            state_hash: new.state_hash,
        };
        let taken = world.write(key, |key, tx| {
            Box::pin(async move { tx.enter_browser(key, [1; 32], "198.51.100.7", noon()).await })
        });
        assert!(!taken.await, "{}", world.engine);
        new.ip = session.ip.parse().unwrap();
        assert_eq!(browsers.enter(new).await, Ok(()), "{}", world.engine);
    }
}

#[tokio::test]
async fn a_code_is_not_used_up_by_a_browser_that_has_gone_or_a_node_without_a_lease() {
    for world in scenes().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        let browsers = StoreBrowserSessions::new(world.core.clone(), SessionGates::new());
        let mut new = granted_code(&world, &service, &session).await;
        let (lease, gone) = (
            Lease::new(world.core.clock.clone()),
            CancellationToken::new(),
        );
        lease.renew(world.clock.since_boot());
        new.waits = Waits::new(Arc::clone(&lease), gone.clone());
        lease.give_up();
        let refused = browsers.enter(new.clone()).await;
        assert_eq!(refused, Err(NotEntered::Unavailable), "{}", world.engine);
        world.clock.advance(TimeDelta::seconds(1));
        lease.renew(world.clock.since_boot());
        gone.cancel();
        let refused = browsers.enter(new.clone()).await;
        assert_eq!(refused, Err(NotEntered::Unavailable), "{}", world.engine);
        let opened = events(&world, "support_session.opened_in_browser").await;
        assert!(opened.is_empty(), "{}", world.engine);
        new.waits = Waits::new(lease, CancellationToken::new());
        assert_eq!(browsers.enter(new).await, Ok(()), "{}", world.engine);
    }
}
