//! A session ends once and stays as it ended, at any time and for anyone who tries to revoke it.

use chrono::TimeDelta;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::SupportSessionId;

const ISSUED: &str = "2026-11-22T12:00:00Z";

/// What happens to a session, one after the other.
#[derive(Debug, Clone, Copy)]
enum Step {
    Pass(TimeDelta),
    Revoke,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let minutes = 60_000_000_i64;
    let step = prop_oneof![
        3 => (0..20 * minutes).prop_map(|us| Step::Pass(TimeDelta::microseconds(us))),
        // Right at the instant of expiry, and just before and after it.
        1 => (15 * minutes - 1..=15 * minutes + 1).prop_map(|us| Step::Pass(TimeDelta::microseconds(us))),
        2 => Just(Step::Revoke),
    ];
    proptest::collection::vec(step, 1..12)
}

fn session() -> SupportSession {
    let issued_at: Timestamp = ISSUED.parse().unwrap();
    SupportSession {
        id: SupportSessionId::from_uuid(Uuid::from_u128(1)),
        tenant_id: "acme".parse().unwrap(),
        tenant_name: "Acme".into(),
        organization_id: None,
        staff_id: StaffId::from_uuid(Uuid::from_u128(2)),
        staff_name: "Ana".into(),
        scopes: vec!["read_only".parse().unwrap()],
        reason: "Attestations fail".into(),
        ticket: None,
        ip: "127.0.0.1".into(),
        user_agent: "a browser".into(),
        issued_at,
        expires_at: issued_at + TimeDelta::minutes(15),
        revocation: None,
        requests_forwarded: 0,
        requests_refused: 0,
        rule_set: String::new(),
        limits: SessionLimits::default(),
    }
}

/// Revokes as the service does: only what is active.
fn try_to_revoke(
    session: &mut SupportSession,
    now: Timestamp,
    by: usize,
) -> Result<(), AlreadyEnded> {
    let active = session.lifecycle(now).into_active()?;
    let revocation = Revocation {
        at: now,
        by: None,
        by_name: format!("admin {by}"),
        reason: None,
        receipts: Vec::new(),
    };
    match active.revoke(revocation) {
        Lifecycle::Revoked(revocation) => session.revocation = Some(revocation),
        other => panic!("revoked, and yet {other:?}"),
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_session_ends_once_and_stays_as_it_ended(steps in steps()) {
        let mut session = session();
        let mut now = session.issued_at;
        let mut ended: Option<SupportSessionStatus> = None;
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Pass(time) => now += time,
                Step::Revoke => {
                    let before = session.clone();
                    let in_time = ended.is_none() && now < session.expires_at;
                    match try_to_revoke(&mut session, now, number) {
                        Ok(()) => prop_assert!(in_time),
                        Err(AlreadyEnded::Expired { at }) => {
                            prop_assert!(now >= at);
                            // The true instant, however late it is noticed.
                            prop_assert_eq!(at, session.expires_at);
                            prop_assert_eq!(&before, &session);
                        }
                        Err(AlreadyEnded::Revoked(first)) => {
                            prop_assert!(!in_time);
                            prop_assert_eq!(before.revocation, Some(first));
                        }
                    }
                }
            }
            let status = session.status(now);
            if let Some(ended) = ended {
                prop_assert_eq!(status, ended);
            }
            match status {
                SupportSessionStatus::Active => prop_assert!(now < session.expires_at),
                SupportSessionStatus::Expired => {
                    prop_assert!(now >= session.expires_at && session.revocation.is_none());
                }
                SupportSessionStatus::Revoked => {
                    let at = session.revocation.as_ref().map(|revocation| revocation.at);
                    prop_assert!(at.is_some_and(|at| at < session.expires_at));
                }
            }
            ended = (status != SupportSessionStatus::Active).then_some(status);
        }
    }
}
