//! What the console keeps of a tenant.

use app::{
    domain::{health::Health, support_sessions::SupportSessionForm},
    ports::CreateSupportSessions as _,
};
use gateway::ports::{Ended, RecordError, Recorder as _};

use super::*;
use crate::services::testing::{form, support_admin};

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
        assert_ne!(before, Health::Healthy, "{}", console.engine);
        for (warning, critical, errors, health) in [
            ("50", "60", "", Health::Healthy),
            ("", "", "", before),
            ("", "", "11", Health::Healthy),
        ] {
            let own = SettingsForm {
                warning_percent: warning.into(),
                critical_percent: critical.into(),
                min_errors: errors.into(),
                ..settings(&console, "acme").await
            };
            service
                .set_settings(&super_admin(1), &id("acme"), own)
                .await
                .unwrap();
            let judged = console.stored("acme").await.signals.health;
            assert_eq!(judged, health, "{}: {errors}", console.engine);
        }
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
