//! What a change means for one page.

use app::domain::{
    StaffSessionId, SupportSessionId,
    caller::Caller,
    live::LiveEvent,
    policy::{Act, authorise},
};
use store::{Change, ChangeKind};
use tokio::time::Instant;

use super::{TOUCHED, Teller, Unserved};
use crate::services::ServiceError;

impl Teller {
    /// A request was made in a session, or may have been.
    pub(super) fn in_use(&mut self, session: Option<SupportSessionId>) {
        if let Some(session) = session.filter(|id| self.view.shown_sessions().contains(id)) {
            let now = Instant::now();
            self.dirty.in_use.insert(session, now);
            let unserved = Unserved::and(self.dirty.session_counts, now);
            self.dirty.session_counts = Some(unserved);
        }
    }

    /// Handles a change. Returns whether the staff member may still read.
    pub(super) async fn notice(&mut self, change: &Change) -> Result<bool, ServiceError> {
        let is_own = match change.kind {
            ChangeKind::Staff => change.subject == self.staff.staff_id.to_string(),
            ChangeKind::StaffSession => change.subject == self.staff.staff_session_id.to_string(),
            _ => false,
        };
        if is_own && !self.still_present().await? {
            return Ok(false);
        }
        // With other roles the page may show too much.
        let has_other_roles = is_own && change.kind == ChangeKind::Staff;
        if has_other_roles {
            self.reset_soon();
        } else if self.is_fetched_again_for(change).await? {
            if self.view.is_fetched_in_turns() {
                self.reset_in_turn();
            } else {
                self.reset_soon();
            }
        }
        match change.kind {
            ChangeKind::Tenant if !self.view.wants_tenant(&change.subject) => {}
            ChangeKind::Tenant | ChangeKind::Health => {
                let unserved = Unserved::and(self.dirty.tenants, Instant::now());
                self.dirty.tenants = Some(unserved);
            }
            ChangeKind::SupportSession => {
                let now = Instant::now();
                let unserved = Unserved::and(self.dirty.session_counts, now);
                self.dirty.session_counts = Some(unserved);
                if let Ok(session) = change.subject.parse() {
                    self.dirty.support_sessions.insert(session, now);
                }
                if self.dirty.support_sessions.len() > TOUCHED {
                    self.dirty.support_sessions.clear();
                    self.reset_soon();
                }
            }
            // Every page says so.
            ChangeKind::Node => return Ok(self.reset_soon()),
            ChangeKind::Staff
            | ChangeKind::StaffSession
            | ChangeKind::UserSessions
            | ChangeKind::ApiKey => {}
        }
        Ok(true)
    }

    /// Whether the page must fetch everything again after this change: it shows such data, and the
    /// viewer may read it now. Everyone may read their own sign-ins.
    async fn is_fetched_again_for(&self, change: &Change) -> Result<bool, ServiceError> {
        let Some(act) = self.view.fetched_again_for(change) else {
            return Ok(false);
        };
        if self.dirty.reset.is_some() {
            return Ok(false);
        }
        if self.may(act) {
            return Ok(true);
        }
        if change.kind != ChangeKind::StaffSession {
            return Ok(false);
        }
        let Ok(sign_in) = change.subject.parse::<StaffSessionId>() else {
            return Ok(false);
        };
        let holder = self.live.staff_sessions.holder_of_id(sign_in).await?;
        Ok(holder == Some(self.staff.staff_id))
    }

    /// Whether the viewer may do this, with the roles that were read last.
    pub(super) fn may(&self, act: Act<'_>) -> bool {
        let caller = Caller::Staff(self.staff.clone());
        authorise(&caller, act, self.live.core.now()).is_ok()
    }

    /// Reads the staff member again, and returns whether they may still read.
    pub(super) async fn still_present(&mut self) -> Result<bool, ServiceError> {
        let Some(staff) = self.live.staff_sessions.present(&self.staff).await? else {
            self.send(&LiveEvent::SignedOut);
            return Ok(false);
        };
        self.staff = staff;
        Ok(true)
    }
}
