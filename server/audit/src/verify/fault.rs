//! The faults of recorded events.

use std::fmt;

/// A fault of a recorded event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is not an event.
    #[error("can't be read: {0}")]
    Unreadable(String),
    /// Its version of the format is unknown.
    #[error("has version {0} of the format, which this program does not know")]
    UnknownVersion(String),
    /// Its chain is not the chain of its tenant.
    #[error("stands in a chain that is not its tenant's")]
    Chain,
    /// Its hash doesn't match its content.
    #[error("was changed: its hash is not that of its content")]
    Hash,
    /// It does not name the hash of the event before it.
    #[error("does not follow from the event before it: one of the two was changed or put in")]
    Prev,
    /// Events before it are missing.
    #[error("comes where {expected} should: what lies in between was taken out")]
    Gap {
        /// The position that should come here.
        expected: u64,
    },
    /// It is in the wrong place.
    #[error("is out of order: it and {before} changed places")]
    Reordered {
        /// The position on the wrong side of it.
        before: u64,
    },
    /// Its position occurred before.
    #[error("stands here twice")]
    Duplicate,
    /// The chain ends before its head.
    #[error("is the last one, but the head is at {head}: the end was cut off")]
    Shortened {
        /// The position of the chain's head.
        head: u64,
    },
    /// The chain's last event is not its head.
    #[error("is the last one, but is not what the chain's head (at {head}) tells")]
    Head {
        /// The position of the chain's head.
        head: u64,
    },
    /// The chain begins after a checkpoint that proves nothing.
    #[error(
        "begins after the checkpoint at {seq}, but {why}: what lies before may have been taken out"
    )]
    Checkpoint {
        /// The checkpoint's position.
        seq: u64,
        /// Why it proves nothing.
        why: String,
    },
    /// A head that was kept elsewhere contradicts it.
    #[error("does not agree with the kept head at {head}: the chain was rewritten")]
    KeptHead {
        /// The kept head's position.
        head: u64,
    },
    /// A head that was kept elsewhere can't be compared with these events.
    #[error("the kept head at {head} lies outside of these events, so nothing is proved by it")]
    HeadNotCovered {
        /// The kept head's position.
        head: u64,
    },
    /// A head that was kept elsewhere may be that of an event that can't be read.
    #[error("the kept head at {head} may lie in what can't be read, so nothing is proved by it")]
    HeadUnreadable {
        /// The kept head's position.
        head: u64,
    },
    /// What events of a store have in common was changed or put in, whether or not an event has it.
    #[error("row {number} of audit_deeds was changed or put in: it does not fit its digest")]
    Deed {
        /// The deed's number.
        number: i64,
    },
}

impl Wrong {
    /// One word for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::UnknownVersion(_) => "unknown_version",
            Self::Chain => "chain",
            Self::Hash => "hash",
            Self::Prev => "prev",
            Self::Gap { .. } => "gap",
            Self::Reordered { .. } => "reordered",
            Self::Duplicate => "duplicate",
            Self::Shortened { .. } => "shortened",
            Self::Head { .. } => "head",
            Self::Checkpoint { .. } => "checkpoint",
            Self::KeptHead { .. } => "kept_head",
            Self::HeadNotCovered { .. } => "head_not_covered",
            Self::HeadUnreadable { .. } => "head_unreadable",
            Self::Deed { .. } => "deed",
        }
    }
}

/// A fault, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The chain with the fault, if it is known.
    pub chain: Option<String>,
    /// The event's position in it.
    pub seq: Option<u64>,
    /// The ID of the event with the fault, if it is readable.
    pub id: Option<String>,
    /// The line of the export, from 1.
    pub line: Option<u64>,
    /// The first fault found in the chain.
    pub wrong: Wrong,
}

impl Fault {
    /// Whether it is a line that could not be read, so that nothing is known about the record
    /// there.
    pub const fn is_unreadable_line(&self) -> bool {
        self.chain.is_none() && matches!(self.wrong, Wrong::Unreadable(_))
    }

    /// Whether it contradicts the record, and is not only a damage of the file.
    pub const fn contradicts(&self) -> bool {
        !self.is_unreadable_line() && !matches!(self.wrong, Wrong::HeadUnreadable { .. })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(chain) = &self.chain {
            write!(f, "{chain} ")?;
        }
        if let Some(seq) = self.seq {
            write!(f, "event {seq} ")?;
        }
        if let Some(id) = &self.id {
            write!(f, "({id}) ")?;
        }
        if let Some(line) = self.line {
            write!(f, "in line {line} ")?;
        }
        write!(f, "[{}]: {}", self.wrong.code(), self.wrong)
    }
}
