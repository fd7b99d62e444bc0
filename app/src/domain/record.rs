//! Whether requests of support sessions can be recorded.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// What a request's record survives before the request is forwarded.
    pub enum RecordLevel {
        /// The loss of power: it is flushed to the disk.
        Flushed = "flushed",
        /// The end of this program, however sudden; not that of the machine or of PostgreSQL.
        Written = "written",
    }
}

text_enum! {
    /// Why nothing can be recorded.
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
        /// A flush failed, or what is stored is damaged: nothing is served until a restart.
        Broken = "broken",
    }
}

impl OutageCause {
    /// What is wrong, and what to do, for staff.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Full => "The data store has no space left: free some.",
            Self::ReadOnly => "The data store can't be written: give back the right to write.",
            Self::Locked => "Another process holds the data store: find it and end it.",
            Self::Unreachable => "The data store does not answer.",
            Self::Slow => "The data store takes too long.",
            Self::Broken => {
                "The data store failed to keep what it was given. Check the disk, then restart \
                 Support Console."
            }
        }
    }
}

/// A time during which nothing can be recorded, and so nothing is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordOutage {
    /// When it was noticed.
    pub since: DateTime<Utc>,
    /// Why.
    pub cause: OutageCause,
}
