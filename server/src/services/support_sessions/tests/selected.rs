//! Revoking several sessions at once: who may, and what is left behind.

use app::{
    domain::{
        caller::Context,
        problem::ProblemCode,
        staff::Role,
        support_sessions::{RevokeSelectedForm, SupportSessionStatus},
    },
    ports::{RevokeSelected as _, RevokeSupportSessions as _},
};

use crate::services::{
    support_sessions::SupportSessionsService,
    testing::{World, anonymous, cli, form, key, super_admin, support_admin, worlds},
};

fn selected(ids: &[String]) -> RevokeSelectedForm {
    RevokeSelectedForm {
        id: ids.to_vec(),
        reason: "Left the company".into(),
        idempotency_key: String::new(),
    }
}

/// A super admin who is signed in.
async fn signed_in(world: &World, name: &str) -> Context {
    world.add(name, &[Role::SuperAdmin]).await;
    world.context(&world.sign_in(name).await).await
}

/// Waits until a revocation runs.
async fn begun(service: &SupportSessionsService) {
    while service.running.is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn each_session_ends_with_an_event_of_its_own_and_those_that_had_ended_are_told() {
    for world in worlds().await {
        let service = world.support_sessions();
        let admin = signed_in(&world, "cleo").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(world.open(form()).await.id);
        }
        service.revoke(&admin, ids[0], String::new()).await.unwrap();
        let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let done = service
            .revoke_selected(&admin, selected(&texts))
            .await
            .unwrap();
        let mut revoked: Vec<_> = done.revoked.iter().map(|session| session.id).collect();
        revoked.sort_unstable();
        ids[1..].sort_unstable();
        assert_eq!(revoked, ids[1..], "{}", world.engine);
        assert_eq!(done.ended.len(), 1, "{}", world.engine);
        assert_eq!(
            done.in_words(),
            "2 support sessions revoked. 1 had already ended."
        );
        for session in &done.revoked {
            assert_eq!(
                session.status(world.core.now()),
                SupportSessionStatus::Revoked
            );
            let reason = session.revocation.as_ref().unwrap().reason.as_deref();
            assert_eq!(reason, Some("Left the company"), "{}", world.engine);
        }
        let actions = world.actions("tenant:acme").await;
        let revocations = actions
            .iter()
            .filter(|action| *action == "support_session.revoked");
        assert_eq!(revocations.count(), 3, "{}", world.engine);

        // Once more does nothing.
        let again = service
            .revoke_selected(&admin, selected(&texts))
            .await
            .unwrap();
        assert_eq!(
            (again.revoked.len(), again.ended.len()),
            (0, 3),
            "{}",
            world.engine
        );
    }
}

#[tokio::test]
async fn a_revocation_of_several_ends_none_once_its_role_or_its_sign_in_is_gone() {
    for world in worlds().await {
        let engine = world.engine;
        let service = world.support_sessions();
        let signed_out = signed_in(&world, "cleo").await;
        let dan = world.add("dan", &[Role::SuperAdmin]).await.id;
        let without_role = world.context(&world.sign_in("dan").await).await;
        world.sessions.sign_out(&signed_out, false).await.unwrap();
        let support = vec![Role::SupportAdmin];
        world.staff.set_roles(&cli(), dan, support).await.unwrap();
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.push(world.open(form()).await.id.to_string());
        }
        for (context, code) in [
            (&signed_out, ProblemCode::Unauthenticated),
            (&without_role, ProblemCode::Forbidden),
        ] {
            // The context is that of the request, which was authorised before.
            let refused = service.revoke_selected(context, selected(&ids)).await;
            let problem = refused.unwrap_err();
            assert_eq!(problem.code, code, "{engine}");
            let left = "2 could not be revoked";
            assert!(problem.detail.contains(left), "{engine}: {problem:?}");
        }
        let actions = world.actions("tenant:acme").await;
        let revoked = actions.iter().any(|a| a == "support_session.revoked");
        assert!(!revoked, "{engine}");
    }
}

#[tokio::test]
async fn a_stop_waits_for_revocations_whose_browser_has_given_up() {
    for world in worlds().await {
        let engine = world.engine;
        let service = world.support_sessions();
        let admin = signed_in(&world, "cleo").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(world.open(form()).await.id.to_string());
        }
        let revoking = service.revoke_selected(&admin, selected(&ids));
        // The task runs, and nobody waits for its answer any more.
        tokio::select! {
            biased;
            _ = revoking => {}
            () = begun(&service) => {}
        }
        service.finish().await;
        let actions = world.actions("tenant:acme").await;
        let revoked = actions.iter().filter(|a| *a == "support_session.revoked");
        assert_eq!(revoked.count(), 3, "{engine}");
    }
}

#[tokio::test]
async fn only_super_admins_revoke_a_selection() {
    for world in worlds().await {
        let service = world.support_sessions();
        let id = world.open(form()).await.id.to_string();
        for (context, code) in [
            // Its holder too: one's own sessions are ended one by one.
            (support_admin(1), ProblemCode::Forbidden),
            (support_admin(2), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
            (key(None), ProblemCode::Forbidden),
            (anonymous(), ProblemCode::Unauthenticated),
        ] {
            let refused = service
                .revoke_selected(&context, selected(std::slice::from_ref(&id)))
                .await;
            assert_eq!(refused.unwrap_err().code, code, "{}", world.engine);
        }
    }
}

#[tokio::test]
async fn a_selection_with_a_session_that_does_not_exist_ends_none() {
    for world in worlds().await {
        let service = world.support_sessions();
        let id = world.open(form()).await.id.to_string();
        let unknown = "01937e2c-7b6a-7cc0-8000-00000000dead".to_owned();
        let refused = service
            .revoke_selected(&super_admin(2), selected(&[id, unknown]))
            .await;
        assert_eq!(
            refused.unwrap_err().code,
            ProblemCode::NotFound,
            "{}",
            world.engine
        );
        let actions = world.actions("tenant:acme").await;
        assert!(
            !actions.contains(&"support_session.revoked".to_owned()),
            "{}",
            world.engine
        );
    }
}
