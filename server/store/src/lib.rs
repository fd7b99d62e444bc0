//! The data store, and the only SQL.
//!
//! Two engines behind one interface: SQLite embedded, PostgreSQL for more than one node. Query
//! texts use `$1, $2` and the common subset of both engines, and the tests prepare each text on
//! both. Nothing here decides about permissions: services do.

mod act;
mod batch;
mod changes;
mod condition;
mod connection;
mod engine;
mod error;
mod folding;
mod in_list;
mod lane;
mod migrate;
mod pools;
mod postgres;
mod record;
mod refold;
mod row;
mod rows;
mod sought;
mod sql;
mod sqlite;
mod transaction;
mod value;
mod writer;

pub mod access_log;
pub mod api_keys;
pub mod audit;
pub mod browser_sessions;
pub mod calls;
pub mod health_history;
pub mod legal_holds;
pub mod listing;
pub mod nodes;
pub mod organizations;
pub mod revocation_receipts;
pub mod rule_sets;
pub mod saved_views;
pub mod sign_in_failures;
pub mod staff;
pub mod staff_links;
pub mod staff_sessions;
pub mod store_sizes;
pub mod support_sessions;
pub mod telemetry;
pub mod tenants;
pub mod user_sessions;

#[cfg(test)]
mod contract;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use act::{ActError, Audited, Priority};
pub use changes::{Change, ChangeKind};
pub use condition::Outage;
pub use connection::{Db, Query, Reader};
pub use engine::{Engine, Store, StoreOptions};
pub use error::{EngineError, MigrationError, StoreError};
pub use folding::{fold, sort_key};
pub use lane::Lane;
pub use migrate::SchemaVersion;
pub use record::Record;
pub use row::{FromRow, Row};
pub use sought::{Sought, searchable};
pub use sql::Statement;
pub use sqlite::{Restore, hand_to_owner_of_folder};
pub use transaction::{Bookkeeping, Tx};
pub use value::{FromValue, ToValue, Value};
