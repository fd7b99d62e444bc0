//! The dialog Create Support Session as a browser without JavaScript gets it.

use app::domain::{
    TenantId,
    tenants::{TenantRegistration, TenantSettings, TenantStatus},
};

use super::lists::{console, get};
use crate::services::testing::{World, platform_key, registration, tenant};

const PATH: &str = "/support/tenants/tnt-1/create-session";
const BUTTON: &str = "Create Session";

async fn register(world: &World, status: TenantStatus) {
    let registration = TenantRegistration {
        status,
        ..registration("tnt-1", "Lumen Health")
    };
    let (key, id) = (platform_key(), tenant("tnt-1"));
    let registered = world.tenants.register_tenant(&key, &id, registration).await;
    registered.unwrap();
}

#[tokio::test]
async fn where_no_session_can_be_created_the_dialog_says_why_and_has_no_form() {
    let (router, cookie, world) = console().await;
    let (_, _, page) = get(&router, &cookie, PATH).await;
    assert!(page.contains(BUTTON) && page.contains("name=\"reason\""));
    assert!(!page.contains("Support may only read"), "{page}");

    register(&world, TenantStatus::Suspended).await;
    let (_, _, page) = get(&router, &cookie, PATH).await;
    assert!(page.contains("You can still enter it"), "{page}");
    assert!(page.contains(BUTTON));

    register(&world, TenantStatus::Closed).await;
    let (_, _, page) = get(&router, &cookie, PATH).await;
    assert!(page.contains("role=\"alert\""), "{page}");
    let why = "The tenant is closed. You can't create a support session in it.";
    assert!(page.contains(why), "{page}");
    assert!(!page.contains(BUTTON) && !page.contains("name=\"reason\""));
}

#[tokio::test]
async fn where_support_may_only_read_the_dialog_says_so_at_the_scopes() {
    let (router, cookie, world) = console().await;
    let settings = TenantSettings {
        support_may_write: false,
        ..TenantSettings::default()
    };
    let given: (TenantId, TenantSettings) = (tenant("tnt-1"), settings);
    world
        .write(given, |(id, settings), tx| {
            Box::pin(tx.set_tenant_settings(id, settings))
        })
        .await;
    let (_, _, page) = get(&router, &cookie, PATH).await;
    let hint = "Support may only read in this tenant.";
    assert!(page.contains(hint) && page.contains(BUTTON), "{page}");
}
