//! A session is confined to one organization, which is named by its ID or by its name.

use super::*;
use crate::services::testing::platform_key;

async fn register(world: &World, of: &str, organization: &str, name: &str) {
    let registration = OrganizationRegistration {
        name: name.into(),
        slug: organization.into(),
        status: OrganizationStatus::Active,
        created_at: None,
    };
    let (key, of, id) = (platform_key(), tenant(of), organization.parse().unwrap());
    let service = &world.tenants;
    let registered = service.register_organization(&key, &of, &id, registration);
    registered.await.unwrap();
}

/// Where a session in `acme` is confined to for this text, or what is wrong with the text.
async fn confined(world: &World, text: &str) -> Result<Option<String>, String> {
    let form = SupportSessionForm {
        organization_id: text.into(),
        ..form()
    };
    let created = service(world)
        .create(&support_admin(1), &tenant("acme"), form)
        .await;
    match created {
        Ok(granted) => Ok(granted.session.organization_id.map(|id| id.to_string())),
        Err(problem) => Err(problem.field("organization_id").unwrap().to_owned()),
    }
}

async fn some_organizations(world: &World) {
    for (of, id, name) in [
        ("acme", "north", "Nördliche Filiale"),
        ("acme", "decoy", "north"),
        ("acme", "twin-1", "Zwilling"),
        ("acme", "twin-2", "ZWILLING"),
        ("bolt", "east", "Ostfiliale"),
    ] {
        register(world, of, id, name).await;
    }
}

#[tokio::test]
async fn a_session_is_never_confined_to_another_organization_than_the_one_that_was_named() {
    for world in worlds().await {
        some_organizations(&world).await;
        for (text, why) in [
            ("Zwilling", "Enter the ID of one: twin-1, twin-2"),
            ("FILIALE", "Do you mean Nördliche Filiale (north)?"),
            (
                "Nördliche Filialé",
                "Do you mean Nördliche Filiale (north)?",
            ),
            ("Ostfiliale", "Enter the whole name or the ID"),
            ("east", "Enter the whole name or the ID"),
            ("NORTH-1", "Enter the whole name or the ID"),
            ("n%h", "Enter the whole name or the ID"),
            ("nor\0th", ""),
        ] {
            let refused = confined(&world, text).await.unwrap_err();
            assert!(refused.contains(why), "{}: {refused}", world.engine);
            assert!(!refused.contains("(east)"), "another tenant's: {refused}");
        }
        assert!(events(&world, "support_session.*").await.is_empty());
        // An ID is unmistakable: it wins over the name of another.
        let named = confined(&world, "north").await;
        assert_eq!(named, Ok(Some("north".into())), "{}", world.engine);
    }
}

#[tokio::test]
async fn an_organization_is_named_however_its_name_is_typed() {
    for world in worlds().await {
        some_organizations(&world).await;
        for (text, expected) in [
            (" nördliche  FILIALE ", Some("north")),
            ("nordliche filiale", Some("north")),
            ("twin-2", Some("twin-2")),
            ("  ", None),
        ] {
            let expected = Ok(expected.map(str::to_owned));
            assert_eq!(confined(&world, text).await, expected, "{}", world.engine);
        }
    }
}

#[tokio::test]
async fn a_wrong_organization_is_named_with_every_other_field_that_is_wrong() {
    for world in worlds().await {
        let wrong = SupportSessionForm {
            organization_id: "nowhere".into(),
            reason: "short".into(),
            ..form()
        };
        let problem = service(&world)
            .create(&support_admin(1), &tenant("acme"), wrong)
            .await
            .unwrap_err();
        for field in ["organization_id", "reason"] {
            assert!(problem.field(field).is_some(), "{field}: {problem:?}");
        }
    }
}
