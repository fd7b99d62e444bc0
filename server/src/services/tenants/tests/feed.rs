//! Cursors that the feed refuses, such as those from before a restore.

use app::ports::ManageTenantsPort;

use super::{
    manage::{consoles, edited},
    *,
};
use crate::services::{
    nodes::EpochKeeper,
    testing::{cli, key, super_admin},
};

async fn rename(console: &World, tenant: &str, name: &str) {
    let service: &dyn ManageTenantsPort = &console.tenants;
    let form = app::domain::tenants::TenantForm {
        name: name.into(),
        ..edited(console, tenant).await
    };
    service
        .edit(&super_admin(1), &id(tenant), form)
        .await
        .unwrap();
}

/// The names of the tenants after a place, and the place after them.
async fn read(console: &World, cursor: Option<&str>) -> Result<(Vec<String>, String), Problem> {
    let fed = console.tenants.feed(&key(None), cursor, 50).await?;
    let names = fed.items.into_iter().map(|fed| fed.tenant.name);
    Ok((names.collect(), fed.next_cursor))
}

async fn assert_refused(console: &World, cursor: &str) {
    let problem = read(console, Some(cursor)).await.unwrap_err();
    assert_eq!(problem.code, ProblemCode::InvalidInput);
    let why = problem.field("cursor").unwrap_or_default();
    assert!(
        why.contains("without a cursor"),
        "{}: {cursor}: {why}",
        console.engine
    );
}

#[tokio::test]
async fn a_cursor_from_before_a_restore_is_refused() {
    for console in consoles().await {
        rename(&console, "acme", "First").await;
        let (_, backed_up) = read(&console, None).await.unwrap();
        rename(&console, "bolt", "Lost").await;
        let (_, kept) = read(&console, Some(&backed_up)).await.unwrap();

        // The store is as it was, without the change that its reader has seen.
        console.run("UPDATE tenant_feed SET seq = 1").await;
        console
            .run("UPDATE tenants SET feed_seq = 0 WHERE id = 'bolt'")
            .await;
        assert_refused(&console, &kept).await;
        EpochKeeper::begin_restored(&console.core, &cli())
            .await
            .unwrap();
        rename(&console, "bolt", "Second").await;
        for cursor in [&backed_up, &kept] {
            assert_refused(&console, cursor).await;
        }
        let (names, next) = read(&console, None).await.unwrap();
        assert_eq!(names, ["First", "Second"], "{}", console.engine);
        rename(&console, "acme", "Third").await;
        let (names, _) = read(&console, Some(&next)).await.unwrap();
        assert_eq!(names, ["Third"], "{}", console.engine);
    }
}

#[tokio::test]
async fn a_cursor_that_the_feed_has_not_given_is_refused() {
    for console in consoles().await {
        let (names, start) = read(&console, None).await.unwrap();
        assert!(names.is_empty());
        rename(&console, "acme", "First").await;
        let (names, end) = read(&console, Some(&start)).await.unwrap();
        assert_eq!(names, ["First"], "{}", console.engine);
        assert_eq!(read(&console, Some(&end)).await.unwrap().1, end);
        for cursor in [
            "",
            ".",
            "0",
            "1",
            "0.",
            ".1",
            "0.2",
            "0.-1",
            "0.+1",
            "0.01",
            "-0.1",
            "1.1",
            "0.1.1",
            " 0.1",
            "0.\0",
            "0.9223372036854775807",
            "0.99999999999999999999",
        ] {
            assert_refused(&console, cursor).await;
        }
    }
}
