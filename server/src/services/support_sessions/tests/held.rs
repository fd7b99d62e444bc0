//! What a holder sees and ends in the browser.

use std::net::Ipv4Addr;

use app::domain::{RequestId, audit::ActorType};
use gateway::ports::{EndAsked, HeldSessions};

use super::*;

fn asked(id: SupportSessionId) -> EndAsked {
    EndAsked {
        support_session_id: id,
        request_id: RequestId::from_uuid(Uuid::from_u128(5)),
        ip: Ipv4Addr::LOCALHOST.into(),
        user_agent: "Firefox".into(),
    }
}

#[tokio::test]
async fn a_holder_sees_the_reason_of_the_session() {
    for world in worlds().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        let card = service.card(session.id).await.unwrap().unwrap();
        assert_eq!(card.tenant_name, session.tenant_name);
        assert_eq!(card.reason, "Attestations fail with 503");
        let nobodys = SupportSessionId::from_uuid(Uuid::nil());
        assert_eq!(service.card(nobodys).await, Ok(None));
    }
}

#[tokio::test]
async fn a_holder_ends_the_session_in_his_own_name_and_once() {
    for world in worlds().await {
        let service = service(&world);
        let holder = support_admin(1);
        let session = create(&service, &holder).await.session;
        let other = create(&service, &holder).await.session;
        service.end(asked(session.id)).await.unwrap();
        let again = service.end(asked(session.id)).await;
        assert_eq!(again, Ok(()), "it has ended, and that is what was wanted");

        let detail = service.detail(&holder, session.id).await.unwrap();
        let revocation = detail.session.revocation.unwrap();
        assert_eq!(revocation.by, Some(session.staff_id));
        assert_eq!(revocation.by_name, session.staff_name);
        let untouched = service.detail(&holder, other.id).await.unwrap();
        assert_eq!(untouched.session.revocation, None);

        let [event] = &events(&world, "support_session.revoked").await[..] else {
            panic!("one event: {}", world.engine);
        };
        assert_eq!(event.actor.kind, ActorType::Staff);
        assert_eq!(event.actor.id, session.staff_id.to_string());
        assert_eq!(event.tenant_id, Some(session.tenant_id));
        assert_eq!(event.resource_id, session.id.to_string());
        assert_eq!(event.user_agent.as_deref(), Some("Firefox"));
        assert_eq!(event.ip.as_deref(), Some("127.0.0.1"));
    }
}

#[tokio::test]
async fn what_has_expired_is_not_ended_by_anyone() {
    for world in worlds().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(service.end(asked(session.id)).await, Ok(()));
        assert!(events(&world, "support_session.revoked").await.is_empty());
    }
}
