//! The audit events of failed sign-ins, and their bound.

use std::sync::{Mutex, PoisonError};

use app::domain::{
    StaffId, Timestamp,
    audit::{AuditAction, AuditOutcome, SignInFailure},
    caller::Context,
};
use chrono::TimeDelta;

use super::StaffSessions;
use crate::services::ServiceError;

/// How many failed sign-ins are recorded in `PER`. The throttle limits those of one address. This
/// limits those of many, which must not fill the disk.
const RECORDED: u32 = 60;
const PER: TimeDelta = TimeDelta::minutes(1);

/// Counts the failed sign-ins of this process.
#[derive(Default)]
pub(super) struct FailedSignIns(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    since: Option<Timestamp>,
    recorded: u32,
    left_out: u64,
}

impl FailedSignIns {
    /// If another event may be recorded: how many were left out since the last one.
    fn pass(&self, now: Timestamp) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock set back begins a new span rather than none for hours.
        if counted
            .since
            .is_none_or(|since| now - since >= PER || now < since)
        {
            counted.since = Some(now);
            counted.recorded = 0;
        }
        if counted.recorded == RECORDED {
            counted.left_out += 1;
            return None;
        }
        counted.recorded += 1;
        Some(std::mem::take(&mut counted.left_out))
    }
}

impl StaffSessions {
    /// Records a failed attempt. What was typed is not recorded: it may be a password.
    pub(super) async fn record_failure(
        &self,
        context: &Context,
        staff_id: Option<StaffId>,
        why: SignInFailure,
    ) -> Result<(), ServiceError> {
        let Some(left_out) = self.failed.pass(self.core.now()) else {
            return Ok(());
        };
        let mut event = self.core.event(
            context,
            None,
            staff_id.map_or_else(|| "unknown".into(), |id| id.to_string()),
            AuditAction::StaffSignInFailed { why, left_out },
        );
        event.outcome = AuditOutcome::Failure;
        self.core.append(event).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_failures_is_counted_but_not_recorded_one_by_one() {
        let failed = FailedSignIns::default();
        let start = Timestamp::UNIX_EPOCH;
        for _ in 0..RECORDED {
            assert_eq!(failed.pass(start), Some(0));
        }
        assert_eq!(failed.pass(start), None);
        assert_eq!(failed.pass(start + PER - TimeDelta::microseconds(1)), None);
        assert_eq!(failed.pass(start + PER), Some(2));
        assert_eq!(failed.pass(start + PER), Some(0));
    }
}
