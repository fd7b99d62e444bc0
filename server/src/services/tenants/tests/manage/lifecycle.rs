//! What a change of status ends, and what the platform reads of it.

use app::{
    domain::user_sessions::{UserSessionQuery, UserSessionRegistration},
    ports::CreateSupportSessions as _,
};
use gateway::ports::{Ended, RecordError, Recorder as _};

use super::*;
use crate::services::{
    testing::{cli, form, support_admin},
    user_sessions::UserSessionsService,
};

#[tokio::test]
async fn a_closed_tenant_has_no_session_and_gets_none() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let opened = console.open(form()).await;
        let user_sessions = UserSessionsService::new(console.core.clone());
        let signed_in = UserSessionRegistration {
            user: "usr".parse().unwrap(),
            issued_at: console.core.now() - TimeDelta::minutes(1),
            expires_at: console.core.now() + TimeDelta::hours(1),
        };
        let session = "s1".parse().unwrap();
        user_sessions
            .register(&platform_key(), &id("acme"), &session, signed_in)
            .await
            .unwrap();

        let wrong = StatusForm {
            slug: "bolt".into(),
            ..to(&console, "closed", &["acme"]).await
        };
        let refused = service.set_status(&super_admin(1), wrong).await;
        assert!(refused.unwrap_err().field("slug").is_some());
        let closed = service
            .set_status(&super_admin(1), to(&console, "closed", &["acme"]).await)
            .await;
        let closed = closed.unwrap();
        assert_eq!((closed.changed, closed.support_sessions_ended), (1, 1));
        assert_eq!(closed.user_sessions_ended, 1);
        assert!(closed.audit_event.is_some());

        let recorder = console.recorder("b");
        let intent = console.intent(opened.id, opened.token_hash);
        let begun = recorder.begin(intent).await;
        assert_eq!(
            begun.unwrap_err(),
            RecordError::SessionEnded(Ended::Revoked),
            "{}",
            console.engine
        );
        let support = console.support_sessions();
        let again = support.create(&support_admin(1), &id("acme"), form()).await;
        assert_eq!(again.unwrap_err().code, ProblemCode::Conflict);
        for status in ["active", "trial", "suspended"] {
            let back = service
                .set_status(&super_admin(1), to(&console, status, &["acme"]).await)
                .await;
            assert_eq!(back.unwrap_err().code, ProblemCode::Conflict, "{status}");
        }
    }
}

#[tokio::test]
async fn where_support_may_stay_a_suspension_ends_the_users_sessions_alone() {
    for end_when_suspended in [false, true] {
        let mut config = managing();
        config.support_sessions.end_when_suspended = end_when_suspended;
        for console in worlds_with(config).await {
            let service: &dyn ManageTenantsPort = &console.tenants;
            console.open(form()).await;
            let done = service
                .set_status(&super_admin(1), to(&console, "suspended", &["acme"]).await)
                .await;
            let ended = done.unwrap().support_sessions_ended;
            assert_eq!(ended, usize::from(end_when_suspended));
            let support = console.support_sessions();
            let again = support.create(&support_admin(2), &id("acme"), form()).await;
            assert_eq!(again.is_err(), end_when_suspended, "{}", console.engine);
        }
    }
}

#[tokio::test]
async fn a_stale_page_undoes_no_status_that_someone_else_has_set() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let set = async |form| service.set_status(&super_admin(1), form).await;
        set(to(&console, "suspended", &["acme"]).await)
            .await
            .unwrap();
        let stale = to(&console, "active", &["acme"]).await;
        for status in ["active", "suspended"] {
            set(to(&console, status, &["acme"]).await).await.unwrap();
        }
        let without = StatusForm {
            seen: Vec::new(),
            ..stale.clone()
        };
        for form in [stale, without] {
            let refused = set(form).await.unwrap_err();
            assert_eq!(refused.code, ProblemCode::Conflict, "{}", console.engine);
        }
        let status = console.stored("acme").await.tenant.status;
        assert_eq!(status, TenantStatus::Suspended);
    }
}

#[tokio::test]
async fn nobody_signs_in_to_a_suspended_tenant_that_the_console_manages() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let user_sessions = UserSessionsService::new(console.core.clone());
        let (platform, acme) = (platform_key(), id("acme"));
        let signed_in = |minutes| UserSessionRegistration {
            user: "usr".parse().unwrap(),
            issued_at: console.core.now() + TimeDelta::minutes(minutes),
            expires_at: console.core.now() + TimeDelta::hours(1),
        };
        let asked = UserSessionQuery {
            tenant_id: acme.clone(),
            user_session_id: "s1".parse().unwrap(),
        };
        let register = async |minutes| {
            let session = &asked.user_session_id;
            let registration = signed_in(minutes);
            user_sessions
                .register(&platform, &acme, session, registration)
                .await
        };
        let is_active = async || {
            let answer = user_sessions.introspect(&platform, &asked).await;
            answer.unwrap().active
        };
        register(0).await.unwrap();
        assert!(is_active().await);
        for (status, stays) in [("suspended", false), ("active", true)] {
            let form = to(&console, status, &["acme"]).await;
            service.set_status(&super_admin(1), form).await.unwrap();
            assert!(!is_active().await, "{}", console.engine);
            console.clock.advance(TimeDelta::minutes(1));
            let registered = register(0).await;
            assert_eq!(registered.is_ok(), stays, "{}", console.engine);
        }
        assert!(!is_active().await, "ended by the suspension");
    }
}

#[tokio::test]
async fn the_form_counts_what_would_end_and_names_the_tenants_that_stay_as_they_are() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let admin = super_admin(1);
        console.open(form()).await;
        let user_sessions = UserSessionsService::new(console.core.clone());
        for session in ["s1", "s2"] {
            let signed_in = UserSessionRegistration {
                user: "usr".parse().unwrap(),
                issued_at: console.core.now() - TimeDelta::minutes(1),
                expires_at: console.core.now() + TimeDelta::hours(1),
            };
            let session = session.parse().unwrap();
            user_sessions
                .register(&platform_key(), &id("acme"), &session, signed_in)
                .await
                .unwrap();
        }
        let pending = TenantForm {
            id: "new".into(),
            slug: "new".into(),
            name: "New".into(),
            ..TenantForm::default()
        };
        service.add(&admin, pending).await.unwrap();
        let suspended = to(&console, "suspended", &["bolt"]).await;
        service.set_status(&admin, suspended).await.unwrap();

        for (status, permitted, refused) in [
            ("suspended", vec![("acme", 2, 1)], vec!["bolt", "new"]),
            ("active", vec![("bolt", 0, 0)], vec!["acme", "new"]),
            ("onboarding", vec![("new", 0, 0)], vec!["acme", "bolt"]),
        ] {
            let form = to(&console, status, &["acme", "bolt", "new"]).await;
            let draft = service.status_draft(&admin, form).await.unwrap();
            let rows = draft.tenants.iter().map(|row| {
                let id = row.tenant.id.as_str();
                (id, row.active_user_sessions, row.active_support_sessions)
            });
            let rows: Vec<_> = rows.collect();
            assert_eq!(rows, permitted, "{}", console.engine);
            let stay = draft.refused.iter().map(|(tenant, why)| {
                assert!(!why.is_empty());
                tenant.id.as_str()
            });
            assert_eq!(stay.collect::<Vec<_>>(), refused, "{}", console.engine);
            assert!(draft.may_manage && draft.master == TenantMaster::Console);
        }
    }
}

#[tokio::test]
async fn a_status_is_not_changed_without_a_reason() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        for reason in ["", "short", "          "] {
            let form = StatusForm {
                reason: reason.into(),
                ..to(&console, "suspended", &["acme"]).await
            };
            let refused = service.set_status(&super_admin(1), form).await;
            assert!(refused.unwrap_err().field("reason").is_some(), "{reason:?}");
        }
        let status = console.stored("acme").await.tenant.status;
        assert_eq!(status, TenantStatus::Active, "{}", console.engine);
    }
}

#[tokio::test]
async fn several_tenants_change_each_with_its_event_and_a_wrong_selection_does_nothing() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        console.add("ana", &[Role::SuperAdmin]).await;
        let admin = console.context(&console.sign_in("ana").await).await;
        let both = to(&console, "suspended", &["acme", "bolt"]).await;
        let with_stranger = to(&console, "suspended", &["acme", "none"]).await;
        let refused = service.set_status(&admin, with_stranger).await;
        assert_eq!(refused.unwrap_err().code, ProblemCode::NotFound);
        let not_possible = service
            .set_status(&admin, to(&console, "trial", &["acme", "bolt"]).await)
            .await;
        assert_eq!(not_possible.unwrap_err().code, ProblemCode::Conflict);
        assert!(actions(&console, "acme").await.is_empty());

        let done = service.set_status(&admin, both.clone()).await.unwrap();
        assert_eq!((done.changed, done.unchanged), (2, 0));
        let again = service.set_status(&admin, both).await.unwrap();
        assert_eq!((again.changed, again.unchanged), (0, 2));
        for tenant in ["acme", "bolt"] {
            assert_eq!(
                console.actions(&format!("tenant:{tenant}")).await,
                ["tenant.changed"]
            );
        }
        let fed = feed(&console, 0).await;
        assert_eq!(fed, [("acme".to_owned(), 1), ("bolt".to_owned(), 2)]);
    }
}

#[tokio::test]
async fn a_change_of_several_tenants_does_nothing_once_its_role_or_its_sign_in_is_gone() {
    for console in consoles().await {
        console.add("ana", &[Role::SuperAdmin]).await;
        let bo = console.add("bo", &[Role::SuperAdmin]).await;
        let signed_out = console.context(&console.sign_in("ana").await).await;
        let without_role = console.context(&console.sign_in("bo").await).await;
        console.sessions.sign_out(&signed_out, false).await.unwrap();
        let support = vec![Role::SupportAdmin];
        let set = console.staff.set_roles(&cli(), bo.id, support).await;
        set.unwrap();
        for context in [&signed_out, &without_role] {
            let mut chosen = Vec::new();
            for tenant in ["acme", "bolt"] {
                chosen.push((id(tenant), managed(&console, tenant).await.seen));
            }
            let tenants = &console.tenants;
            let status = TenantStatus::Suspended;
            let changed = tenants.change_each(context, chosen, status, REASON.into());
            let problem = changed.await.unwrap_err();
            assert!(problem.detail.contains("Not tried: 2."), "{problem:?}");
        }
        for tenant in ["acme", "bolt"] {
            assert!(actions(&console, tenant).await.is_empty());
        }
    }
}

#[tokio::test]
async fn the_feed_goes_on_where_its_reader_stopped() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let admin = super_admin(1);
        for tenant in ["acme", "bolt"] {
            service
                .set_status(&admin, to(&console, "suspended", &[tenant]).await)
                .await
                .unwrap();
        }
        let (_, last) = feed(&console, 0).await.pop().unwrap();
        assert!(feed(&console, last).await.is_empty());
        let acme = id("acme");
        let emea = organization("EMEA");
        service.set_organization(&admin, &acme, emea).await.unwrap();
        let fed = feed(&console, last).await;
        assert_eq!(fed, [("acme".to_owned(), last + 1)], "{}", console.engine);
    }
}
