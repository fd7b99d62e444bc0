//! Whatever is refused, nothing that shares its transaction runs again.

use app::{
    domain::{
        staff::{NewStaffMember, Role},
        support_sessions::RaiseBudgetForm,
        tenants::{OrganizationRegistration, OrganizationStatus},
    },
    ports::{
        CreateSupportSessions, RaiseBudgets, ReadSupportSessions, ReplaceTokens,
        RevokeSupportSessions,
    },
};
use futures::{
    FutureExt,
    future::{BoxFuture, join, join_all},
};
use store::{ChangeKind, Priority, StoreError};

use super::{
    api_keys::{ApiKeys, NewApiKey},
    retention::Retention,
    staff::GivenPassword,
    support_sessions::SupportSessionsService,
    testing::*,
};

/// An act that must be refused, by its name.
type Refusing<'w> = (&'static str, BoxFuture<'w, bool>);

fn refusing<'w, T, E>(
    name: &'static str,
    act: impl Future<Output = Result<T, E>> + Send + 'w,
) -> Refusing<'w> {
    (name, act.map(|answer| answer.is_err()).boxed())
}

fn new_key() -> NewApiKey {
    NewApiKey {
        name: "a key".into(),
        ..NewApiKey::default()
    }
}

fn chosen(password: &str) -> GivenPassword {
    GivenPassword::Chosen {
        password: password.into(),
        must_change: false,
    }
}

/// A throttled sign-in, and acts on staff members.
async fn of_staff(world: &World) -> Vec<Refusing<'_>> {
    let root = world.add("root", &[Role::SuperAdmin]).await;
    for _ in 0..6 {
        let nobody = anonymous();
        let wrong = world.try_sign_in(&nobody, "root@example.com", "wrong");
        assert!(wrong.await.is_err());
    }
    let again = NewStaffMember {
        email: root.email.clone(),
        name: "again".into(),
        roles: Vec::new(),
    };
    let (staff, throttled) = (&world.staff, from_address(anonymous().caller, "192.0.2.9"));
    vec![
        refusing("a throttled sign-in", async move {
            world
                .try_sign_in(&throttled, "root@example.com", PASSWORD)
                .await
        }),
        refusing("the last super admin", async move {
            staff.deactivate(&cli(), root.id).await
        }),
        refusing("roles of nobody", async move {
            staff.set_roles(&cli(), staff_id(77), Vec::new()).await
        }),
        refusing("an address that is taken", async move {
            staff.add(&cli(), again, chosen(PASSWORD)).await
        }),
    ]
}

/// Acts on support sessions that have ended, and on too many.
async fn of_sessions<'w>(
    world: &'w World,
    service: &'w SupportSessionsService,
) -> Vec<Refusing<'w>> {
    let (holder, acme) = (support_admin(1), tenant("acme"));
    let ended = world.open(form()).await.id;
    let session = service.detail(&holder, ended).await.unwrap().session;
    service.revoke(&holder, ended, String::new()).await.unwrap();
    for _ in 0..20 {
        let _ = service.create(&holder, &acme, form()).await;
    }
    let ends = service.end_in_name_of(holder.clone(), session, None);
    vec![
        refusing("an end that comes second", ends),
        refusing("too many", async move {
            service
                .create(&support_admin(1), &tenant("acme"), form())
                .await
        }),
        refusing("a session of nobody", async move {
            service
                .create(&support_admin(9), &tenant("acme"), form())
                .await
        }),
        refusing("a token of an ended session", async move {
            service.replace_token(&support_admin(1), ended).await
        }),
        refusing("a budget of an ended session", async move {
            let raised = RaiseBudgetForm {
                requests_total: "99999".into(),
                reason: "More is needed today".into(),
            };
            service.raise_budget(&super_admin(2), ended, raised).await
        }),
    ]
}

/// Acts on tenants and keys.
async fn of_tenants(world: &World) -> Vec<Refusing<'_>> {
    let retention = Retention::new(world.core.clone());
    let keys = ApiKeys::new(world.core.clone());
    retention
        .hold(&cli(), &tenant("bolt"), "a lawsuit")
        .await
        .unwrap();
    let key = keys.create(&cli(), new_key()).await.unwrap().key.id;
    keys.revoke(&cli(), key).await.unwrap();
    let organization = OrganizationRegistration {
        name: "X".into(),
        slug: "x".into(),
        status: OrganizationStatus::Active,
        created_at: None,
    };
    let (other, third) = (retention.clone(), retention.clone());
    vec![
        refusing("a hold that is there", async move {
            retention.hold(&cli(), &tenant("bolt"), "a lawsuit").await
        }),
        refusing("a hold of no tenant", async move {
            other.hold(&cli(), &tenant("nobody"), "a lawsuit").await
        }),
        refusing("a release of what is not held", async move {
            third.release(&cli(), &tenant("acme"), "an error").await
        }),
        refusing("a key that is revoked", async move {
            keys.revoke(&cli(), key).await
        }),
        refusing("a slug that is taken", async move {
            let taken = registration("acme", "Another");
            let tenants = &world.tenants;
            tenants
                .register_tenant(&platform_key(), &tenant("bolt"), taken)
                .await
        }),
        refusing("an organization of no tenant", async move {
            let (nobody, x) = (tenant("nobody"), "x".parse().unwrap());
            let tenants = &world.tenants;
            tenants
                .register_organization(&platform_key(), &nobody, &x, organization)
                .await
        }),
        refusing("a batch with another's key", async move {
            let (key, telemetry) = (platform_key(), &world.telemetry);
            let report = |count| {
                let calls = vec![calls("acme", noon(), 200, count)];
                telemetry.ingest(&key, calls.into(), Some("a-key".to_owned()))
            };
            report(1).await.unwrap();
            report(2).await
        }),
    ]
}

#[tokio::test]
async fn no_refusal_makes_the_acts_of_its_batch_run_again() {
    let world = sqlite().await;
    world.add_people().await;
    let service = world.support_sessions();
    let mut acts = of_staff(&world).await;
    acts.extend(of_sessions(&world, &service).await);
    acts.extend(of_tenants(&world).await);
    // Records of the gateway, with refusals among them.
    let records = (0..200).map(|number: u32| {
        let store = world.core.store.clone();
        async move {
            let record = store.write(Priority::Gateway, number, |number, tx| {
                Box::pin(async move {
                    tx.change(ChangeKind::Health, number.to_string(), noon())
                        .await
                })
            });
            record.await.map_err(|error: StoreError| error)
        }
    });
    let acts = acts.into_iter().map(async |(name, act)| (name, act.await));
    let (refused, recorded) = join(join_all(acts), join_all(records)).await;
    for (name, is_refused) in refused {
        assert!(is_refused, "{name}");
    }
    assert!(recorded.iter().all(Result::is_ok));
    assert_eq!(world.core.store.batch_reruns(), 0);
}
