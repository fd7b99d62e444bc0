//! Who is signed in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    nodes::NodeRules, record::RecordOutage, staff::StaffMember, support_sessions::SupportSession,
};

/// Who is signed in, as the pages need to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The staff member.
    pub staff: StaffMember,
    /// When the person last proved to be who it is.
    pub signed_in_at: DateTime<Utc>,
    /// The password was given by someone else and must be changed first.
    pub must_change_password: bool,
    /// Support sessions that the person holds and that are active: the band at the top.
    pub own_active: Vec<SupportSession>,
    /// How many support sessions are active on the platform.
    pub active_support_sessions: u64,
    /// Set while nothing can be recorded, and so nothing is forwarded.
    pub record_outage: Option<RecordOutage>,
    /// The nodes and their rules, while these differ, and so nothing is forwarded; else empty.
    #[serde(default)]
    pub rules_differ: Vec<NodeRules>,
    /// The server's time.
    pub now: DateTime<Utc>,
}

impl SignedIn {
    /// Whether this person is told anything: has a support role, and a password of one's own.
    pub fn may_enter(&self) -> bool {
        self.staff.may_enter() && !self.must_change_password
    }
}
