//! A recent look-up lets no one in. Attacks first.

use std::time::Duration;

use app::ports::{ReplaceTokens, RevokeSupportSessions};
use gateway::{
    ports::{Ended, KnownSession, RecordError, Sessions},
    token::Token,
};

use super::{KEPT, Known};
use crate::services::{
    access_log::tests::{Recording, Scene, scenes},
    testing::{super_admin, support_admin},
};

async fn look_up(recording: &Recording<'_>, token_hash: [u8; 32]) -> Option<KnownSession> {
    recording.recorder.lookup(token_hash).await.unwrap()
}

/// Waits until the gateway finds the expected result for a token.
async fn until(
    recording: &Recording<'_>,
    token_hash: [u8; 32],
    good: impl Fn(Option<KnownSession>) -> bool,
) {
    let mut changes = recording.scene.world.core.store.changes();
    let waiting = async {
        while !good(look_up(recording, token_hash).await) {
            changes.recv().await.unwrap();
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waiting).await;
    waited.expect("the change arrives");
}

async fn revoke(scene: &Scene) {
    let admin = super_admin(3);
    let revoked = scene.service.revoke(&admin, scene.session, String::new());
    revoked.await.unwrap();
}

#[tokio::test]
async fn a_session_that_was_found_before_its_revocation_records_nothing_after_it() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        recording.begin_one().await;
        let found = look_up(&recording, scene.token_hash).await.unwrap();
        assert_eq!(found.ended, None);
        revoke(&scene).await;
        // The record decides, whatever is still cached.
        let refused = recording.begin(scene.intent()).await;
        assert_eq!(
            refused,
            Err(RecordError::SessionEnded(Ended::Revoked)),
            "{}",
            scene.world.engine
        );
        let is_ended = |found: Option<KnownSession>| {
            found.is_some_and(|found| found.ended == Some(Ended::Revoked))
        };
        until(&recording, scene.token_hash, is_ended).await;
    }
}

#[tokio::test]
async fn a_token_that_was_found_before_it_was_replaced_records_nothing_and_is_forgotten() {
    for scene in scenes().await {
        let recording = scene.recorder_of("this start");
        assert!(look_up(&recording, scene.token_hash).await.is_some());
        let holder = support_admin(1);
        let replaced = scene.service.replace_token(&holder, scene.session);
        let token = Token::parse(&replaced.await.unwrap().token.unwrap()).unwrap();
        let refused = recording.begin(scene.intent()).await;
        assert_eq!(refused, Err(RecordError::SessionEnded(Ended::Revoked)));
        until(&recording, scene.token_hash, |found| found.is_none()).await;
        let found = look_up(&recording, *token.hash().as_bytes()).await;
        assert!(found.is_some(), "{}", scene.world.engine);
    }
}

#[tokio::test]
async fn what_changed_while_it_was_looked_up_is_not_kept() {
    for scene in scenes().await {
        let (store, now) = (&scene.world.core.store, Duration::ZERO);
        let recording = scene.recorder_of("this start");
        let found = look_up(&recording, scene.token_hash).await.unwrap();
        let known = Known::new(store);
        let mut told = store.changes();
        let Err(looked_up) = known.find(&scene.token_hash, now) else {
            panic!("nothing is known yet");
        };
        revoke(&scene).await;
        told.recv().await.unwrap();
        known.keep(looked_up, store, &found);
        assert!(known.find(&scene.token_hash, now).is_err());
    }
}

#[tokio::test]
async fn what_was_found_is_known_for_a_second_and_never_without_word_of_changes() {
    for scene in scenes().await {
        let (store, now) = (&scene.world.core.store, Duration::ZERO);
        let recording = scene.recorder_of("this start");
        let found = look_up(&recording, scene.token_hash).await.unwrap();
        let keep = |known: &Known, found: &KnownSession| {
            if let Err(looked_up) = known.find(&found.token_hash, now) {
                known.keep(looked_up, store, found);
            }
        };
        let known = Known::new(store);
        keep(&known, &found);
        let almost = KEPT.saturating_sub(Duration::from_nanos(1));
        assert_eq!(
            known.find(&found.token_hash, almost).ok(),
            Some(found.clone())
        );
        assert!(known.find(&found.token_hash, KEPT).is_err());

        let mut idle = found.clone();
        idle.limits.idle_ends_at = Some(found.expires_at);
        let mut ended = found.clone();
        ended.ended = Some(Ended::Expired);
        for passing in [idle, ended] {
            let known = Known::new(store);
            keep(&known, &passing);
            assert!(known.find(&found.token_hash, now).is_err());
        }

        store.close();
        let stopped = async {
            while store.follows_changes() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(10), stopped);
        in_time.await.expect("it stops");
        let known = Known::new(store);
        keep(&known, &found);
        assert!(known.find(&found.token_hash, now).is_err());
    }
}
