//! Attacks first, then what each act does and ends.

use app::{
    domain::{
        problem::ProblemCode,
        staff::Role,
        support_sessions::SupportSessionForm,
        tenants::{
            ManagedTenant, OrganizationForm, SettingsForm, StatusForm, TenantForm, TenantMaster,
        },
        user_sessions::{UserSessionQuery, UserSessionRegistration},
    },
    ports::{CreateSupportSessions as _, ManageTenantsPort},
};
use gateway::{
    ports::{Ended, RecordError, Recorder as _},
    scopes::{AllowConfig, ScopeConfig},
};

use super::*;
use crate::{
    config::Config,
    services::{
        testing::{
            anonymous, cli, form, key, staff, super_admin, support_admin, worlds, worlds_with,
        },
        user_sessions::UserSessionsService,
    },
};

const REASON: &str = "The contract was signed today";

/// A configuration in which the console manages tenants, and a scope writes.
fn managing() -> Config {
    let mut config = Config::default();
    config.tenants.master = TenantMaster::Console;
    config.scopes.push(ScopeConfig {
        name: "invoices:export".parse().unwrap(),
        description: "Export invoices".into(),
        allow: vec![AllowConfig {
            methods: vec!["POST".into()],
            paths: vec!["/v1/exports".into()],
            body: gateway::scopes::BodyKnowledge::Opaque,
            upgrade: None,
        }],
        deny: Vec::new(),
    });
    config
}

pub(super) async fn consoles() -> Vec<World> {
    worlds_with(managing()).await
}

async fn managed(console: &World, tenant: &str) -> ManagedTenant {
    let service: &dyn ManageTenantsPort = &console.tenants;
    service.one(&super_admin(1), &id(tenant)).await.unwrap()
}

async fn to(console: &World, status: &str, ids: &[&str]) -> StatusForm {
    let service: &dyn ManageTenantsPort = &console.tenants;
    let mut seen = Vec::new();
    for tenant in ids {
        if let Ok(shown) = service.one(&super_admin(1), &id(tenant)).await {
            seen.push(StatusForm::mark(&shown.seen, &shown.tenant.id));
        }
    }
    StatusForm {
        id: ids.iter().map(|id| (*id).to_owned()).collect(),
        seen,
        to: status.into(),
        reason: REASON.into(),
        slug: ids.first().map(|id| (*id).to_owned()).unwrap_or_default(),
    }
}

pub(super) async fn edited(console: &World, tenant: &str) -> TenantForm {
    let managed = managed(console, tenant).await;
    TenantForm {
        reason: REASON.into(),
        ..TenantForm::of(&managed.tenant, managed.seen)
    }
}

async fn settings(console: &World, tenant: &str) -> SettingsForm {
    let managed = managed(console, tenant).await;
    SettingsForm {
        reason: REASON.into(),
        ..SettingsForm::of(&managed.settings, managed.seen)
    }
}

fn organization(name: &str) -> OrganizationForm {
    OrganizationForm {
        id: "emea".into(),
        slug: "emea".into(),
        name: name.into(),
        status: "active".into(),
        ..OrganizationForm::default()
    }
}

async fn feed(console: &World, after: i64) -> Vec<(String, i64)> {
    let cursor = format!("0.{after}");
    let fed = console.tenants.feed(&key(None), Some(&cursor), 50).await;
    let fed = fed.unwrap().items.into_iter();
    fed.map(|fed| (fed.tenant.id.to_string(), fed.seq))
        .collect()
}

#[tokio::test]
async fn only_a_super_admin_with_a_recent_sign_in_manages_tenants() {
    for console in consoles().await {
        let long_ago = noon() - TimeDelta::minutes(10);
        let roles = [Role::SuperAdmin];
        let refused = [
            (anonymous(), ProblemCode::Unauthenticated),
            (staff(1, &[], noon()), ProblemCode::Forbidden),
            (support_admin(1), ProblemCode::Forbidden),
            (staff(1, &roles, long_ago), ProblemCode::SignInTooOld),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
        ];
        let service: &dyn ManageTenantsPort = &console.tenants;
        let acme = id("acme");
        for (context, code) in refused {
            let edit = edited(&console, "acme").await;
            let new = TenantForm {
                id: "new".into(),
                slug: "new".into(),
                name: "New".into(),
                ..TenantForm::default()
            };
            let settings = settings(&console, "acme").await;
            let codes = [
                service.add(&context, new).await.map(drop),
                service.edit(&context, &acme, edit).await.map(drop),
                service
                    .set_settings(&context, &acme, settings)
                    .await
                    .map(drop),
                service
                    .set_organization(&context, &acme, organization("EMEA"))
                    .await
                    .map(drop),
                service
                    .set_status(&context, to(&console, "suspended", &["acme"]).await)
                    .await
                    .map(drop),
            ]
            .map(|done| done.unwrap_err().code);
            assert_eq!(codes, [code; 5], "{}", console.engine);
        }
        assert!(actions(&console, "acme").await.is_empty());
        assert!(feed(&console, 0).await.is_empty());
    }
}

#[tokio::test]
async fn a_tenants_key_and_a_stranger_see_no_other_tenant_and_no_feed() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let other = service.one(&key(Some("bolt")), &id("acme")).await;
        assert_eq!(other.unwrap_err().code, ProblemCode::NotFound);
        let nobody = service.one(&anonymous(), &id("acme")).await;
        assert_eq!(nobody.unwrap_err().code, ProblemCode::Unauthenticated);
        for (context, code) in [
            (key(Some("acme")), ProblemCode::Forbidden),
            (anonymous(), ProblemCode::Unauthenticated),
        ] {
            let fed = console.tenants.feed(&context, None, 50).await;
            assert_eq!(fed.unwrap_err().code, code);
            let about = service.about(&context).await;
            assert_eq!(about.unwrap_err().code, code);
        }
        let own = service.one(&key(Some("acme")), &id("acme")).await.unwrap();
        assert!(!own.may_manage);
    }
}

#[tokio::test]
async fn there_is_one_master() {
    for console in worlds().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let edit = edited(&console, "acme").await;
        let edited = service.edit(&super_admin(1), &id("acme"), edit).await;
        assert_eq!(edited.unwrap_err().code, ProblemCode::Conflict);
        let status = to(&console, "suspended", &["acme"]).await;
        let changed = service.set_status(&super_admin(1), status).await;
        assert_eq!(changed.unwrap_err().code, ProblemCode::Conflict);
    }
    for console in consoles().await {
        let registered = console
            .tenants
            .register_tenant(&platform_key(), &id("acme"), registration("acme", "Other"))
            .await;
        assert_eq!(registered.unwrap_err().code, ProblemCode::Conflict);
        assert_eq!(console.stored("acme").await.tenant.name, "acme");
    }
}

#[tokio::test]
async fn a_new_tenant_is_pending_and_the_second_of_two_clicks_adds_none() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let form = TenantForm {
            id: "new".into(),
            slug: "new".into(),
            name: "New".into(),
            kind: "government".into(),
            country: "NO".into(),
            plan: "Starter".into(),
            contact: "ops@new.example".into(),
            ..TenantForm::default()
        };
        let admin = super_admin(1);
        let (added_id, added) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(added_id, id("new"));
        assert!(added.audit_event.is_some());
        let (_, again) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(again.audit_event, None);
        let tenant = console.stored("new").await.tenant;
        assert_eq!(tenant.status, TenantStatus::Pending);
        assert_eq!(tenant.country.as_deref(), Some("NO"));
        let other = TenantForm {
            name: "Other".into(),
            slug: "other".into(),
            ..form.clone()
        };
        let refused = service.add(&admin, other).await.unwrap_err();
        assert!(refused.field("id").is_some());
        let same_slug = TenantForm {
            id: String::new(),
            ..form
        };
        let refused = service.add(&admin, same_slug).await.unwrap_err();
        assert!(refused.field("slug").is_some());
        assert_eq!(
            actions(&console, "new").await.len(),
            1,
            "{}",
            console.engine
        );
        assert_eq!(feed(&console, 0).await, [("new".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn a_form_without_an_id_that_is_sent_twice_adds_one_tenant() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let admin = super_admin(1);
        let about = service.about(&admin).await.unwrap();
        assert_ne!(about.new_id, service.about(&admin).await.unwrap().new_id);
        let form = TenantForm {
            new_id: about.new_id.clone(),
            slug: "new".into(),
            name: "New".into(),
            ..TenantForm::default()
        };
        let core = Core {
            store: console.store.again_written().await,
            ..console.core.clone()
        };
        let other_node = TenantsService::new(core, Arc::clone(&console.gates));
        let (first, second) = tokio::join!(
            service.add(&admin, form.clone()),
            ManageTenantsPort::add(&other_node, &admin, form.clone())
        );
        let recorded = [first.unwrap(), second.unwrap()].map(|(added, done)| {
            assert_eq!(added.as_str(), about.new_id);
            done.audit_event.is_some()
        });
        assert_eq!(recorded.iter().filter(|is_new| **is_new).count(), 1);

        let approve = to(&console, "onboarding", &[&about.new_id]).await;
        service.set_status(&admin, approve).await.unwrap();
        let (_, late) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(late.audit_event, None, "{}", console.engine);
        assert!(
            late.message.ends_with("is onboarding now."),
            "{}",
            late.message
        );

        let other = TenantForm {
            slug: "other".into(),
            name: "Other".into(),
            ..form.clone()
        };
        let refused = service.add(&admin, other.clone()).await.unwrap_err();
        let why = refused.field("id").unwrap();
        assert!(why.contains("this form has added already"), "{why}");
        for (new_id, field) in [("acme", Some("new_id")), ("", None)] {
            let sent = TenantForm {
                new_id: new_id.into(),
                ..other.clone()
            };
            let refused = service.add(&admin, sent).await.err();
            let named = field.map(|field| refused.as_ref().unwrap().field(field).is_some());
            assert_ne!(named, Some(false), "{refused:?}");
            assert_eq!(refused.is_some(), field.is_some());
        }
        assert_eq!(feed(&console, 0).await.len(), 2, "{}", console.engine);
    }
}

#[tokio::test]
async fn of_two_people_who_edit_a_tenant_at_once_the_second_is_told() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let (first, second) = (
            edited(&console, "acme").await,
            edited(&console, "acme").await,
        );
        let named = |name: &str, form: &TenantForm| TenantForm {
            name: name.into(),
            ..form.clone()
        };
        let acme = id("acme");
        let (one, two) = (super_admin(1), super_admin(2));
        let done = service.edit(&one, &acme, named("First", &first)).await;
        assert!(done.unwrap().audit_event.is_some());
        let late = service.edit(&two, &acme, named("Second", &second)).await;
        assert_eq!(late.unwrap_err().code, ProblemCode::Conflict);
        assert_eq!(console.stored("acme").await.tenant.name, "First");
        let repeated = service.edit(&one, &acme, named("First", &first)).await;
        assert_eq!(repeated.unwrap().audit_event, None);
        let recorded = actions(&console, "acme").await;
        assert_eq!(
            recorded,
            [(
                "tenant.changed".to_owned(),
                serde_json::json!({
                    "changed": {"name": {"from": "acme", "to": "First"}},
                    "reason": REASON,
                })
            )]
        );
    }
}

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
async fn a_change_of_several_tenants_stops_once_its_role_or_its_sign_in_is_gone() {
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
            assert!(problem.detail.contains("2 were not tried"), "{problem:?}");
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

#[tokio::test]
async fn an_organization_is_added_and_changed_with_a_reason() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let (admin, acme) = (super_admin(1), id("acme"));
        let save = async |form| service.set_organization(&admin, &acme, form).await;
        assert!(
            save(organization("EMEA"))
                .await
                .unwrap()
                .audit_event
                .is_some()
        );
        assert_eq!(save(organization("EMEA")).await.unwrap().audit_event, None);
        let taken = save(organization("Other")).await.unwrap_err();
        assert!(taken.field("id").is_some());
        let organizations = managed(&console, "acme").await.organizations;
        let (_, seen) = organizations
            .into_iter()
            .find(|(one, _)| one.name == "EMEA")
            .unwrap();
        let changed = OrganizationForm {
            status: "suspended".into(),
            reason: REASON.into(),
            seen,
            ..organization("EMEA")
        };
        assert!(save(changed.clone()).await.unwrap().audit_event.is_some());
        let late = OrganizationForm {
            name: "Late".into(),
            ..changed
        };
        assert_eq!(save(late).await.unwrap_err().code, ProblemCode::Conflict);
        let nowhere = service
            .set_organization(&admin, &id("none"), organization("X"))
            .await;
        assert_eq!(nowhere.unwrap_err().code, ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn where_support_may_only_read_writing_sessions_end_and_none_begins() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let support = console.support_sessions();
        let writing = SupportSessionForm {
            scopes: vec!["invoices:export".into()],
            ..form()
        };
        let acme = id("acme");
        let opened = console.open(writing.clone()).await;
        let reading = support
            .create(&support_admin(2), &acme, form())
            .await
            .unwrap();
        let elsewhere = support
            .create(&support_admin(2), &id("bolt"), writing.clone())
            .await;
        let elsewhere = elsewhere.unwrap();

        let only_read = SettingsForm {
            support_may_write: false,
            ..settings(&console, "acme").await
        };
        let done = service
            .set_settings(&super_admin(1), &acme, only_read.clone())
            .await;
        assert!(done.unwrap().message.contains("1 support session revoked"));
        let recorder = console.recorder("b");
        let intent = console.intent(opened.id, opened.token_hash);
        assert_eq!(
            recorder.begin(intent).await.unwrap_err(),
            RecordError::SessionEnded(Ended::Revoked),
            "{}",
            console.engine
        );
        let mut reader = console.core.store.read().await.unwrap();
        for stays in [reading.session.id, elsewhere.session.id] {
            let session = reader.db().lookup_support_session(stays).await.unwrap();
            assert!(session.unwrap().revocation.is_none());
        }
        drop(reader);
        let refused = support.create(&support_admin(3), &acme, writing).await;
        assert!(refused.unwrap_err().field("scopes").is_some());
        assert!(
            support
                .create(&support_admin(3), &acme, form())
                .await
                .is_ok()
        );
        let again = service
            .set_settings(&super_admin(1), &acme, only_read)
            .await;
        assert_eq!(again.unwrap().audit_event, None);
    }
}

#[tokio::test]
async fn a_tenants_own_thresholds_decide_its_health_at_once() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let now = console.core.now();
        console
            .ingest(vec![
                calls("acme", now, 200, 90),
                calls("acme", now, 500, 10),
            ])
            .await;
        let before = console.evaluate("acme").await.signals.health;
        let lenient = SettingsForm {
            warning_percent: "50".into(),
            critical_percent: "60".into(),
            ..settings(&console, "acme").await
        };
        service
            .set_settings(&super_admin(1), &id("acme"), lenient)
            .await
            .unwrap();
        let after = console.stored("acme").await.signals.health;
        assert_ne!(before, after, "{}", console.engine);
        assert_eq!(after, app::domain::health::Health::Healthy);
    }
}

#[tokio::test]
async fn a_list_is_filtered_by_plan_region_and_age() {
    for console in both().await {
        for (tenant, plan, days) in [("a", "Team", 3), ("b", "Team", 60), ("c", "Starter", 3)] {
            let registration = TenantRegistration {
                plan: Some(plan.into()),
                region: Some("EU".into()),
                created_at: Some(noon() - TimeDelta::days(days)),
                ..registration(tenant, tenant)
            };
            let (key, tenant) = (platform_key(), id(tenant));
            let register = console.tenants.register_tenant(&key, &tenant, registration);
            register.await.unwrap();
        }
        let service: &dyn ManageTenantsPort = &console.tenants;
        let list = async |filter: TenantFilter| {
            let page = PageRequest::default();
            service.list(&cli(), filter, page).await.unwrap()
        };
        let ids = |listed: &app::domain::tenants::ManagedTenants| -> Vec<String> {
            let rows = listed.tenants.items.iter();
            rows.map(|row| row.tenant.id.to_string()).collect()
        };
        let filter = TenantFilter {
            plan: Some("Team".into()),
            sort: app::domain::tenants::TenantSort::Created,
            ..TenantFilter::default()
        };
        let team = list(filter.clone()).await;
        assert_eq!(ids(&team), ["a", "b"], "{}", console.engine);
        let choices = service.about(&cli()).await.unwrap().choices;
        assert_eq!(choices.plans, ["Starter", "Team"]);
        assert_eq!(choices.regions, ["EU"]);
        let new = TenantFilter {
            created: Some(app::domain::tenants::CreatedWithin::Week),
            ..filter
        };
        assert_eq!(ids(&list(new).await), ["a"]);
        let nowhere = TenantFilter {
            region: Some("AP".into()),
            ..TenantFilter::default()
        };
        assert!(ids(&list(nowhere).await).is_empty());
    }
}

#[tokio::test]
async fn a_hundred_plans_are_offered_by_name_and_none_that_is_empty() {
    for console in both().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let plans = || {
            let numbered = (0..103).map(|n| match n % 2 {
                0 => format!("Plan {n:03}"),
                _ => format!("plan {n:03}"),
            });
            numbered
                .map(Some)
                .chain([None, Some("Plan 000".to_owned())])
        };
        for (n, plan) in plans().enumerate() {
            let tenant = format!("t{n}");
            let registration = TenantRegistration {
                plan,
                ..registration(&tenant, &tenant)
            };
            let (key, tenant) = (platform_key(), id(&tenant));
            let register = console.tenants.register_tenant(&key, &tenant, registration);
            register.await.unwrap();
        }
        let mut expected: Vec<_> = plans().flatten().collect();
        expected.sort();
        expected.dedup();
        expected.truncate(100);
        let choices = service.about(&cli()).await.unwrap().choices;
        assert_eq!(choices.plans, expected, "{}", console.engine);
        assert!(choices.regions.is_empty(), "{}", console.engine);
    }
}

#[tokio::test]
async fn a_writing_scope_is_told_from_one_that_reads() {
    let mut config = managing();
    config.scopes[0].allow[0].methods = vec!["GET".into()];
    let reading = reading_scopes(&config);
    assert_eq!(reading.len(), 2);
    let reading = reading_scopes(&managing());
    assert_eq!(reading.len(), 1);
}
