//! Values of columns, and our types that are stored in columns.

use std::fmt::Display;

use app::domain::{RequestId, Timestamp, token_hash::TokenHash};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// A value of a column or a placeholder. Nothing else is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL, in a column of this kind.
    Null(Kind),
    Text(String),
    /// A whole number, an instant in microseconds, or a truth value as 0 and 1.
    Int(i64),
    Bytes(Vec<u8>),
    /// Our identifiers. SQLite returns their bytes.
    Uuid(Uuid),
}

/// The kinds of columns: TEXT, INTEGER or BIGINT, BLOB or BYTEA, BLOB or UUID. PostgreSQL needs to know the kind of a
/// NULL too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Int,
    Bytes,
    Uuid,
}

impl Value {
    fn text(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err("holds no text".to_owned()),
        }
    }

    fn int(self) -> Result<i64, String> {
        match self {
            Self::Int(number) => Ok(number),
            _ => Err("holds no number".to_owned()),
        }
    }

    fn bytes(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err("holds no bytes".to_owned()),
        }
    }
}

/// What can be bound to a placeholder.
pub trait ToValue {
    /// The kind of its columns.
    const KIND: Kind;

    /// How it is stored.
    fn to_value(&self) -> Value;
}

/// The values of a query's parameter: one, or one for each of a record's columns.
pub(crate) trait Values {
    fn add_to(&self, values: &mut Vec<Value>);
}

impl<T: ToValue + ?Sized> Values for T {
    fn add_to(&self, values: &mut Vec<Value>) {
        values.push(self.to_value());
    }
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn from_value(value: Value) -> Result<Self, String>;

    /// Whether `Option` reads a value as `None`.
    fn is_nothing(value: &Value) -> bool {
        matches!(value, Value::Null(_))
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    const KIND: Kind = T::KIND;

    fn to_value(&self) -> Value {
        T::to_value(self)
    }
}

impl<T: ToValue> ToValue for Option<T> {
    const KIND: Kind = T::KIND;

    fn to_value(&self) -> Value {
        self.as_ref()
            .map_or(Value::Null(T::KIND), ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, String> {
        match T::is_nothing(&value) {
            true => Ok(None),
            false => T::from_value(value).map(Some),
        }
    }
}

/// Types that are stored as a kind of column, each by an expression.
macro_rules! stored {
    ($([$($generics:tt)*] $type:ty, $kind:ident: |$value:ident| $stored:expr;)+) => {$(
        impl<$($generics)*> ToValue for $type {
            const KIND: Kind = Kind::$kind;

            fn to_value(&self) -> Value {
                let $value = self;
                $stored
            }
        }
    )+};
}

stored! {
    [] Value, Text: |value| value.clone();
    [] str, Text: |text| Value::Text(text.to_owned());
    [] String, Text: |text| Value::Text(text.clone());
    [] SecretString, Text: |secret| secret.expose_secret().to_value();
    [const N: usize] [u8; N], Bytes: |bytes| Value::Bytes(bytes.to_vec());
    [] Vec<u8>, Bytes: |bytes| Value::Bytes(bytes.clone());
    [] [u8], Bytes: |bytes| Value::Bytes(bytes.to_vec());
    [] RequestId, Uuid: |id| Value::Uuid(id.as_uuid());
    [] TokenHash, Bytes: |hash| hash.as_bytes().to_value();
    [] bool, Int: |truth| Value::Int((*truth).into());
    [] Timestamp, Int: |at| Value::Int(at.timestamp_micros());
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, String> {
        value.text()
    }
}

impl FromValue for SecretString {
    fn from_value(value: Value) -> Result<Self, String> {
        value.text().map(Self::from)
    }
}

impl FromValue for TokenHash {
    fn from_value(value: Value) -> Result<Self, String> {
        let bytes = value.bytes()?.try_into();
        bytes
            .map(Self::from_bytes)
            .map_err(|_| "has another length".to_owned())
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, String> {
        value.bytes()
    }
}

impl FromValue for RequestId {
    fn from_value(value: Value) -> Result<Self, String> {
        let uuid = match value {
            Value::Uuid(uuid) => Ok(uuid),
            other => Uuid::from_slice(&other.bytes()?),
        };
        uuid.map(Self::from_uuid).map_err(|error| error.to_string())
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, String> {
        Ok(value.int()? != 0)
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self, String> {
        Self::from_timestamp_micros(value.int()?).ok_or_else(|| "not an instant".to_owned())
    }

    /// Sort keys are never NULL: -1 means "never" there.
    fn is_nothing(value: &Value) -> bool {
        matches!(value, Value::Null(_) | Value::Int(-1))
    }
}

/// Whole numbers. Any beyond `i64::MAX`, which do not occur, would be stored as `i64::MAX`.
macro_rules! numbers {
    ($($type:ty),+) => {$(
        stored! { [] $type, Int: |number| Value::Int(i64::try_from(*number).unwrap_or(i64::MAX)); }

        impl FromValue for $type {
            fn from_value(value: Value) -> Result<Self, String> {
                Self::try_from(value.int()?).map_err(|error| error.to_string())
            }
        }
    )+};
}

numbers!(u8, u16, u32, u64, i64);

/// Identifiers and words, stored as they are written.
macro_rules! texts {
    ($($name:ident in $($module:ident)::+;)+) => {$(
        stored! { [] $($module)::+::$name, Text: |word| Value::Text(word.to_string()); }

        impl FromValue for $($module)::+::$name {
            fn from_value(value: Value) -> Result<Self, String> {
                parsed(&value.text()?)
            }
        }
    )+};
}

/// Lists of words, stored with spaces between them.
macro_rules! words {
    ($($name:ident in $($module:ident)::+;)+) => {$(
        stored! {
            [] Vec<$($module)::+::$name>, Text: |words| words.as_slice().to_value();
            [] [$($module)::+::$name], Text: |words| {
                let words: Vec<_> = words.iter().map(ToString::to_string).collect();
                Value::Text(words.join(" "))
            };
        }

        impl FromValue for Vec<$($module)::+::$name> {
            fn from_value(value: Value) -> Result<Self, String> {
                let text = value.text()?;
                let words = text.split(' ').filter(|word| !word.is_empty());
                words.map(parsed).collect()
            }
        }
    )+};
}

/// What is kept as JSON.
macro_rules! json {
    ($($name:ident in $($module:ident)::+;)+) => {$(
        // NULL for a value that JSON can't represent, which none of our columns accepts.
        stored! { [] $($module)::+::$name, Text: |value| serde_json::to_string(value).ok().to_value(); }

        impl FromValue for $($module)::+::$name {
            fn from_value(value: Value) -> Result<Self, String> {
                serde_json::from_str(&value.text()?).map_err(|error| error.to_string())
            }
        }
    )+};
}

texts! {
    ApiKeyId in app::domain;
    SavedViewId in app::domain;
    FilteredList in app::domain::saved_views;
    AuditEventId in app::domain;
    OrganizationId in app::domain;
    StaffId in app::domain;
    StaffSessionId in app::domain;
    SupportSessionId in app::domain;
    TenantId in app::domain;
    TenantUserId in app::domain;
    UserSessionId in app::domain;
    ForwardAuthProfile in app::domain::access_log;
    Refusal in app::domain::access_log;
    RequestOutcome in app::domain::access_log;
    ActorType in app::domain::audit;
    AuditCategory in app::domain::audit;
    AuditOutcome in app::domain::audit;
    Health in app::domain::health;
    ScopeName in app::domain::scopes;
    LinkPurpose in app::domain::staff;
    OrganizationStatus in app::domain::tenants;
    TenantKind in app::domain::tenants;
    TenantStatus in app::domain::tenants;
}

words! {
    IpNet in ipnet;
    ApiRight in app::domain::api_keys;
    ScopeName in app::domain::scopes;
    Role in app::domain::staff;
}

json! {
    UpgradeTally in app::domain::access_log;
    Cause in app::domain::health;
    TenantSettings in app::domain::tenants;
    IngestReport in app::domain::telemetry;
    Value in serde_json;
}

fn parsed<T: std::str::FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}
