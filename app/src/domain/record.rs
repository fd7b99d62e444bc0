//! Whether requests of support sessions can be recorded.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// The events that a request's record survives before the request is forwarded.
    pub enum RecordLevel {
        /// The loss of power: it is flushed to the disk.
        Flushed = "flushed",
        /// A crash of this program, but not of the machine or of PostgreSQL.
        Written = "written",
    }
}

text_enum! {
    /// Why requests can't be recorded.
    pub enum OutageCause {
        /// There is no space left.
        Full = "full",
        /// The store may be read only.
        ReadOnly = "read_only",
        /// Another process holds the store.
        Locked = "locked",
        /// The store does not answer.
        Unreachable = "unreachable",
        /// The store takes longer than `gateway.record_timeout_ms`.
        Slow = "slow",
        /// A flush failed, or stored data is damaged: nothing is served until a restart.
        Broken = "broken",
    }
}

impl OutageCause {
    /// The cause and the remedy, for staff.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Full => "The data store is full. Free some space.",
            Self::ReadOnly => "The data store is read-only. Make it writable.",
            Self::Locked => "Another process has locked the data store. Find it and stop it.",
            Self::Unreachable => "The data store doesn't respond.",
            Self::Slow => "The data store is too slow.",
            Self::Broken => {
                "The data store failed to save data. Check the disk, then restart Support Console."
            }
        }
    }
}

/// A time during which nothing can be recorded, and so nothing is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordOutage {
    /// When the outage was noticed.
    pub since: DateTime<Utc>,
    /// Why recording fails, as last seen.
    pub cause: OutageCause,
}
