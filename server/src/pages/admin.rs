//! The pages of administration as a browser without JavaScript gets them.

use app::domain::{
    ApiKeyId,
    api_keys::{ApiKey, ApiRight},
    staff::Role,
    token_hash::TokenHash,
};
use http::StatusCode;
use uuid::Uuid;

use super::lists::{console, get};
use crate::services::testing::{World, noon};

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

async fn add_keys(world: &World, count: u32) {
    world
        .write(count, |count, tx| {
            Box::pin(async move {
                for number in 0..*count {
                    let mut hash = [0; 32];
                    hash[..4].copy_from_slice(&number.to_be_bytes());
                    let hash = TokenHash::from_bytes(hash);
                    tx.add_api_key(&key(number), hash, None).await?;
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
    add_keys(&world, 10_000).await;
    let (status, _, page) = get(&router, &cookie, "/admin/api-keys?state=active").await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Rows 1–50 of 10,000"), "{page}");
    assert!(page.contains("key 9999") && !page.contains("key 9949<"));
    assert!(page.contains("Never used"));
    let (_, _, page) = get(&router, &cookie, "/admin/api-keys?state=revoked").await;
    assert!(page.contains("No matching API keys"), "{page}");
}

#[tokio::test]
async fn pages_of_administration_name_the_role_that_they_need() {
    let (router, cookie, world) = console().await;
    world.add("ben", &[Role::SupportAdmin]).await;
    let token = world.sign_in("ben").await.token;
    let ben = format!("__Host-support-console={}", token.expose());
    let nobody = "/admin/api-keys/00000000-0000-0000-0000-000000000001";
    for path in ["/admin/api-keys", "/admin/api-keys/create", nobody] {
        let (status, _, page) = get(&router, &ben, path).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        assert!(
            page.contains("You need the role super_admin for this."),
            "{path}: {page}"
        );
        let (status, to, _) = get(&router, "", path).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}");
        assert!(to.unwrap().starts_with("/sign-in"), "{path}");
    }
    for missing in [nobody, "/admin/api-keys/x"] {
        let (status, _, _) = get(&router, &cookie, missing).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{missing}");
    }
}
