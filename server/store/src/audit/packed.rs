//! Identifiers and hashes are stored as bytes. Any other text is stored as text, after a zero if it
//! could be mistaken for one of these or for no value.

use app::domain::{AuditEventId, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

const HASH: &str = "sha256:";

/// An identifier: 16 bytes if it is a UUID in its usual spelling.
pub(super) fn pack_id(text: &str) -> Vec<u8> {
    match Uuid::try_parse(text) {
        Ok(uuid) if uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text => {
            uuid.as_bytes().to_vec()
        }
        _ => pack_text(text, 16),
    }
}

pub(super) fn unpack_id(stored: Vec<u8>) -> Result<String, String> {
    match Uuid::from_slice(&stored) {
        Ok(uuid) => Ok(uuid.to_string()),
        Err(_) => unpack_text(stored),
    }
}

/// A hash: 32 bytes if it is one.
pub(super) fn pack_hash(text: &str) -> Vec<u8> {
    let is_ours = |digits: &&str| !digits.bytes().any(|digit| digit.is_ascii_uppercase());
    let digits = text.strip_prefix(HASH).filter(is_ours);
    match digits.map(hex::decode) {
        Some(Ok(bytes)) if bytes.len() == 32 => bytes,
        _ => pack_text(text, 32),
    }
}

pub(super) fn unpack_hash(stored: Vec<u8>) -> Result<String, String> {
    match stored.len() {
        32 => Ok(format!("{HASH}{}", hex::encode(stored))),
        _ => unpack_text(stored),
    }
}

fn pack_text(text: &str, length: usize) -> Vec<u8> {
    let bytes = text.as_bytes();
    let is_mistakable = bytes.is_empty() || bytes.len() == length || bytes.starts_with(&[0]);
    let mark: &[u8] = if is_mistakable { &[0] } else { &[] };
    [mark, bytes].concat()
}

fn unpack_text(mut stored: Vec<u8>) -> Result<String, String> {
    if stored.first() == Some(&0) {
        stored.remove(0);
    }
    String::from_utf8(stored).map_err(|error| error.to_string())
}

/// The identifier of an event that needs none before it has its place: a UUIDv7 (RFC 9562 §5.7) of
/// the instant at which it is recorded. It is made from the place, so it is not stored.
pub(super) fn id_of_place(chain: &str, seq: u64, recorded_at: Timestamp) -> AuditEventId {
    let millis = u64::try_from(recorded_at.timestamp_millis()).unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update(seq.to_be_bytes());
    digest.update(recorded_at.timestamp_micros().to_be_bytes());
    digest.update(chain.as_bytes());
    let mut random = [0; 10];
    random.copy_from_slice(&digest.finalize()[..10]);
    AuditEventId::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
}

/// The instants between which an event with this identifier was recorded, if it was made from its
/// place.
pub(super) fn instants_of(id: AuditEventId) -> (Timestamp, Timestamp) {
    instants_of_uuid(id.as_uuid())
}

/// The instants between which a UUIDv7 was made.
pub(super) fn instants_of_uuid(id: Uuid) -> (Timestamp, Timestamp) {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    let at = |millis| Timestamp::from_timestamp_millis(millis).unwrap_or_default();
    (at(millis), at(millis + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UUID: &str = "01937e2c-7b6a-7cc0-8000-0000000000aa";

    #[test]
    fn identifiers_and_hashes_take_their_bytes() {
        let hash = format!("{HASH}{}", "0f".repeat(32));
        assert_eq!((pack_id(UUID).len(), pack_hash(&hash).len()), (16, 32));
        for text in [
            UUID.to_uppercase(),
            UUID.replace('-', ""),
            UUID[..16].to_owned(),
            String::new(),
            "\0".to_owned(),
            "acme".to_owned(),
            hash.to_uppercase(),
            HASH.to_owned(),
            "x".repeat(32),
            hash,
            UUID.to_owned(),
        ] {
            assert_eq!(unpack_id(pack_id(&text)).unwrap(), text);
            assert_eq!(unpack_hash(pack_hash(&text)).unwrap(), text);
            assert!(!pack_id(&text).is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>(), length in 0..40_usize) {
            for text in [text, "x".repeat(length)] {
                prop_assert_eq!(unpack_id(pack_id(&text)).unwrap(), text.clone());
                prop_assert_eq!(unpack_hash(pack_hash(&text)).unwrap(), text);
            }
        }
    }

    #[test]
    fn an_identifier_by_place_is_found_by_its_instant_and_is_unlike_its_neighbours() {
        let at = Timestamp::from_timestamp_micros(1_795_900_000_123_999).unwrap();
        let id = id_of_place("tenant:a", 7, at);
        let (from, to) = instants_of(id);
        assert!(from <= at && at < to);
        assert_eq!(id.as_uuid().get_version_num(), 7);
        assert_ne!(id, id_of_place("tenant:a", 8, at));
        assert_ne!(id, id_of_place("tenant:b", 7, at));
    }
}
