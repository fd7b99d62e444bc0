use std::{path::Path, sync::Arc};

use app::domain::audit::AuditEvent;
use chrono::TimeDelta;
use gateway::entropy::{SeededEntropy, SystemEntropy};
use store::Engine;

use super::*;
use crate::{
    config::Config,
    keys::{
        Keys,
        identity::{PUBLISHED_AFTER, PUBLISHED_FIRST, Stage},
    },
    services::testing::{World, both, cli, sqlite},
};

/// Over the keys in `folder`, as the first start makes them.
fn service(console: &World, folder: &Path) -> IdentityKeysService {
    Keys::open(folder, Engine::Sqlite, &SystemEntropy)
        .map(drop)
        .unwrap();
    let mut core = console.core.clone();
    core.config = Arc::new(Config {
        data_dir: folder.to_owned(),
        ..Config::default()
    });
    IdentityKeysService::new(core)
}

async fn events(console: &World) -> Vec<AuditEvent> {
    let mut reader = console.core.store.read().await.unwrap();
    let all = reader.db().list_audit_chain("system", 0).await.unwrap();
    let ours = all
        .into_iter()
        .filter(|e| e.resource_type == "identity_key");
    ours.collect()
}

#[tokio::test]
async fn a_rotation_is_audited_step_by_step() {
    for console in both().await {
        let folder = tempfile::tempdir().unwrap();
        let keys = service(&console, folder.path());
        let first = keys.list(&cli()).unwrap()[0].key.kid().to_owned();
        let second = keys.add(&cli()).await.unwrap();
        console.clock.advance(PUBLISHED_FIRST);
        assert_eq!(keys.promote(&cli(), false).await.unwrap(), second);
        console.clock.advance(PUBLISHED_AFTER);
        assert_eq!(keys.retire(&cli(), false).await.unwrap(), first);
        let told: Vec<_> = events(&console)
            .await
            .into_iter()
            .map(|e| (e.action, e.resource_id, e.outcome, e.actor.name))
            .collect();
        let told: Vec<_> = told
            .iter()
            .map(|(action, kid, outcome, by)| (action.as_str(), kid, *outcome, by.as_str()))
            .collect();
        let done = AuditOutcome::Success;
        assert_eq!(
            told,
            [
                ("identity_key.added", &second, done, "root"),
                ("identity_key.promoted", &second, done, "root"),
                ("identity_key.removed", &first, done, "root"),
            ]
        );
    }
}

#[tokio::test]
async fn what_is_too_early_changes_nothing_and_leaves_no_event() {
    let console = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let keys = service(&console, folder.path());
    keys.add(&cli()).await.unwrap();
    console
        .clock
        .advance(PUBLISHED_FIRST - TimeDelta::seconds(1));
    keys.promote(&cli(), false).await.unwrap_err();
    keys.retire(&cli(), true).await.unwrap_err();
    let stages: Vec<_> = keys.list(&cli()).unwrap().iter().map(|k| k.stage).collect();
    assert_eq!(stages, [Stage::Next, Stage::Current]);
    assert_eq!(events(&console).await.len(), 1);
}

#[tokio::test]
async fn what_could_not_be_done_is_told_as_a_failure() {
    let console = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let mut keys = service(&console, folder.path());
    keys.core.entropy = Arc::new(SeededEntropy::new(1));
    let new = keys.rotation.make_next(&SeededEntropy::new(1)).unwrap();
    // Something else is where the new key must be written.
    let draft = format!("identity-next.{}.tmp", new.key.kid());
    std::fs::create_dir(folder.path().join(draft)).unwrap();
    keys.add(&cli()).await.unwrap_err();
    assert_eq!(keys.list(&cli()).unwrap().len(), 1);
    let told: Vec<_> = events(&console)
        .await
        .into_iter()
        .map(|event| (event.resource_id, event.outcome))
        .collect();
    let kid = new.key.kid().to_owned();
    let both = [AuditOutcome::Success, AuditOutcome::Failure];
    assert_eq!(told, both.map(|outcome| (kid.clone(), outcome)));
}

#[tokio::test]
async fn keys_are_changed_by_super_admins_with_a_recent_sign_in_only() {
    let console = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let keys = service(&console, folder.path());
    for (context, expected) in console.no_managers_of_keys().await {
        for refused in [
            keys.list(&context).map(drop),
            keys.add(&context).await.map(drop),
            keys.promote(&context, true).await.map(drop),
            keys.retire(&context, true).await.map(drop),
        ] {
            match refused {
                Err(IdentityKeysError::Service(ServiceError::Refused(problem))) => {
                    assert_eq!(problem.code, expected);
                }
                other => panic!("expected a refusal, got {other:?}"),
            }
        }
    }
    assert!(events(&console).await.is_empty());
}
