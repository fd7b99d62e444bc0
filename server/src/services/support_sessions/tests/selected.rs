//! Revoking several sessions at once: who may, and what is left behind.

use app::{
    domain::{
        problem::ProblemCode,
        support_sessions::{RevokeSelectedForm, SupportSessionStatus},
    },
    ports::{RevokeSelected as _, RevokeSupportSessions as _},
};

use crate::services::testing::{anonymous, form, key, super_admin, support_admin, worlds};

fn selected(ids: &[String]) -> RevokeSelectedForm {
    RevokeSelectedForm {
        id: ids.to_vec(),
        reason: "Left the company".into(),
        idempotency_key: String::new(),
    }
}

#[tokio::test]
async fn each_session_ends_with_an_event_of_its_own_and_those_that_had_ended_are_told() {
    for world in worlds().await {
        let service = world.support_sessions();
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(world.open(form()).await.id);
        }
        service
            .revoke(&super_admin(2), ids[0], String::new())
            .await
            .unwrap();
        let texts: Vec<_> = ids.iter().map(ToString::to_string).collect();
        let done = service
            .revoke_selected(&super_admin(2), selected(&texts))
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
            .revoke_selected(&super_admin(2), selected(&texts))
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
