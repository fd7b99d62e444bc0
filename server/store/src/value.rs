//! Values that go into statements.

use app::domain::Timestamp;
use unicode_normalization::UnicodeNormalization;

/// A value bound to a placeholder. Both engines know these four types and nothing else is stored.
#[derive(Debug, Clone)]
pub enum Value {
    Text(Option<String>),
    /// A whole number, an instant in microseconds, or a truth value as 0 and 1; or NULL.
    Int(Option<i64>),
    Bytes(Vec<u8>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(Some(i64::from(number)))
    }
}

impl From<u64> for Value {
    /// Counts beyond `i64::MAX` do not occur; they would be kept as `i64::MAX`.
    fn from(number: u64) -> Self {
        Self::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Option<u64>> for Value {
    fn from(number: Option<u64>) -> Self {
        Self::Int(number.map(|n| i64::try_from(n).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Int(Some(i64::from(truth)))
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Int(Some(at.timestamp_micros()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        Self::Int(at.map(|at| at.timestamp_micros()))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<[u8; 32]> for Value {
    fn from(bytes: [u8; 32]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

macro_rules! value_from_id {
    ($($id:ident),+) => {$(
        impl From<&app::domain::$id> for Value {
            fn from(id: &app::domain::$id) -> Self {
                Self::Text(Some(id.to_string()))
            }
        }
        impl From<app::domain::$id> for Value {
            fn from(id: app::domain::$id) -> Self {
                Self::Text(Some(id.to_string()))
            }
        }
        impl From<Option<&app::domain::$id>> for Value {
            fn from(id: Option<&app::domain::$id>) -> Self {
                Self::Text(id.map(ToString::to_string))
            }
        }
    )+};
}

value_from_id!(
    ApiKeyId,
    AuditEventId,
    OrganizationId,
    RequestId,
    StaffId,
    StaffSessionId,
    SupportSessionId,
    TenantId,
    TenantUserId,
    UserSessionId
);

/// The form in which text is compared and searched: NFKC, lower case. Made here and not by an
/// engine, so that both engines find the same.
pub fn fold(text: &str) -> String {
    text.nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfkc()
        .collect()
}

/// By what text is sorted: the beginning of its folded form. Folding can make 18 letters of one, and
/// PostgreSQL refuses long texts in an index.
pub fn sort_key(text: &str) -> String {
    fold(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_the_same_however_a_letter_was_typed() {
        assert_eq!(
            fold("Ñandú"),
            fold("n\u{303}andu\u{301}".to_uppercase().as_str())
        );
        assert_eq!(fold("ﬁrst"), "first");
        assert_eq!(fold("İ"), "i\u{307}");
    }
}
