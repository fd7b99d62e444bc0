//! A tenant by its ID, slug or name.

use app::{
    domain::{
        problem::{Problem, ProblemCode},
        tenants::{SUGGESTED_MAX, TENANT_FIELD},
    },
    ports::TenantsPort as _,
};

use crate::services::testing::{
    World, anonymous, both, key, platform_key, registration, support_admin, tenant,
};

async fn register(world: &World, id: &str, slug: &str, name: &str) {
    let registered = world
        .tenants
        .register_tenant(&platform_key(), &tenant(id), registration(slug, name))
        .await;
    registered.unwrap();
}

/// Four tenants: two of one name, and one whose ID is another's slug.
async fn scenes() -> Vec<World> {
    let worlds = both().await;
    for world in &worlds {
        register(world, "tnt_1", "lumen-health", "Lumen Health").await;
        register(world, "tnt_2", "acme-eu", "Acme").await;
        register(world, "tnt_3", "acme-us", "ACME").await;
        register(world, "lumen", "nandu", "Ñandú Verde").await;
    }
    worlds
}

#[tokio::test]
async fn a_tenant_is_found_by_id_slug_and_folded_name() {
    for world in scenes().await {
        let by = support_admin(1);
        for (text, id, shown) in [
            ("tnt_1", "tnt_1", "Lumen Health"),
            ("lumen-health", "tnt_1", "Lumen Health"),
            ("Lumen Health", "tnt_1", "Lumen Health"),
            ("  lumen HEALTH ", "tnt_1", "Lumen Health"),
            ("ＬＵＭＥＮ ＨＥＡＬＴＨ", "tnt_1", "Lumen Health"),
            ("Acme-EU", "tnt_2", "tnt_2"),
            ("tnt_3", "tnt_3", "tnt_3"),
            ("lumen", "lumen", "Ñandú Verde"),
            ("nandu verde", "lumen", "Ñandú Verde"),
        ] {
            let found = world.tenants.named(&by, text).await.unwrap();
            let found = (found.tenant.id.to_string(), found.text);
            assert_eq!(
                found,
                (id.to_owned(), shown.to_owned()),
                "{}: {text}",
                world.engine
            );
            // What the field shows names the same tenant again.
            let again = world.tenants.named(&by, shown).await.unwrap();
            assert_eq!(again.tenant.id.as_str(), id, "{}: {shown}", world.engine);
        }
    }
}

#[tokio::test]
async fn a_text_that_names_no_tenant_or_several_is_refused_at_its_field() {
    let message = |problem: Problem| problem.field(TENANT_FIELD).unwrap_or_default().to_owned();
    for world in scenes().await {
        for unknown in [
            "Lumen",
            "Lumen Health Ltd",
            "TNT_1",
            "%",
            "a/b",
            "a\u{202E}b",
        ] {
            let refused = world.tenants.named(&support_admin(1), unknown).await;
            let refused = message(refused.unwrap_err());
            let expected = format!("no tenant \"{unknown}\". Enter a tenant's name or ID");
            assert_eq!(refused, expected, "{}", world.engine);
        }
        let several = world.tenants.named(&support_admin(1), "acme").await;
        assert_eq!(
            message(several.unwrap_err()),
            "several tenants are called \"acme\". Enter the ID of one: tnt_2, tnt_3",
            "{}",
            world.engine
        );
    }
}

#[tokio::test]
async fn nobody_is_told_of_tenants_that_they_may_not_see() {
    for world in scenes().await {
        let engine = world.engine;
        let own = key(Some("tnt_1"));
        assert!(
            world.tenants.named(&own, "Lumen Health").await.is_ok(),
            "{engine}"
        );
        for text in ["tnt_2", "acme-eu", "Acme"] {
            let refused = world.tenants.named(&own, text).await.unwrap_err();
            let refused = refused.field(TENANT_FIELD).unwrap_or_default().to_owned();
            assert!(refused.starts_with("no tenant"), "{engine}: {refused}");
            assert!(
                world.tenants.suggest(&own, text).await.unwrap().is_empty(),
                "{engine}"
            );
        }
        let ids = vec![tenant("tnt_1"), tenant("tnt_2")];
        let names = world.tenants.names(&own, ids).await.unwrap();
        assert_eq!(names.len(), 1, "{engine}");
        for text in ["", "Lumen Health"] {
            let named = world.tenants.named(&anonymous(), text).await.unwrap_err();
            let suggested = world.tenants.suggest(&anonymous(), text).await.unwrap_err();
            for refused in [named, suggested] {
                assert_eq!(refused.code, ProblemCode::Unauthenticated, "{engine}");
            }
        }
    }
}

#[tokio::test]
async fn suggestions_are_few_and_found_as_in_the_overview() {
    for world in scenes().await {
        let by = support_admin(1);
        let suggested = async |text: &str| {
            let found = world.tenants.suggest(&by, text).await.unwrap();
            found
                .into_iter()
                .map(|t| t.id.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(suggested("HEALTH").await, ["tnt_1"], "{}", world.engine);
        assert_eq!(suggested("nandu").await, ["lumen"], "{}", world.engine);
        assert_eq!(
            suggested("acme").await,
            ["tnt_2", "tnt_3"],
            "{}",
            world.engine
        );
        assert!(suggested("%").await.is_empty(), "{}", world.engine);
        assert!(suggested("a\u{202E}").await.is_empty(), "{}", world.engine);
        for number in 0..12 {
            let slug = format!("many-{number}");
            register(&world, &slug, &slug, &slug).await;
        }
        let many = suggested("many").await;
        assert_eq!(many.len(), SUGGESTED_MAX as usize, "{}", world.engine);
        assert_eq!(suggested("").await.len(), SUGGESTED_MAX as usize);
    }
}
