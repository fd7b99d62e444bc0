//! Budgets, idleness, and the creator's address.

use app::domain::{
    caller::Origin,
    support_sessions::{RaiseBudgetForm, RequestsToday, SupportSession},
};
use gateway::ports::{Ended, Intent, RecordError, Recorder, Sessions};

use super::*;
use crate::services::access_log::StoreRecorder;

fn raise_to(total: &str) -> RaiseBudgetForm {
    RaiseBudgetForm {
        requests_total: total.into(),
        reason: "The export takes many pages".into(),
    }
}

pub(super) fn recorder(world: &World) -> Arc<StoreRecorder> {
    world.recorder("boot")
}

/// Records one request with this token, as the gateway does.
async fn request(world: &World, granted: &SupportSessionGranted) -> Result<u64, RecordError> {
    let token = Token::parse(granted.token.as_deref().unwrap()).unwrap();
    let hash = *token.hash().as_bytes();
    request_with(world, &recorder(world), &granted.session, hash).await
}

/// Records one request with the credential that has this hash.
pub(super) async fn request_with(
    world: &World,
    recorder: &StoreRecorder,
    session: &SupportSession,
    token_hash: [u8; 32],
) -> Result<u64, RecordError> {
    let intent = Intent {
        tenant_id: session.tenant_id.clone(),
        staff_id: session.staff_id,
        staff_name: session.staff_name.clone(),
        ..world.intent(session.id, token_hash)
    };
    recorder.begin(intent).await.map(|begun| begun.seq)
}

#[tokio::test]
async fn a_budget_is_raised_by_a_super_admin_who_is_not_its_holder_and_by_nobody_else() {
    for world in worlds().await {
        let service = service(&world);
        let granted = create(&service, &super_admin(1)).await;
        let id = granted.session.id;
        let attacks = [
            (anonymous(), ProblemCode::Unauthenticated),
            (staff(2, &[], noon()), ProblemCode::Forbidden),
            (support_admin(2), ProblemCode::Forbidden),
            // The holder, super admin or not.
            (super_admin(1), ProblemCode::Forbidden),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
            // Of another tenant: it does not know that there is such a session.
            (key(Some("bolt")), ProblemCode::NotFound),
        ];
        for (context, expected) in attacks {
            let refused = service.raise_budget(&context, id, raise_to("20000")).await;
            assert_eq!(refused.unwrap_err().code, expected, "{:?}", context.caller);
            let may = service.detail(&context, id).await;
            assert!(!may.is_ok_and(|detail| detail.may.raise_budget));
        }
        let admin = super_admin(2);
        for (form, field) in [
            (raise_to("9999"), "requests_total"),
            (raise_to("-1"), "requests_total"),
            (
                RaiseBudgetForm {
                    reason: "more".into(),
                    ..raise_to("20000")
                },
                "reason",
            ),
        ] {
            let refused = service.raise_budget(&admin, id, form).await.unwrap_err();
            assert!(refused.field(field).is_some(), "{refused:?}");
        }
        assert!(
            events(&world, "support_session.budget_raised")
                .await
                .is_empty()
        );

        for is_repeated in [false, true] {
            let raised = service.raise_budget(&admin, id, raise_to("20000")).await;
            let raised = raised.unwrap();
            assert_eq!(raised.session.limits.requests_total, Some(20_000));
            assert_eq!(raised.audit_event_id.is_none(), is_repeated);
        }
        let told = events(&world, "support_session.budget_raised").await;
        assert_eq!(told.len(), 1, "a double click is one event");
        assert_eq!(told[0].actor.id, staff_id(2).to_string());
        assert_eq!(told[0].tenant_id, Some(tenant("acme")));
        assert_eq!(told[0].metadata["requests_total"], 20_000);
        assert_eq!(told[0].metadata["requests_total_before"], 10_000);
        assert_eq!(told[0].metadata["reason"], "The export takes many pages");
    }
}

#[tokio::test]
async fn the_budget_of_a_session_that_has_ended_is_not_raised() {
    for world in worlds().await {
        let service = service(&world);
        let admin = super_admin(2);
        let revoked = create(&service, &support_admin(1)).await.session.id;
        service
            .revoke(&admin, revoked, String::new())
            .await
            .unwrap();
        let expired = create(&service, &support_admin(1)).await.session.id;
        world.clock.advance(TimeDelta::minutes(15));
        for id in [revoked, expired] {
            let refused = service.raise_budget(&admin, id, raise_to("20000")).await;
            assert_eq!(
                refused.unwrap_err().code,
                ProblemCode::Conflict,
                "{}",
                world.engine
            );
        }
    }
}

#[tokio::test]
async fn a_raised_budget_lets_requests_through_again() {
    for world in worlds().await {
        let service = service(&world);
        let granted = create(&service, &support_admin(1)).await;
        let id = granted.session.id;
        world
            .run("UPDATE support_sessions SET forwarded = 10000")
            .await;
        let refused = request(&world, &granted).await;
        assert_eq!(refused.unwrap_err(), RecordError::BudgetExhausted);
        let admin = super_admin(2);
        let raised = service.raise_budget(&admin, id, raise_to("10001"));
        raised.await.unwrap();
        assert!(request(&world, &granted).await.is_ok());
        let refused = request(&world, &granted).await;
        assert_eq!(
            refused.unwrap_err(),
            RecordError::BudgetExhausted,
            "{}",
            world.engine
        );
    }
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_stays_ended() {
    for world in worlds().await {
        let service = service(&world);
        let form = SupportSessionForm {
            idle_minutes: "5".into(),
            ..form()
        };
        let (holder, acme) = (support_admin(1), tenant("acme"));
        let granted = service.create(&holder, &acme, form).await.unwrap();
        let id = granted.session.id;
        assert_eq!(granted.session.ends_at(), noon() + TimeDelta::minutes(5));

        // Each request puts the end off; a refused one does not.
        world.clock.advance(TimeDelta::minutes(4));
        assert_eq!(request(&world, &granted).await, Ok(1));
        world
            .clock
            .set(noon() + TimeDelta::minutes(9) - TimeDelta::microseconds(1));
        let detail = service.detail(&holder, id).await.unwrap();
        assert_eq!(detail.session.ends_at(), noon() + TimeDelta::minutes(9));
        assert_eq!(
            detail.session.status(detail.at),
            SupportSessionStatus::Active
        );

        world.clock.set(noon() + TimeDelta::minutes(9));
        let detail = service.detail(&holder, id).await.unwrap();
        assert_eq!(
            detail.session.status(detail.at),
            SupportSessionStatus::Expired
        );
        let refused = request(&world, &granted).await;
        assert_eq!(
            refused.unwrap_err(),
            RecordError::SessionEnded(Ended::Expired)
        );
        let token = Token::parse(granted.token.as_deref().unwrap()).unwrap();
        let known = recorder(&world).lookup(*token.hash().as_bytes()).await;
        assert!(known.unwrap().unwrap().is_idle_at(world.clock.now()));
        let late = service.revoke(&holder, id, String::new()).await;
        assert_eq!(late.unwrap_err().code, ProblemCode::Conflict);

        let shutdown = CancellationToken::new();
        let mut changes = world.core.store.changes();
        let (gates, boot) = (SessionGates::new(), "b".to_owned());
        let telling = record_expiries(world.core.clone(), gates, boot, shutdown.clone());
        let task = tokio::spawn(telling);
        while events(&world, "support_session.expired").await.is_empty() {
            changes.recv().await.unwrap();
        }
        shutdown.cancel();
        task.await.unwrap();
        let told = events(&world, "support_session.expired").await;
        assert_eq!(told[0].metadata["cause"], "idle");
        assert_eq!(told[0].metadata["idle_minutes"], 5);
        assert_eq!(told[0].occurred_at, noon() + TimeDelta::minutes(9));
        // A node whose clock is behind does not bring it back.
        world.clock.set(noon() + TimeDelta::minutes(8));
        assert!(request(&world, &granted).await.is_err(), "{}", world.engine);
    }
}

#[tokio::test]
async fn an_idle_limit_never_outlasts_the_expiry() {
    for world in worlds().await {
        let service = service(&world);
        let form = SupportSessionForm {
            idle_minutes: "10".into(),
            ..form()
        };
        let (holder, acme) = (support_admin(1), tenant("acme"));
        let granted = service.create(&holder, &acme, form).await.unwrap();
        world.clock.advance(TimeDelta::minutes(9));
        assert_eq!(request(&world, &granted).await, Ok(1));
        let detail = service.detail(&holder, granted.session.id).await.unwrap();
        assert_eq!(
            detail.session.ends_at(),
            granted.session.expires_at,
            "{}",
            world.engine
        );
    }
}

#[tokio::test]
async fn a_session_is_pinned_to_the_address_that_the_console_saw() {
    for world in worlds().await {
        let service = service(&world);
        let form = SupportSessionForm {
            creator_ip_only: true,
            idle_minutes: "5".into(),
            ..form()
        };
        let (holder, acme) = (support_admin(1), tenant("acme"));
        let nowhere = Context {
            origin: Origin::default(),
            ..holder.clone()
        };
        let refused = service.create(&nowhere, &acme, form.clone()).await;
        assert!(refused.unwrap_err().field("creator_ip_only").is_some());

        let granted = service.create(&holder, &acme, form).await.unwrap();
        let token = Token::parse(&granted.token.unwrap()).unwrap();
        let known = recorder(&world).lookup(*token.hash().as_bytes()).await;
        let limits = known.unwrap().unwrap().limits;
        assert_eq!(limits.only_from.as_deref(), Some("203.0.113.7"));
        assert_eq!(limits.requests_per_minute, Some(1_200));
        let told = events(&world, "support_session.created").await.remove(0);
        assert_eq!(told.metadata["creator_ip_only"], true);
        assert_eq!(told.metadata["idle_minutes"], 5);
        assert_eq!(told.metadata["requests_total"], 10_000);
    }
}

#[tokio::test]
async fn the_days_requests_are_counted_by_person_and_by_tenant_from_midnight_on() {
    for world in worlds().await {
        let service = service(&world);
        let (first, second, third) = (support_admin(1), support_admin(2), support_admin(3));
        // Five minutes before midnight.
        let evening = noon() + TimeDelta::hours(11) + TimeDelta::minutes(55);
        world.clock.set(evening);
        let recent = |context: &Context| match &context.caller {
            app::domain::caller::Caller::Staff(caller) => {
                let roles = [Role::SupportAdmin];
                let number = caller.staff_id.as_uuid().as_u128();
                staff(number, &roles, evening)
            }
            _ => context.clone(),
        };
        let (first, second, third) = (recent(&first), recent(&second), recent(&third));
        let own = create(&service, &first).await;
        let others = create(&service, &second).await;
        let elsewhere = service
            .create(&first, &tenant("bolt"), form())
            .await
            .unwrap();
        let _unused = create(&service, &third).await;
        request(&world, &own).await.unwrap();
        world.clock.advance(TimeDelta::minutes(5));
        for (granted, count) in [(&own, 2), (&others, 3), (&elsewhere, 4)] {
            for _ in 0..count {
                request(&world, granted).await.unwrap();
            }
        }
        let today = service.detail(&first, own.session.id).await.unwrap().today;
        let expected = RequestsToday {
            by_staff: 2 + 4,
            in_tenant: 2 + 3,
        };
        assert_eq!(today, expected, "{}", world.engine);
    }
}
