use app::domain::{
    problem::ProblemCode, settings::ValueSource, staff::Role, tenants::TenantSettings,
};

use super::*;
use crate::services::testing::*;

fn critical_from(percent: &str) -> ThresholdsForm {
    ThresholdsForm {
        critical_percent: percent.into(),
        ..ThresholdsForm::default()
    }
}

#[tokio::test]
async fn a_preview_counts_the_tenants_that_would_change_and_saves_nothing() {
    for world in both().await {
        world.add_tenant("acme").await;
        world.add_tenant("bolt").await;
        let reporter = platform_key();
        // Of 100 calls each 40 fail in one tenant, and none in the other.
        let failed = [("acme", 40), ("bolt", 0)];
        for (tenant, errors) in failed {
            let records = [
                calls(tenant, noon(), 200, 100 - errors),
                calls(tenant, noon(), 500, errors),
            ];
            let records = records.into_iter().filter(|calls| calls.count != 0);
            let report =
                world
                    .telemetry
                    .ingest(&reporter, records.collect::<Vec<_>>().into(), None);
            report.await.unwrap();
        }
        let service = SettingsService::new(world.core.clone());
        let stored = async || {
            let mut reader = world.core.store.read().await.unwrap();
            reader.db().tenants_after(None, 10).await.unwrap()
        };
        let before = stored().await;
        let preview = service
            .preview_health(&super_admin(1), critical_from("90"))
            .await
            .unwrap();
        assert_eq!(
            (preview.tenants, preview.changed(), preview.is_partial),
            (2, 1, false)
        );
        let moved = &preview.moves[0];
        assert_eq!((moved.from, moved.to), (Health::Critical, Health::Warning));
        assert_eq!(moved.examples[0].slug, "acme");
        let same = service
            .preview_health(&super_admin(1), critical_from("20"))
            .await
            .unwrap();
        assert_eq!(same.changed(), 0);
        assert_eq!(format!("{before:?}"), format!("{:?}", stored().await));
        let wrong = service
            .preview_health(&super_admin(1), critical_from("x"))
            .await
            .unwrap_err();
        assert!(wrong.field("critical_percent").is_some());
    }
}

#[tokio::test]
async fn a_preview_judges_a_tenant_by_its_own_thresholds_where_it_has_them() {
    for world in both().await {
        world.add_tenant("acme").await;
        let records = vec![
            calls("acme", noon(), 200, 60),
            calls("acme", noon(), 500, 40),
        ];
        world.ingest(records).await;
        let service = SettingsService::new(world.core.clone());
        let changed = async || {
            let tried = critical_from("90");
            let preview = service.preview_health(&super_admin(1), tried).await;
            preview.unwrap().changed()
        };
        assert_eq!(changed().await, 1);
        let own = TenantSettings {
            critical_percent: Some(20.0),
            ..TenantSettings::default()
        };
        world
            .write((tenant("acme"), own), |(id, own), tx| {
                Box::pin(tx.set_tenant_settings(id, own))
            })
            .await;
        assert_eq!(changed().await, 0, "{}: it stays critical", world.engine);
    }
}

#[tokio::test]
async fn settings_are_for_super_admins_only() {
    let world = sqlite().await;
    let service = SettingsService::new(world.core.clone());
    for (context, expected) in [
        (anonymous(), ProblemCode::Unauthenticated),
        (support_admin(1), ProblemCode::Forbidden),
        (platform_key(), ProblemCode::Forbidden),
        (staff(1, &[], noon()), ProblemCode::Forbidden),
    ] {
        let detail = service.detail(&context).await.unwrap_err();
        let preview = service
            .preview_health(&context, critical_from("30"))
            .await
            .unwrap_err();
        assert_eq!([detail.code, preview.code], [expected; 2]);
    }
    assert!(
        service
            .detail(&staff(1, &[Role::SuperAdmin], noon()))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn the_store_tells_its_size_and_how_it_has_grown() {
    for world in both().await {
        let service = SettingsService::new(world.core.clone());
        let detail = service.detail(&super_admin(1)).await.unwrap();
        assert!(detail.store.bytes > 0);
        assert_eq!(detail.store.day_ago, None);
        assert!(
            detail
                .values
                .iter()
                .all(|value| value.source == ValueSource::Default)
        );
        let (start, bytes) = (noon(), detail.store.bytes);
        keep_size(&world.core).await.unwrap();
        world.clock.advance(TimeDelta::days(1));
        keep_size(&world.core).await.unwrap();
        let store = service.detail(&super_admin(1)).await.unwrap().store;
        let day_ago = store.day_ago.unwrap();
        assert_eq!((day_ago.at, store.month_ago.unwrap().at), (start, start));
        assert!(day_ago.bytes >= bytes);
        world.clock.advance(SIZES_KEPT);
        keep_size(&world.core).await.unwrap();
        let store = service.detail(&super_admin(1)).await.unwrap().store;
        assert!(store.month_ago.unwrap().at > start, "old sizes are deleted");
    }
}
