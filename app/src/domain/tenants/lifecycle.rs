//! The lifecycle of a tenant as a state machine: which status may follow which, and what each change
//! means for support sessions and user sessions.
//!
//! It binds the console where it is the master of tenants. A platform that is the master has a
//! lifecycle of its own, and the console takes the status that it registers.

use serde::{Deserialize, Serialize};

use super::TenantStatus;
use crate::domain::problem::{Problem, ProblemCode};

/// A change of status that the lifecycle permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChange {
    from: TenantStatus,
    to: TenantStatus,
}

/// What a status means for the sessions in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusEffect {
    /// Active support sessions are revoked, and none can be created.
    pub bars_support: bool,
    /// Active user sessions are ended when the tenant gets this status.
    pub ends_user_sessions: bool,
}

impl TenantStatus {
    /// The statuses that may follow. A closed tenant stays closed.
    pub const fn next(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Onboarding, Self::Closed],
            Self::Onboarding => &[Self::Trial, Self::Active, Self::Closed],
            Self::Trial => &[Self::Active, Self::Suspended, Self::Closed],
            Self::Active => &[Self::Suspended, Self::Closed],
            Self::Suspended => &[Self::Active, Self::Closed],
            Self::Closed => &[],
        }
    }

    /// The change to another status.
    ///
    /// # Errors
    ///
    /// If the lifecycle does not permit it.
    pub fn change_to(self, to: Self) -> Result<StatusChange, Problem> {
        match self.next().contains(&to) {
            true => Ok(StatusChange { from: self, to }),
            false => Err(Problem::new(ProblemCode::Conflict, self.refusal(to))),
        }
    }

    fn refusal(self, to: Self) -> String {
        let (from, to) = (self.label(), to.label());
        match self.next() {
            _ if from == to => format!("The tenant's status is {to} already."),
            [] => format!("The tenant's status is {from}, and stays so."),
            next => {
                let next: Vec<_> = next.iter().map(|status| status.label()).collect();
                let next = next.join(" or ");
                format!("The tenant's status is {from}. The next can be {next}, not {to}.")
            }
        }
    }

    /// What the status means for sessions. `end_when_suspended` is the setting of support sessions
    /// in the configuration.
    pub const fn effect(self, end_when_suspended: bool) -> StatusEffect {
        match self {
            Self::Closed => StatusEffect {
                bars_support: true,
                ends_user_sessions: true,
            },
            Self::Suspended => StatusEffect {
                bars_support: end_when_suspended,
                ends_user_sessions: true,
            },
            Self::Pending | Self::Onboarding | Self::Trial | Self::Active => StatusEffect {
                bars_support: false,
                ends_user_sessions: false,
            },
        }
    }
}

impl StatusChange {
    /// The status before.
    pub const fn from(self) -> TenantStatus {
        self.from
    }

    /// The status after.
    pub const fn to(self) -> TenantStatus {
        self.to
    }

    /// What people call the change: `Suspend`.
    pub const fn verb(self) -> &'static str {
        verb(self.from, self.to)
    }

    /// Whether it can't be undone.
    pub const fn is_final(self) -> bool {
        self.to.next().is_empty()
    }
}

const fn verb(from: TenantStatus, to: TenantStatus) -> &'static str {
    match (from, to) {
        (TenantStatus::Pending, TenantStatus::Onboarding) => "Approve",
        (TenantStatus::Suspended, TenantStatus::Active) => "Reactivate",
        _ => to_verb(to),
    }
}

/// What people call a change to a status, whatever the status before.
pub const fn to_verb(to: TenantStatus) -> &'static str {
    match to {
        TenantStatus::Active => "Activate",
        TenantStatus::Suspended => "Suspend",
        TenantStatus::Pending => "Set to pending",
        TenantStatus::Trial => "Start trial",
        TenantStatus::Onboarding => "Start onboarding",
        TenantStatus::Closed => "Close",
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Every pair, so that a change of the lifecycle is a change of this text.
    #[test]
    fn exactly_these_changes_are_permitted() {
        let mut permitted = String::new();
        for from in TenantStatus::ALL {
            for to in TenantStatus::ALL {
                if let Ok(change) = from.change_to(*to) {
                    assert_eq!((change.from(), change.to()), (*from, *to));
                    writeln!(permitted, "{from} → {to}: {}", change.verb()).unwrap();
                }
            }
        }
        assert_eq!(
            permitted,
            "active → suspended: Suspend\n\
             active → closed: Close\n\
             suspended → active: Reactivate\n\
             suspended → closed: Close\n\
             pending → onboarding: Approve\n\
             pending → closed: Close\n\
             trial → active: Activate\n\
             trial → suspended: Suspend\n\
             trial → closed: Close\n\
             onboarding → active: Activate\n\
             onboarding → trial: Start trial\n\
             onboarding → closed: Close\n"
        );
    }

    #[test]
    fn every_tenant_can_be_closed_and_a_closed_one_stays_closed() {
        for status in TenantStatus::ALL {
            let change = status.change_to(TenantStatus::Closed);
            assert_eq!(change.is_ok(), *status != TenantStatus::Closed);
            assert!(TenantStatus::Closed.change_to(*status).is_err());
            assert!(change.is_err() || change.unwrap().is_final());
        }
    }

    #[test]
    fn no_status_is_a_dead_end_but_closed() {
        for status in TenantStatus::ALL {
            assert_eq!(
                status.next().is_empty(),
                *status == TenantStatus::Closed,
                "{status}"
            );
            assert!(!status.next().contains(status), "{status}");
        }
    }

    #[test]
    fn a_refused_change_says_what_is_possible() {
        let refused = |from: TenantStatus, to| from.change_to(to).unwrap_err().detail;
        assert_eq!(
            refused(TenantStatus::Trial, TenantStatus::Pending),
            "The tenant's status is Trial. The next can be Active or Suspended or Closed, not Pending."
        );
        assert_eq!(
            refused(TenantStatus::Closed, TenantStatus::Active),
            "The tenant's status is Closed, and stays so."
        );
        assert_eq!(
            refused(TenantStatus::Active, TenantStatus::Active),
            "The tenant's status is Active already."
        );
    }

    #[test]
    fn only_a_suspension_and_an_end_reach_sessions() {
        for status in TenantStatus::ALL {
            for configured in [false, true] {
                let effect = status.effect(configured);
                let is_closed = *status == TenantStatus::Closed;
                let is_suspended = *status == TenantStatus::Suspended;
                assert_eq!(
                    effect.bars_support,
                    is_closed || is_suspended && configured,
                    "{status}"
                );
                assert_eq!(
                    effect.ends_user_sessions,
                    is_closed || is_suspended,
                    "{status}"
                );
            }
        }
    }
}
