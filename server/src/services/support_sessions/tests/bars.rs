//! Sessions that may neither be created nor go on, whatever the configuration was before.

use app::domain::{
    TenantId,
    support_sessions::SupportSession,
    tenants::{TenantHealth, TenantSettings},
};
use gateway::{
    ports::{Ended, RecordError},
    scopes::{AllowConfig, BodyKnowledge, ScopeConfig},
};

use super::{
    limits::{recorder, request_with},
    *,
};
use crate::services::{
    support_sessions::at_start::end_barred,
    testing::{platform_key, worlds_with},
};

const SCOPE: &str = "invoices:export";

/// A configuration in which the scope permits this method.
fn with_scope(method: &str, end_when_suspended: bool) -> Config {
    let mut config = Config::default();
    config.support_sessions.end_when_suspended = end_when_suspended;
    config.scopes.push(ScopeConfig {
        name: SCOPE.parse().unwrap(),
        description: "Export invoices".into(),
        allow: vec![AllowConfig {
            methods: vec![method.into()],
            paths: vec!["/v1/exports".into()],
            body: BodyKnowledge::Opaque,
            upgrade: None,
        }],
        deny: Vec::new(),
    });
    config
}

/// Everything goes on: the scope only reads, and suspended tenants keep their sessions.
fn before() -> Config {
    with_scope("GET", false)
}

/// The same world after a restart with another configuration.
fn restart(world: &mut World, config: Config) {
    world.core.config = Arc::new(config);
}

fn holding(scope: &str) -> SupportSessionForm {
    SupportSessionForm {
        scopes: vec![scope.into()],
        ..form()
    }
}

async fn open(
    world: &World,
    by: u128,
    of: &str,
    form: SupportSessionForm,
) -> (SupportSession, Token) {
    let granted = service(world)
        .create(&support_admin(by), &tenant(of), form)
        .await;
    let granted = granted.unwrap();
    let token = Token::parse(granted.token.as_deref().unwrap()).unwrap();
    (granted.session, token)
}

async fn request(
    world: &World,
    (session, token): &(SupportSession, Token),
) -> Result<u64, RecordError> {
    request_with(world, &recorder(world), session, *token.hash().as_bytes()).await
}

async fn let_support_only_read(world: &World, of: &str) {
    let settings = TenantSettings {
        support_may_write: false,
        ..TenantSettings::default()
    };
    let given: (TenantId, TenantSettings) = (tenant(of), settings);
    let set = world.write(given, |(id, settings), tx| {
        Box::pin(tx.set_tenant_settings(id, settings))
    });
    set.await;
}

async fn register(world: &World, of: &str, status: TenantStatus) {
    let registration = TenantRegistration {
        status,
        ..registration(of, of)
    };
    let (key, id) = (platform_key(), tenant(of));
    let registered = world.tenants.register_tenant(&key, &id, registration).await;
    registered.unwrap();
}

async fn suspend_x(world: &World, of: &str) {
    let (key, id, x) = (platform_key(), tenant(of), "x".parse().unwrap());
    let service = &world.tenants;
    let suspended = service
        .register_organization(&key, &id, &x, suspended_x())
        .await;
    suspended.unwrap();
}

#[tokio::test]
async fn a_form_offers_every_organization_but_those_in_which_a_session_is_refused() {
    for end_when_suspended in [false, true] {
        for world in worlds_with(with_scope("GET", end_when_suspended)).await {
            let (holder, acme) = (support_admin(1), tenant("acme"));
            suspend_x(&world, "acme").await;
            let draft = service(&world).draft(&holder, &acme).await.unwrap();
            let barred = &draft.barred_organizations;
            assert_eq!(barred.len(), usize::from(end_when_suspended));
            assert!(!draft.organizations.is_empty(), "{}", world.engine);
            for one in draft.organizations {
                let asked = SupportSessionForm {
                    organization_id: one.id.to_string(),
                    ..form()
                };
                let created = service(&world).create(&holder, &acme, asked).await;
                assert_eq!(
                    created.is_err(),
                    barred.contains(&one.id),
                    "{}",
                    world.engine
                );
            }
        }
    }
}

#[tokio::test]
async fn a_start_with_another_configuration_ends_the_sessions_that_it_bars_and_no_others() {
    for mut world in worlds_with(before()).await {
        for id in ["corn", "dune"] {
            world.add_tenant(id).await;
        }
        let in_x = SupportSessionForm {
            organization_id: "x".into(),
            ..form()
        };
        let suspended = open(&world, 1, "acme", form()).await;
        let writing = open(&world, 1, "bolt", holding(SCOPE)).await;
        let reading = open(&world, 2, "bolt", form()).await;
        let in_organization = open(&world, 1, "corn", in_x).await;
        let whole = open(&world, 2, "corn", form()).await;
        let elsewhere = open(&world, 2, "dune", holding(SCOPE)).await;
        register(&world, "acme", TenantStatus::Suspended).await;
        let_support_only_read(&world, "bolt").await;
        suspend_x(&world, "corn").await;
        assert_eq!(end_barred(&world.core).await.unwrap(), 0);
        let all = [
            &suspended,
            &writing,
            &reading,
            &in_organization,
            &whole,
            &elsewhere,
        ];
        for session in all {
            request(&world, session).await.unwrap();
        }

        restart(&mut world, with_scope("POST", true));
        assert_eq!(
            end_barred(&world.core).await.unwrap(),
            3,
            "{}",
            world.engine
        );
        let barred = [
            (&suspended, "tenant suspended"),
            (&writing, "support may only read in this tenant"),
            (&in_organization, "organization suspended"),
        ];
        let told = events(&world, "support_session.revoked").await;
        assert_eq!(told.len(), barred.len(), "{}", world.engine);
        for (session, why) in barred {
            let refused = request(&world, session).await.unwrap_err();
            assert_eq!(refused, RecordError::SessionEnded(Ended::Revoked), "{why}");
            let id = session.0.id.to_string();
            let event = told.iter().find(|event| event.resource_id == id).unwrap();
            let reason = format!("{why} (checked when the server started)");
            assert_eq!(event.metadata["reason"], reason);
            assert_eq!(event.actor.id, "system");
        }
        for session in [&reading, &whole, &elsewhere] {
            request(&world, session).await.unwrap();
        }
        assert_eq!(end_barred(&world.core).await.unwrap(), 0, "once is enough");
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_keeps_no_other_tenants_sessions_active() {
    for mut world in worlds_with(before()).await {
        open(&world, 1, "acme", form()).await;
        let second = open(&world, 2, "bolt", form()).await;
        for id in ["acme", "bolt"] {
            register(&world, id, TenantStatus::Suspended).await;
        }
        let odd = "UPDATE support_sessions SET scopes = '?' WHERE tenant_id = 'acme'";
        assert_eq!(world.run(odd).await, 1);
        restart(&mut world, with_scope("GET", true));
        assert!(end_barred(&world.core).await.is_err(), "{}", world.engine);
        let refused = request(&world, &second).await.unwrap_err();
        assert_eq!(refused, RecordError::SessionEnded(Ended::Revoked));
    }
}

#[tokio::test]
async fn a_session_that_could_not_be_created_gets_no_new_token_either() {
    for mut world in worlds_with(before()).await {
        let holder = support_admin(1);
        let (suspended, _) = open(&world, 1, "acme", form()).await;
        let (writing, token) = open(&world, 1, "bolt", holding(SCOPE)).await;
        register(&world, "acme", TenantStatus::Suspended).await;
        let_support_only_read(&world, "bolt").await;
        let replaced = service(&world).replace_token(&holder, suspended.id).await;
        replaced.unwrap();

        restart(&mut world, with_scope("POST", true));
        for (id, why) in [
            (suspended.id, "The tenant is suspended."),
            (writing.id, "support may only read in this tenant."),
        ] {
            let refused = service(&world)
                .replace_token(&holder, id)
                .await
                .unwrap_err();
            assert_eq!(refused.code, ProblemCode::Conflict, "{}", world.engine);
            assert!(refused.detail.contains(why), "{}", refused.detail);
        }
        let stays = request(&world, &(writing, token)).await;
        assert!(stays.is_ok(), "a refusal leaves the old token");
        let replaced = events(&world, "support_session.token_replaced").await;
        assert_eq!(replaced.len(), 1);
    }
}

#[tokio::test]
async fn a_draft_says_why_no_session_can_be_created_and_that_support_may_only_read() {
    for end_when_suspended in [false, true] {
        for mut world in worlds_with(with_scope("POST", end_when_suspended)).await {
            let mut settings = (*world.settings).clone();
            settings.scopes[1].writes = true;
            world.settings = Arc::new(settings);
            let service = service(&world);
            let draft = async |of: &str| {
                let draft = service.draft(&support_admin(1), &tenant(of)).await.unwrap();
                let TenantHealth { tenant, .. } = draft.tenant;
                assert_eq!(tenant.id.as_str(), of);
                (draft.barred, draft.support_may_write, draft.scopes.len())
            };
            assert_eq!(draft("acme").await, (None, true, 2));
            let_support_only_read(&world, "bolt").await;
            assert_eq!(draft("bolt").await, (None, false, 1));
            for status in [TenantStatus::Suspended, TenantStatus::Closed] {
                register(&world, "acme", status).await;
                let (barred, ..) = draft("acme").await;
                let refused = service
                    .create(&support_admin(1), &tenant("acme"), form())
                    .await;
                assert_eq!(
                    barred,
                    refused.err().map(|problem| problem.detail),
                    "{status}"
                );
                let is_barred = end_when_suspended || status == TenantStatus::Closed;
                assert_eq!(barred.is_some(), is_barred, "{}: {status}", world.engine);
            }
        }
    }
}
