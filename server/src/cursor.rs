//! Cursors: signed positions in a list, so that an edited one is rejected with 400.

use app::domain::problem::{Problem, ProblemCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use store::listing::Position;

/// How many bytes of the signature a cursor contains.
const TAG: usize = 16;

/// The key that signs cursors.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

impl CursorKey {
    /// Signs with this key.
    pub const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// A cursor of `position` in `list`.
    pub fn seal(&self, list: &str, position: &Position) -> String {
        let payload = serde_json::to_vec(position).unwrap_or_default();
        let mut cursor = self.tag(list, &payload);
        cursor.extend(payload);
        URL_SAFE_NO_PAD.encode(cursor)
    }

    /// The position of a cursor of `list`.
    pub fn open(&self, list: &str, cursor: &str) -> Result<Position, Problem> {
        self.try_open(list, cursor).ok_or_else(|| {
            Problem::new(
                ProblemCode::InvalidCursor,
                "This link is no longer valid. Start from the first page.",
            )
        })
    }

    fn try_open(&self, list: &str, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG)?;
        let expected = self.tag(list, payload);
        let equal: bool = subtle::ConstantTimeEq::ct_eq(tag, expected.as_slice()).into();
        if equal {
            serde_json::from_slice(payload).ok()
        } else {
            None
        }
    }

    fn tag(&self, list: &str, payload: &[u8]) -> Vec<u8> {
        // A key of any length will do for HMAC, so this can't fail.
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0) else {
            return Vec::new();
        };
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(payload);
        mac.finalize().into_bytes()[..TAG].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use store::listing::Key;

    use super::*;

    fn key() -> CursorKey {
        CursorKey::new([7; 32])
    }

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let position = Position::After(vec![Key::Int(-1), Key::Text("ñ".into())], 51);
        assert_eq!(
            key()
                .open("tenants", &key().seal("tenants", &position))
                .unwrap(),
            position
        );
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let cursor = key().seal("tenants?q=a", &Position::Last);
        assert_eq!(
            key().open("tenants?q=b", &cursor).unwrap_err().code,
            ProblemCode::InvalidCursor
        );
    }

    proptest! {
        #[test]
        fn an_edited_cursor_is_refused(at in 0_usize..60, with in any::<char>()) {
            let cursor = key().seal("tenants", &Position::After(vec![Key::Int(42)], 51));
            let mut edited: Vec<char> = cursor.chars().collect();
            let at = at % edited.len();
            prop_assume!(edited[at] != with);
            edited[at] = with;
            let edited: String = edited.into_iter().collect();
            prop_assert!(key().open("tenants", &edited).is_err());
        }
    }
}
