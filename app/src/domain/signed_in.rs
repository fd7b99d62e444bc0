//! The signed-in staff member of this page.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    nodes::NodeRules, record::RecordOutage, staff::StaffMember, support_sessions::SupportSession,
};

text_enum! {
    /// Why someone who has signed in is not signed in.
    pub enum LostSignIn {
        /// The browser has sent none of our cookies since.
        NotKept = "not-kept",
        /// The browser has sent the cookie, and this server doesn't take it.
        NotTaken = "not-taken",
        /// Its time is over, or it was not used for long.
        Expired = "expired",
        /// It was ended: by a sign-out elsewhere, another password, or in a shell.
        Ended = "ended",
        /// The account was deactivated.
        Deactivated = "deactivated",
    }
}

impl LostSignIn {
    /// What happened, and what to do.
    pub const fn sentences(self) -> &'static str {
        match self {
            Self::NotKept => {
                "Your browser didn't keep the sign-in's cookie. Allow cookies for this site, then sign in again. If \
                 the console is shown inside another page, or its address begins with http://, open its https:// \
                 address in a tab of its own."
            }
            Self::Expired => "Your sign-in has expired. Sign in again to go on.",
            Self::Ended => {
                "You were signed out, because you signed out in another window, your password was changed, or an \
                 administrator ended your sign-in. Sign in again."
            }
            Self::Deactivated => {
                "Your account was deactivated. If you think that this is a mistake, ask a super admin."
            }
            Self::NotTaken => {
                "Your sign-in was ended again at once. Sign in once more. If that doesn't help, ask your \
                 administrator whether the clocks of the console's servers agree."
            }
        }
    }
}

/// The signed-in staff member, as pages need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The staff member.
    pub staff: StaffMember,
    /// When the person last proved their identity.
    pub signed_in_at: DateTime<Utc>,
    /// The password was given by someone else and must be changed first.
    pub must_change_password: bool,
    /// Support sessions that the person holds and that are active: the band at the top.
    pub own_active: Vec<SupportSession>,
    /// How many support sessions are active on the platform.
    pub active_support_sessions: u64,
    /// Set while nothing can be recorded, and so nothing is forwarded.
    pub record_outage: Option<RecordOutage>,
    /// The nodes and their rules while these differ, in which case nothing is forwarded. Otherwise
    /// empty.
    #[serde(default)]
    pub rules_differ: Vec<NodeRules>,
    /// The server's time.
    pub now: DateTime<Utc>,
}

impl SignedIn {
    /// Whether the person may use the console: they have a support role and chose their own
    /// password.
    pub fn may_enter(&self) -> bool {
        self.staff.may_enter() && !self.must_change_password
    }
}
