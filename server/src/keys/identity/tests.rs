use std::os::unix::fs::PermissionsExt;

use app::identity::KeySet;
use gateway::entropy::SystemEntropy;
use store::Engine;
use tempfile::TempDir;

use super::*;
use crate::keys::Keys;

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A folder as the first start leaves it.
fn started() -> (TempDir, Rotation) {
    let folder = tempfile::tempdir().unwrap();
    Keys::open(folder.path(), Engine::Sqlite, &SystemEntropy)
        .map(drop)
        .unwrap();
    let rotation = Rotation::of(folder.path());
    (folder, rotation)
}

fn add(rotation: &Rotation, at: Timestamp) -> PublicKey {
    let new = rotation.make_next(&SystemEntropy).unwrap();
    rotation.add(&new, at).unwrap();
    new.key
}

fn stages(rotation: &Rotation) -> Vec<Stage> {
    let kept = rotation.list().unwrap();
    kept.iter().map(|kept| kept.stage).collect()
}

fn signing(folder: &TempDir) -> PublicKey {
    let keys = read_keys(folder.path()).unwrap();
    PublicKey::new(keys.current.verifying_key())
}

fn published(folder: &TempDir) -> KeySet {
    let keys = read_keys(folder.path()).unwrap();
    let all = keys.others.iter().chain([&keys.current]);
    KeySet::new(all.map(|key| PublicKey::new(key.verifying_key())))
}

#[test]
fn a_key_is_published_before_it_signs_and_after_it_has_signed() {
    let (folder, rotation) = started();
    let first = signing(&folder);
    let second = add(&rotation, noon());
    assert_eq!(signing(&folder), first);
    assert!(published(&folder).find(second.kid()).is_some());

    let later = noon() + PUBLISHED_FIRST;
    assert_eq!(rotation.promotable(later, false).unwrap().key, second);
    rotation.promote(later).unwrap();
    assert_eq!(signing(&folder), second);
    assert!(published(&folder).find(first.kid()).is_some());
    assert_eq!(stages(&rotation), [Stage::Current, Stage::Retired]);

    let last = later + PUBLISHED_AFTER;
    assert_eq!(rotation.retirable(last, false).unwrap().key, first);
    rotation.retire().unwrap();
    assert_eq!(published(&folder).keys(), [second]);
}

#[test]
fn nothing_is_promoted_or_retired_too_early_unless_it_must_be() {
    let (_folder, rotation) = started();
    add(&rotation, noon());
    let early = noon() + PUBLISHED_FIRST - TimeDelta::microseconds(1);
    let refused = rotation.promotable(early, false).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "upstreams may not know the next key yet: wait until 12:10:00 UTC, or add --at-once"
    );
    rotation.promotable(early, true).unwrap();
    rotation.promote(early).unwrap();
    let early = early + PUBLISHED_AFTER - TimeDelta::microseconds(1);
    let refused = rotation.retirable(early, false);
    assert!(matches!(refused, Err(RotationError::TooEarly { .. })));
    rotation.retirable(early, true).unwrap();
}

#[test]
fn steps_out_of_order_change_nothing_and_say_what_to_do() {
    let (_folder, rotation) = started();
    let refused = rotation.promotable(noon(), true).unwrap_err();
    assert!(
        refused.to_string().contains("gateway keys add"),
        "{refused}"
    );
    let refused = rotation.retirable(noon(), true);
    assert!(matches!(refused, Err(RotationError::None { .. })));

    add(&rotation, noon());
    let refused = rotation.make_next(&SystemEntropy).err().unwrap();
    assert!(refused.to_string().contains("keys promote"), "{refused}");
    rotation.promote(noon()).unwrap();

    add(&rotation, noon());
    let refused = rotation.promotable(noon(), true).unwrap_err();
    assert!(refused.to_string().contains("keys retire"), "{refused}");
    assert_eq!(stages(&rotation), Stage::ALL);
}

#[test]
fn an_interrupted_promotion_is_done_again() {
    let (folder, rotation) = started();
    let second = add(&rotation, noon());
    let retired = rotation.path(Stage::Retired);
    std::fs::hard_link(rotation.path(Stage::Current), retired).unwrap();
    rotation.promotable(noon(), true).unwrap();
    rotation.promote(noon()).unwrap();
    assert_eq!(signing(&folder), second);
    assert_eq!(published(&folder).keys().len(), 2);
}

#[test]
fn new_keys_are_the_servers_alone_and_leave_no_drafts() {
    let (folder, rotation) = started();
    add(&rotation, noon());
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{:?}", file.file_name());
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["cursor.key", "identity-next.key", "identity.key"]);
}

#[test]
fn a_rotation_waits_for_the_one_before_it() {
    let (_folder, rotation) = started();
    let held = rotation.lock().unwrap();
    let again = File::open(&rotation.data_dir).unwrap();
    assert!(again.try_lock().is_err());
    drop(held);
    again.try_lock().unwrap();
}
