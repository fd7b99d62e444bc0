//! The pages of administration as a browser without JavaScript gets them.

use std::sync::Arc;

use app::domain::{
    ApiKeyId, StaffId,
    api_keys::{ApiKey, ApiRight},
    staff::Role,
    tenants::TenantMaster,
    token_hash::TokenHash,
};
use chrono::TimeDelta;
use http::StatusCode;
use uuid::Uuid;

use super::lists::{console, get, router_of};
use crate::{
    config::{Config, TenantsConfig},
    services::testing::{World, noon},
};

fn key(number: u32) -> ApiKey {
    ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(u128::from(number) + 1)),
        name: format!("key {number}"),
        tenant_id: None,
        rights: vec![ApiRight::Read],
        created_at: noon(),
        created_by: "Ana".into(),
        expires_at: None,
        allowed_addresses: Vec::new(),
        requests_per_minute: None,
        last_used_at: None,
        last_used_from: String::new(),
        uses_noted_since: noon(),
        rotated_at: None,
        previous_until: None,
        revoked_at: None,
    }
}

async fn add_keys(world: &World, keys: Vec<ApiKey>) {
    world
        .write(keys, |keys, tx| {
            Box::pin(async move {
                for (number, key) in (0_u32..).zip(keys) {
                    let mut hash = [0; 32];
                    hash[..4].copy_from_slice(&number.to_be_bytes());
                    let hash = TokenHash::from_bytes(hash);
                    tx.add_api_key(key, hash, None).await?;
                }
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn the_list_of_keys_shows_none_and_ten_thousand() {
    let (router, cookie, world) = console().await;
    let (status, _, page) = get(&router, &cookie, "/admin/api-keys").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("No API keys yet"), "{page}");
    add_keys(&world, (0..10_000).map(key).collect()).await;
    let (status, _, page) = get(&router, &cookie, "/admin/api-keys?state=active").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Rows 1–50 of 10,000"), "{page}");
    assert!(page.contains("key 9999") && !page.contains("key 9949<"));
    assert!(page.contains("Never used"));
    let (_, _, page) = get(&router, &cookie, "/admin/api-keys?state=revoked").await;
    assert!(page.contains("No matching API keys"), "{page}");
}

#[tokio::test]
async fn a_key_that_works_and_was_not_used_for_90_days_says_so() {
    const MARK: &str = "Unused for 90 days";
    let (router, cookie, world) = console().await;
    let ago = |days| noon() - TimeDelta::days(days);
    let used = |number, days| ApiKey {
        created_at: ago(200),
        uses_noted_since: ago(200),
        last_used_at: Some(ago(days)),
        ..key(number)
    };
    let (old, recent) = (used(1, 91), used(2, 89));
    let revoked = ApiKey {
        revoked_at: Some(ago(1)),
        ..used(3, 91)
    };
    let cases = [(old.id, true), (recent.id, false), (revoked.id, false)];
    add_keys(&world, vec![old, recent, revoked]).await;
    let (_, _, page) = get(&router, &cookie, "/admin/api-keys").await;
    assert_eq!(page.matches(MARK).count(), 1, "{page}");
    for (id, is_marked) in cases {
        let (status, _, page) = get(&router, &cookie, &format!("/admin/api-keys/{id}")).await;
        assert_eq!(status, StatusCode::OK, "{id}");
        assert_eq!(page.contains(MARK), is_marked, "{id}: {page}");
    }
    let (_, _, page) = get(&router, &cookie, "/admin/api-keys?state=unused").await;
    for (id, is_listed) in cases {
        assert_eq!(page.contains(&id.to_string()), is_listed, "{id}: {page}");
    }
}

/// The cookie of the support admin Ben, and his ID.
async fn support_admin(world: &World) -> (String, StaffId) {
    let ben = world.add("ben", &[Role::SupportAdmin]).await;
    (cookie_of(world, "ben").await, ben.id)
}

async fn cookie_of(world: &World, name: &str) -> String {
    let token = world.sign_in(name).await.token;
    format!("__Host-support-console={}", token.expose())
}

#[tokio::test]
async fn pages_of_administration_name_the_role_that_they_need() {
    let (router, cookie, world) = console().await;
    let (ben, id) = support_admin(&world).await;
    world.add("cem", &[]).await;
    let cem = cookie_of(&world, "cem").await;
    let nobody = "/admin/api-keys/00000000-0000-0000-0000-000000000001";
    let member = format!("/admin/staff/{id}");
    let dialogs = [
        "roles",
        "deactivate",
        "reactivate",
        "sign-out",
        "link",
        "revoke-link",
    ];
    let mut paths: Vec<_> = dialogs.map(|dialog| format!("{member}/{dialog}")).into();
    paths.push(member);
    paths.extend(["rotate", "revoke"].map(|dialog| format!("{nobody}/{dialog}")));
    let others = [
        "/admin/api-keys",
        "/admin/api-keys/create",
        nobody,
        "/admin/staff",
        "/admin/staff?role=super_admin",
        "/admin/invite-staff",
        "/admin/settings",
        "/admin/settings?warning_percent=1",
    ];
    paths.extend(others.map(str::to_owned));
    for path in paths {
        let (status, _, page) = get(&router, &ben, &path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            page.contains("You need the role super_admin for this."),
            "{path}: {page}"
        );
        for (cookie, expected) in [("", "/sign-in"), (cem.as_str(), "/account/no-role")] {
            let (status, to, page) = get(&router, cookie, &path).await;
            assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {page}");
            let to = to.unwrap();
            assert_eq!(to.split('?').next(), Some(expected), "{path}: {to}");
        }
    }
    for missing in [nobody, "/admin/api-keys/x"] {
        let (status, _, _) = get(&router, &cookie, missing).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
    }
}

#[tokio::test]
async fn pages_about_tenants_offer_changes_to_super_admins_and_tell_others_to_ask_one() {
    let (_, cookie, mut world) = console().await;
    world.core.config = Arc::new(Config {
        tenants: TenantsConfig {
            master: TenantMaster::Console,
        },
        ..Config::default()
    });
    let router = router_of(&world);
    let (ben, _) = support_admin(&world).await;
    let tenants = "You can’t change tenants. Ask a super admin.";
    let settings = "You can’t change settings. Ask a super admin.";
    for (path, offer, told) in [
        ("/admin/tenants", "New tenant", ""),
        ("/admin/tenants/tnt-1", "Change settings", ""),
        ("/admin/new-tenant", "Add tenant", tenants),
        ("/admin/tenants/tnt-1/edit", ">Save<", tenants),
        ("/admin/tenants/tnt-1/organization", ">Save<", tenants),
        ("/admin/tenants/tnt-1/settings", "Save settings", settings),
        (
            "/admin/tenant-status?id=tnt-1&to=suspended",
            "danger solid",
            tenants,
        ),
    ] {
        let (status, _, page) = get(&router, &cookie, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(page.contains(offer), "{path}: {page}");
        let (status, _, page) = get(&router, &ben, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(
            !page.contains(offer) && page.contains(told),
            "{path}: {page}"
        );
        let (status, to, _) = get(&router, "", path).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert!(to.unwrap().starts_with("/sign-in"), "{path}");
    }
}
