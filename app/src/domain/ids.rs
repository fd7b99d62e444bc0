//! Identifiers.
//!
//! The platform's own IDs are opaque strings. Ours are UUIDv7 and only made by the server.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest identifier of the platform, in bytes.
pub const MAX_OPAQUE_ID_LENGTH: usize = 128;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not 1–128 characters of `[A-Za-z0-9._:-]`.
    #[error(
        "must be 1 to 128 characters of A–Z, a–z, 0–9, '.', '_', ':' and '-', and not just dots"
    )]
    Opaque,
    /// Not a UUID in its hyphenated form.
    #[error("must be a UUID")]
    Uuid,
}

macro_rules! opaque_id {
    ($(#[$doc:meta])* $name:ident) => {
        checked_text! {
            $(#[$doc])*
            ///
            /// The platform's own opaque string: 1–128 of `[A-Za-z0-9._:-]`, case-sensitive.
            $name: is_opaque_id, InvalidId::Opaque as InvalidId
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A UUIDv7 made by our server.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Uuid))]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes a UUID that the server made or that comes from the store.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, version 7.
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 => Ok(Self(uuid)),
                    _ => Err(InvalidId::Uuid),
                }
            }
        }
    };
}

fn is_opaque_id(text: &str) -> bool {
    // `.` and `..` alone would be folded away in the path of a URL.
    (1..=MAX_OPAQUE_ID_LENGTH).contains(&text.len())
        && text != "."
        && text != ".."
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
}

opaque_id! {
    /// A customer of the platform.
    TenantId
}
opaque_id! {
    /// A named part of a tenant.
    OrganizationId
}
opaque_id! {
    /// A person at a tenant.
    TenantUserId
}
opaque_id! {
    /// A tenant user's sign-in on the platform.
    UserSessionId
}

uuid_id! {
    /// A person who works for the platform. Shown as "Platform user ID".
    StaffId
}
uuid_id! {
    /// A staff member's sign-in to the console.
    StaffSessionId
}
uuid_id! {
    /// A time-limited, scoped, recorded grant for one staff member to act in one tenant.
    SupportSessionId
}
uuid_id! {
    /// One HTTP request through the gateway or to the console.
    RequestId
}
uuid_id! {
    /// One entry of the audit log.
    AuditEventId
}
uuid_id! {
    /// A filter of a list that a staff member keeps under a name.
    SavedViewId
}
uuid_id! {
    /// A key of the REST interface.
    ApiKeyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opaque_ids_keep_their_case_and_refuse_everything_outside_the_alphabet() {
        assert_eq!(
            "Acme.Eu-1:x_y".parse::<TenantId>().unwrap().as_str(),
            "Acme.Eu-1:x_y"
        );
        for bad in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "ñ",
            "a\0",
            "%41",
            &"x".repeat(129),
        ] {
            assert_eq!(bad.parse::<TenantId>(), Err(InvalidId::Opaque), "{bad:?}");
        }
    }

    #[test]
    fn uuid_ids_have_one_spelling() {
        let text = "01937e2c-7b6a-7cc0-8000-000000000001";
        assert_eq!(text.parse::<StaffId>().unwrap().to_string(), text);
        assert!(
            "01937e2c7b6a7cc08000000000000001"
                .parse::<StaffId>()
                .is_err()
        );
        assert!(
            "{01937e2c-7b6a-7cc0-8000-000000000001}"
                .parse::<StaffId>()
                .is_err()
        );
    }

    #[test]
    fn an_invalid_id_is_refused_while_reading_json() {
        let error = serde_json::from_str::<TenantId>("\"a/b\"")
            .unwrap_err()
            .to_string();
        assert!(error.contains("1 to 128 characters"), "{error}");
    }
}
