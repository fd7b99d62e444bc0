//! Attacks first, then the promises.

mod bars;
mod held;
mod limits;
mod list;
mod open;
mod organization;
mod selected;
mod staff_filter;

use std::sync::Arc;

use app::{
    domain::{
        SupportSessionId,
        audit::{AuditAction, AuditEvent, AuditFilter},
        caller::Context,
        page::PageRequest,
        problem::ProblemCode,
        staff::Role,
        support_sessions::{
            SupportSessionFilter, SupportSessionForm, SupportSessionGranted, SupportSessionStatus,
        },
        tenants::{OrganizationRegistration, OrganizationStatus, TenantRegistration, TenantStatus},
    },
    ports::{
        CreateSupportSessions, RaiseBudgets, ReadSupportSessions, ReplaceTokens,
        RevokeSupportSessions,
    },
};
use chrono::TimeDelta;
use gateway::{
    SessionGates,
    clock::{Clock, SteadyClock},
    token::Token,
};
use store::{Audited, audit::AuditReach, listing::PageAt};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{SupportSessionsService, record_expiries, revoke_all_of};
use crate::{
    config::Config,
    services::{
        TenantsService,
        testing::{
            World, anonymous, form, key, noon, registration, staff, staff_id, super_admin,
            support_admin, tenant, worlds,
        },
    },
};

fn service(world: &World) -> SupportSessionsService {
    world.support_sessions()
}

async fn create(service: &SupportSessionsService, context: &Context) -> SupportSessionGranted {
    service
        .create(context, &tenant("acme"), form())
        .await
        .unwrap()
}

async fn events(world: &World, action: &str) -> Vec<AuditEvent> {
    let filter = AuditFilter {
        action: Some(action.into()),
        ..AuditFilter::default()
    };
    let mut reader = world.core.store.read().await.unwrap();
    reader
        .db()
        .list_audit_events(&AuditReach::All, &filter, &PageAt::first(200))
        .await
        .unwrap()
        .items
}

#[tokio::test]
async fn creating_a_support_session_needs_a_support_role_and_a_recent_sign_in() {
    for world in worlds().await {
        let service = service(&world);
        let long_ago = noon() - TimeDelta::minutes(10);
        let attacks = [
            (anonymous(), ProblemCode::Unauthenticated),
            (staff(1, &[], noon()), ProblemCode::Forbidden),
            (
                staff(1, &[Role::SuperAdmin], long_ago),
                ProblemCode::SignInTooOld,
            ),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
        ];
        for (context, expected) in attacks {
            let refused = service
                .create(&context, &tenant("acme"), form())
                .await
                .unwrap_err();
            assert_eq!(
                refused.code, expected,
                "{} {:?}",
                world.engine, context.caller
            );
        }
        let admin = super_admin(1);
        let created = service.list(
            &admin,
            SupportSessionFilter::default(),
            PageRequest::default(),
        );
        assert_eq!(created.await.unwrap().sessions.total, 0);
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of cases")]
async fn invalid_fields_are_named_and_change_nothing() {
    for world in worlds().await {
        let service = service(&world);
        let cases = [
            (
                SupportSessionForm {
                    reason: "too short".into(),
                    ..form()
                },
                "reason",
                ProblemCode::InvalidInput,
            ),
            (
                SupportSessionForm {
                    ttl_minutes: "61".into(),
                    ..form()
                },
                "ttl_minutes",
                ProblemCode::InvalidInput,
            ),
            (
                SupportSessionForm {
                    ttl_minutes: "-1".into(),
                    ..form()
                },
                "ttl_minutes",
                ProblemCode::InvalidInput,
            ),
            (
                SupportSessionForm {
                    scopes: vec!["root".into()],
                    ..form()
                },
                "scopes",
                ProblemCode::UnknownScope,
            ),
            (
                SupportSessionForm {
                    organization_id: "y".into(),
                    ..form()
                },
                "organization_id",
                ProblemCode::InvalidInput,
            ),
            (
                SupportSessionForm {
                    ticket: "\0".into(),
                    ..form()
                },
                "ticket",
                ProblemCode::InvalidInput,
            ),
            (
                SupportSessionForm {
                    idempotency_key: "mine".into(),
                    ..form()
                },
                "idempotency_key",
                ProblemCode::InvalidInput,
            ),
        ];
        for (form, field, code) in cases {
            let refused = service
                .create(&support_admin(1), &tenant("acme"), form)
                .await
                .unwrap_err();
            assert_eq!(
                (refused.code, refused.field(field).is_some()),
                (code, true),
                "{field}"
            );
        }
        let unknown = service
            .create(&support_admin(1), &tenant("nobody"), form())
            .await
            .unwrap_err();
        assert_eq!(unknown.code, ProblemCode::NotFound);
        assert!(events(&world, "support_session.*").await.is_empty());
    }
}

#[tokio::test]
async fn a_session_has_every_property_and_its_event_tells_them() {
    for world in worlds().await {
        let service = service(&world);
        let form = SupportSessionForm {
            ticket: "INC-4127".into(),
            organization_id: "x".into(),
            scopes: vec![
                "invoices:export".into(),
                "read_only".into(),
                "read_only".into(),
            ],
            ..form()
        };
        let granted = service
            .create(&support_admin(1), &tenant("acme"), form)
            .await
            .unwrap();
        let session = granted.session;
        assert_eq!(
            session.expires_at - session.issued_at,
            TimeDelta::minutes(15),
            "the default"
        );
        assert_eq!(session.scopes.len(), 2);
        assert_eq!(
            (session.ip.as_str(), session.user_agent.as_str()),
            ("203.0.113.7", "curl/8")
        );
        let kept = service.detail(&support_admin(2), session.id).await.unwrap();
        assert_eq!(kept.session, session);
        assert!(!kept.may.revoke, "not one's own");

        let event = events(&world, "support_session.created").await.remove(0);
        assert_eq!(event.tenant_id, Some(tenant("acme")));
        assert_eq!(event.metadata["reason"], "Attestations fail with 503");
        assert_eq!(event.metadata["ticket"], "INC-4127");
        assert_eq!(event.metadata["organization_id"], "x");
        assert_eq!(event.metadata["ttl_minutes"], 15);
        assert_eq!(event.ip.as_deref(), Some("203.0.113.7"));
        assert_eq!(event.user_agent.as_deref(), Some("curl/8"));
    }
}

#[tokio::test]
async fn the_token_is_kept_as_a_hash_only_and_shown_once() {
    for world in worlds().await {
        let service = service(&world);
        let form = SupportSessionForm {
            idempotency_key: Uuid::from_u128(5).to_string(),
            ..form()
        };
        let first = service
            .create(&support_admin(1), &tenant("acme"), form.clone())
            .await
            .unwrap();
        let again = service
            .create(&support_admin(1), &tenant("acme"), form.clone())
            .await
            .unwrap();
        assert_eq!(
            again.session.id, first.session.id,
            "a double submit creates one session"
        );
        assert_eq!(again.token, None, "a token is shown once");
        assert_eq!(events(&world, "support_session.created").await.len(), 1);

        let token = Token::parse(&first.token.clone().unwrap()).unwrap();
        assert!(!format!("{first:?}").contains(token.expose()));
        let mut reader = world.core.store.read().await.unwrap();
        let found = reader
            .db()
            .find_support_session_by_token(*token.hash().as_bytes())
            .await
            .unwrap();
        assert_eq!(found.unwrap().id, first.session.id);

        assert!(again.unused.is_empty());
        let other = SupportSessionForm {
            reason: "Typed after the first was sent".into(),
            ttl_minutes: "7".into(),
            ..form.clone()
        };
        let other = service
            .create(&support_admin(1), &tenant("acme"), other)
            .await
            .unwrap();
        assert_eq!(other.session.reason, first.session.reason);
        assert_eq!(other.unused, ["reason", "duration"]);

        let elsewhere = service
            .create(&support_admin(1), &tenant("bolt"), form)
            .await
            .unwrap_err();
        assert!(
            elsewhere.field("idempotency_key").is_some(),
            "a key is for one form"
        );
    }
}

#[tokio::test]
async fn nobody_holds_more_than_five_however_hard_they_try_at_once() {
    for world in worlds().await {
        let service = service(&world);
        let person = support_admin(1);
        let acme = tenant("acme");
        let attempts = (0..20).map(|_| service.create(&person, &acme, form()));
        let results = futures::future::join_all(attempts).await;
        let created = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(created, 5, "{}", world.engine);
        for refused in results.into_iter().filter_map(Result::err) {
            assert_eq!(refused.code, ProblemCode::TooManySupportSessions);
        }
        assert!(
            service
                .create(&support_admin(2), &tenant("acme"), form())
                .await
                .is_ok()
        );
        world.clock.advance(TimeDelta::minutes(15));
        let later = staff(1, &[Role::SupportAdmin], world.clock.now());
        assert!(
            service
                .create(&later, &tenant("acme"), form())
                .await
                .is_ok(),
            "expired ones don't count"
        );
    }
}

#[tokio::test]
async fn holders_revoke_their_own_sessions_and_super_admins_any() {
    for world in worlds().await {
        let service = service(&world);
        let id = create(&service, &support_admin(1)).await.session.id;
        let attacks = [
            (anonymous(), ProblemCode::Unauthenticated),
            (support_admin(2), ProblemCode::Forbidden),
            (staff(1, &[], noon()), ProblemCode::Forbidden),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
            (key(Some("bolt")), ProblemCode::NotFound),
        ];
        for (context, expected) in attacks {
            let refused = service
                .revoke(&context, id, String::new())
                .await
                .unwrap_err();
            assert_eq!(refused.code, expected, "{:?}", context.caller);
        }
        let revoked = service
            .revoke(&super_admin(3), id, "  Not needed any more ".into())
            .await
            .unwrap();
        let told = revoked.audit_event_id;
        let revocation = revoked.session.revocation.unwrap();
        assert_eq!(revocation.by, Some(staff_id(3)));
        assert_eq!(revocation.reason.as_deref(), Some("Not needed any more"));
        let event = events(&world, "support_session.revoked").await.remove(0);
        assert_eq!(event.id, told);
        assert_eq!(event.actor.id, staff_id(3).to_string());
        assert_eq!(event.metadata["reason"], "Not needed any more");

        let twice = service
            .revoke(&super_admin(3), id, String::new())
            .await
            .unwrap_err();
        assert_eq!(twice.code, ProblemCode::Conflict);
        let own = create(&service, &support_admin(1)).await.session.id;
        assert!(
            service
                .revoke(&support_admin(1), own, String::new())
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn a_session_expires_by_itself_and_the_event_carries_the_true_instant() {
    for world in worlds().await {
        let service = service(&world);
        let session = create(&service, &support_admin(1)).await.session;
        let mut changes = world.core.store.changes();
        world
            .clock
            .set(session.expires_at - TimeDelta::microseconds(1));
        let detail = service.detail(&support_admin(1), session.id).await.unwrap();
        assert_eq!(
            detail.session.status(detail.at),
            SupportSessionStatus::Active
        );
        world.clock.set(session.expires_at);
        let detail = service.detail(&support_admin(1), session.id).await.unwrap();
        assert_eq!(
            detail.session.status(detail.at),
            SupportSessionStatus::Expired
        );
        assert!(!detail.may.revoke);
        let late = service
            .revoke(&support_admin(1), session.id, String::new())
            .await
            .unwrap_err();
        assert_eq!(late.code, ProblemCode::Conflict, "revoking after expiry");

        // Recorded long afterwards, as after a restart.
        world.clock.advance(TimeDelta::hours(3));
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(record_expiries(
            world.core.clone(),
            SessionGates::new(),
            "b".to_owned(),
            shutdown.clone(),
        ));
        let id = session.id.to_string();
        while changes.recv().await.unwrap().subject != id {}
        while events(&world, "support_session.expired").await.is_empty() {
            changes.recv().await.unwrap();
        }
        shutdown.cancel();
        task.await.unwrap();
        let told = events(&world, "support_session.expired").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].occurred_at, session.expires_at);
        assert_eq!(
            told[0].recorded_at,
            session.expires_at + TimeDelta::hours(3)
        );
    }
}

#[tokio::test]
async fn a_lost_token_is_replaced_for_its_holder_and_the_old_one_dies_at_once() {
    for world in worlds().await {
        let service = service(&world);
        let granted = create(&service, &support_admin(1)).await;
        let id = granted.session.id;
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (super_admin(2), ProblemCode::Forbidden),
            (key(None), ProblemCode::Forbidden),
            (key(Some("bolt")), ProblemCode::NotFound),
        ] {
            let refused = service.replace_token(&context, id).await.unwrap_err();
            assert_eq!(refused.code, expected, "{:?}", context.caller);
        }
        let old = Token::parse(&granted.token.unwrap()).unwrap();
        let replaced = service.replace_token(&support_admin(1), id).await.unwrap();
        let new = Token::parse(&replaced.token.unwrap()).unwrap();
        let mut reader = world.core.store.read().await.unwrap();
        let mut db = reader.db();
        assert!(
            db.find_support_session_by_token(*old.hash().as_bytes())
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            db.find_support_session_by_token(*new.hash().as_bytes())
                .await
                .unwrap()
                .is_some()
        );
        world.clock.advance(TimeDelta::minutes(15));
        let late = service
            .replace_token(&support_admin(1), id)
            .await
            .unwrap_err();
        assert_eq!(late.code, ProblemCode::Conflict);
    }
}

#[tokio::test]
async fn a_tenants_key_sees_its_own_sessions_and_knows_of_no_others() {
    for world in worlds().await {
        let service = service(&world);
        let own = create(&service, &support_admin(1)).await.session.id;
        let other = service
            .create(&support_admin(1), &tenant("bolt"), form())
            .await
            .unwrap()
            .session
            .id;
        let acme = key(Some("acme"));
        let list = service.list(
            &acme,
            SupportSessionFilter::default(),
            PageRequest::default(),
        );
        let list = list.await.unwrap();
        assert_eq!(
            list.sessions.items.iter().map(|s| s.id).collect::<Vec<_>>(),
            [own]
        );
        assert_eq!(list.counts.active, 1);
        assert!(list.staff.is_empty());
        let filter = SupportSessionFilter {
            tenant_id: Some(tenant("bolt")),
            ..Default::default()
        };
        let refused = service
            .list(&acme, filter, PageRequest::default())
            .await
            .unwrap_err();
        assert_eq!(refused.code, ProblemCode::NotFound);
        let unknown = SupportSessionId::from_uuid(Uuid::from_u128(77));
        for id in [other, unknown] {
            let detail = service.detail(&acme, id).await.unwrap_err();
            let log = service
                .access_log(&acme, id, PageRequest::default())
                .await
                .unwrap_err();
            assert_eq!(
                (detail.code, log.code),
                (ProblemCode::NotFound, ProblemCode::NotFound)
            );
            assert_eq!(detail.detail, "Support session not found.");
        }
    }
}

#[tokio::test]
async fn a_staff_member_who_may_no_longer_act_loses_every_session_at_once() {
    for world in worlds().await {
        let service = service(&world);
        let first = create(&service, &support_admin(1)).await.session.id;
        let second = service
            .create(&support_admin(1), &tenant("bolt"), form())
            .await
            .unwrap()
            .session
            .id;
        let others = create(&service, &support_admin(2)).await.session.id;
        let admin = super_admin(3);
        let revoke = world.core.act(&admin, (), |(), mut act| {
            Box::pin(async move {
                let email = "staff1@example.com".to_owned();
                let action = AuditAction::StaffDeactivated { email };
                let receipt = act.record(None, staff_id(1), action);
                let reason = "staff member deactivated";
                let ended = revoke_all_of(&mut act, staff_id(1), reason).await?;
                Ok(Audited::new(ended, receipt))
            })
        });
        let mut ended = revoke.await.unwrap();
        ended.sort();
        let mut of_staff_1 = [first, second];
        of_staff_1.sort();
        assert_eq!(ended, of_staff_1);
        for (id, status) in [
            (first, SupportSessionStatus::Revoked),
            (second, SupportSessionStatus::Revoked),
            (others, SupportSessionStatus::Active),
        ] {
            let detail = service.detail(&super_admin(3), id).await.unwrap();
            assert_eq!(detail.session.status(detail.at), status);
        }
        assert_eq!(events(&world, "support_session.revoked").await.len(), 2);
    }
}

#[tokio::test]
async fn a_jump_of_the_clock_ends_sessions_for_good_and_new_ones_live_as_long_as_they_should() {
    for mut world in worlds().await {
        let clock = SteadyClock::new(Arc::new(world.clock.clone()), noon());
        world.core.clock = Arc::new(clock);
        let service = service(&world);
        let before = create(&service, &support_admin(1)).await.session;
        let mut changes = world.core.store.changes();
        world.clock.advance(TimeDelta::minutes(1));
        world.clock.set(noon() + TimeDelta::days(365));
        let shutdown = CancellationToken::new();
        let gates = SessionGates::new();
        let boot = "b".to_owned();
        let recording = record_expiries(world.core.clone(), gates, boot, shutdown.clone());
        let recording = tokio::spawn(recording);
        while events(&world, "support_session.expired").await.is_empty() {
            changes.recv().await.unwrap();
        }
        shutdown.cancel();
        recording.await.unwrap();

        world.clock.set(noon() + TimeDelta::minutes(1));
        let detail = service.detail(&support_admin(1), before.id).await.unwrap();
        let status = detail.session.status(detail.at);
        assert_eq!(status, SupportSessionStatus::Expired, "{}", world.engine);
        assert_eq!(detail.session.expires_at, noon() + TimeDelta::minutes(1));
        let told = &events(&world, "support_session.expired").await[0];
        assert_eq!(told.occurred_at, noon() + TimeDelta::minutes(1));
        let fresh = create(&service, &support_admin(1)).await.session;
        assert_eq!(fresh.issued_at, noon() + TimeDelta::minutes(1));
        world.clock.advance(TimeDelta::minutes(15));
        let status = fresh.status(world.core.now());
        assert_eq!(status, SupportSessionStatus::Expired);
    }
}

fn suspended_x() -> OrganizationRegistration {
    OrganizationRegistration {
        name: "X".into(),
        slug: "x".into(),
        status: OrganizationStatus::Suspended,
        created_at: None,
    }
}

#[tokio::test]
async fn where_it_is_so_configured_a_suspension_ends_sessions_and_none_begins_under_it() {
    for end_when_suspended in [true, false] {
        for mut world in worlds().await {
            let mut config = Config::default();
            config.support_sessions.end_when_suspended = end_when_suspended;
            world.core.config = Arc::new(config);
            let (service, tenants) = (
                service(&world),
                TenantsService::new(world.core.clone(), Arc::clone(&world.gates)),
            );
            let in_x = SupportSessionForm {
                organization_id: "x".into(),
                ..form()
            };
            let (holder, acme) = (support_admin(1), tenant("acme"));
            let in_organization = service.create(&holder, &acme, in_x.clone()).await.unwrap();
            let whole = create(&service, &holder).await;
            let elsewhere = service
                .create(&holder, &tenant("bolt"), form())
                .await
                .unwrap();
            let ended = async |granted: &SupportSessionGranted| {
                let detail = service.detail(&holder, granted.session.id).await.unwrap();
                detail.session.revocation.and_then(|r| r.reason)
            };
            // Someone is at each gate.
            let gates = Arc::clone(&world.gates);
            let held_in_x = gates.close(in_organization.session.id).await;
            let held = gates.close(whole.session.id).await;
            let has_ended = |granted: &SupportSessionGranted| gates.has_ended(granted.session.id);
            let x = "x".parse().unwrap();
            tenants
                .register_organization(&key(None), &acme, &x, suspended_x())
                .await
                .unwrap();
            assert_eq!(has_ended(&in_organization), end_when_suspended);
            assert!(!has_ended(&whole));
            let because = |why: &str| end_when_suspended.then(|| why.to_owned());
            assert_eq!(
                ended(&in_organization).await,
                because("organization suspended")
            );
            assert_eq!(ended(&whole).await, None);
            let again = service.create(&holder, &acme, in_x).await;
            assert_eq!(again.is_err(), end_when_suspended, "{}", world.engine);
            let suspended = TenantRegistration {
                status: TenantStatus::Suspended,
                ..registration("acme", "acme")
            };
            tenants
                .register_tenant(&key(None), &acme, suspended)
                .await
                .unwrap();
            assert_eq!(has_ended(&whole), end_when_suspended);
            drop((held_in_x, held));
            assert_eq!(ended(&whole).await, because("tenant suspended"));
            assert_eq!(ended(&elsewhere).await, None);
            let again = service.create(&holder, &acme, form()).await;
            assert_eq!(again.is_err(), end_when_suspended, "{}", world.engine);
        }
    }
}
