//! The audit event of an expiry. A session expires without it. The event only reports the true
//! instant, some time later.

use std::{sync::Arc, time::Duration};

use app::domain::{
    SupportSessionId, Timestamp,
    audit::{AuditAction, ExpiryCause, SessionHolder},
    caller::{Caller, Context, Origin},
    support_sessions::SupportSession,
};
use chrono::TimeDelta;
use gateway::{SessionGates, ports::Ended};
use store::{
    ActError as _, Audited, Change, ChangeKind, Lane, StoreError, support_sessions::ExpiredSession,
};
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::services::{Acting, Core, ServiceError};

/// How long the task waits when the store does not answer.
const RETRY: Duration = Duration::from_secs(1);
/// How long an expiry is left to the node whose turn it is.
const LEFT_FOR: TimeDelta = TimeDelta::seconds(5);

/// Ends expired sessions on this node until `shutdown`, and records the expiries if this node is
/// the first of those that serve. Sessions that expired while no server ran come first.
pub async fn record_expiries(
    core: Core,
    gates: Arc<SessionGates>,
    boot: String,
    shutdown: CancellationToken,
) {
    let mut changes = core.store.changes();
    let mut expiries = Expiries {
        core,
        gates,
        boot,
        ended_up_to: START,
    };
    loop {
        let next = match expiries.look().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(error = %error, "can't record expiries");
                tokio::select! {
                    () = shutdown.cancelled() => return,
                    () = tokio::time::sleep(RETRY) => continue,
                }
            }
        };
        let due = async {
            match next {
                Some(at) => expiries.core.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = due => {}
            // A new session may expire before the awaited one.
            goes_on = a_session_changed(&mut changes) => {
                if !goes_on {
                    return;
                }
            }
        }
    }
}

/// Waits for a change of a support session, or for changes that were missed. One look answers all that have come. Returns
/// whether there can be another.
async fn a_session_changed(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(change) if change.kind == ChangeKind::SupportSession => break,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => break,
            Err(RecvError::Closed) => return false,
        }
    }
    while let Ok(_) | Err(TryRecvError::Lagged(_)) = changes.try_recv() {}
    true
}

struct Expiries {
    core: Core,
    gates: Arc<SessionGates>,
    boot: String,
    /// The last session whose requests have been ended here.
    ended_up_to: At,
}

/// A session's place in the order of ends.
type At = (Timestamp, SupportSessionId);

/// Before all of them.
const START: At = (
    Timestamp::UNIX_EPOCH,
    SupportSessionId::from_uuid(Uuid::nil()),
);

impl Expiries {
    /// Does what is due. Returns the instant of the next work.
    async fn look(&mut self) -> Result<Option<Timestamp>, ServiceError> {
        let now = self.core.now();
        self.end_here(now).await?;
        let mut reader = self.core.store.read().await?;
        let is_first = reader.db().is_first_node(&self.boot, now).await?;
        drop(reader);
        let left_for = if is_first {
            TimeDelta::zero()
        } else {
            LEFT_FOR
        };
        self.record_before(now - left_for).await?;
        let mut reader = self.core.store.read().await?;
        let (unrecorded, next) = reader.db().next_expiries(now).await?;
        // An expiry that is left to another node is recorded here if that node does not.
        let unrecorded = unrecorded.map(|at| at + LEFT_FOR);
        Ok(unrecorded.into_iter().chain(next).min())
    }

    /// Ends expired sessions on this node. A record that is being written may still postpone an end
    /// for idleness.
    async fn end_here(&mut self, now: Timestamp) -> Result<(), ServiceError> {
        // The clock may have been set back.
        self.ended_up_to = self.ended_up_to.min((now, START.1));
        loop {
            let due = self.expired(self.ended_up_to, now).await?;
            let Some(last) = due.last() else {
                return Ok(());
            };
            self.ended_up_to = (last.ends_at, last.id);
            for session in due.iter().filter(|session| !session.ends_idle()) {
                self.gates.end(session.id, Ended::Expired);
            }
        }
    }

    async fn expired(
        &self,
        (after, id): At,
        now: Timestamp,
    ) -> Result<Vec<ExpiredSession>, StoreError> {
        let mut reader = self.core.store.read().await?;
        let mut db = reader.db();
        db.list_expired(after, id, now).await
    }

    async fn record_before(&self, before: Timestamp) -> Result<(), ServiceError> {
        let (mut after, mut failed) = (START, None);
        loop {
            let due = self.expired(after, before).await?;
            let Some(last) = due.last() else {
                return failed.map_or(Ok(()), Err);
            };
            after = (last.ends_at, last.id);
            for session in due {
                match self.record(session.id).await {
                    Ok(()) => {}
                    Err(error) if error.outage().is_some() => return Err(error),
                    // One that can't be recorded delays no others.
                    Err(error) => failed = Some(error),
                }
            }
        }
    }

    async fn record(&self, id: SupportSessionId) -> Result<(), ServiceError> {
        let mut reader = self.core.store.read().await?;
        let found = reader.db().lookup_support_session(id).await?;
        drop(reader);
        let Some(session) = found else { return Ok(()) };
        let ends_idle = session.ends_idle();
        let system = Context {
            caller: Caller::System,
            origin: Origin::default(),
        };
        let record = self.core.act(&system, session, |session, act| {
            Box::pin(record_expiry(act, session))
        });
        let told = Lane::Ends.run(record).await?;
        if told && ends_idle {
            self.gates.end(id, Ended::Expired);
        }
        Ok(())
    }
}

async fn record_expiry(
    mut act: Acting<'_, '_>,
    session: &SupportSession,
) -> Result<Audited<bool>, ServiceError> {
    let (id, tenant) = (session.id, Some(&session.tenant_id));
    let (confirmed, now) = (act.core.clock.confirmed(), act.now());
    if !act.tx.mark_expiry_recorded(id, confirmed, now).await? {
        return Ok(Audited::unchanged(false));
    }
    let expired_at = session.ends_at().min(confirmed);
    let action = AuditAction::SupportSessionExpired {
        expired_at,
        was_due_at: session.ends_at(),
        cause: match session.ends_idle() {
            true => ExpiryCause::Idle,
            false => ExpiryCause::Ttl,
        },
        idle_minutes: session.limits.idle_minutes,
        holder: SessionHolder::from(session),
    };
    let mut event = act.core.event(act.context, tenant, id, action);
    event.occurred_at = expired_at;
    let receipt = act.tx.append_audit(event);
    act.change(ChangeKind::SupportSession, id).await?;
    Ok(Audited::new(true, receipt))
}

#[cfg(test)]
mod tests {
    use app::{
        domain::{audit::AuditFilter, staff::Role, support_sessions::SupportSessionForm},
        ports::CreateSupportSessions as _,
    };
    use futures::FutureExt;
    use store::{Priority, audit::AuditReach, listing::PageAt, nodes::NewNode};
    use tokio::sync::broadcast;

    use super::*;
    use crate::services::testing::{World, form, noon, staff, staff_id, tenant, worlds};

    async fn join(world: &World, boot: &str) {
        let node = NewNode {
            boot: boot.to_owned(),
            node: boot.to_owned(),
            lease: TimeDelta::hours(1),
            applied: 0,
            confirmed_at: noon(),
            rule_hash: String::new(),
            version: env!("CARGO_PKG_VERSION"),
        };
        let added = world.core.store.write(Priority::Normal, node, |node, tx| {
            Box::pin(async move { tx.add_node(node, noon()).await })
        });
        added.await.unwrap();
    }

    fn node(world: &World, boot: &str) -> Expiries {
        Expiries {
            core: world.core.clone(),
            gates: SessionGates::new(),
            boot: boot.to_owned(),
            ended_up_to: START,
        }
    }

    /// A session that expires at that moment.
    async fn expired(world: &World) -> SupportSession {
        let holder = staff(1, &[Role::SupportAdmin], world.core.now());
        let form = SupportSessionForm {
            idempotency_key: Uuid::from_u128(world.core.now().timestamp().unsigned_abs().into())
                .to_string(),
            ..form()
        };
        let service = world.support_sessions();
        let created = service.create(&holder, &tenant("acme"), form).await;
        let session = created.unwrap().session;
        world.clock.set(session.expires_at);
        session
    }

    async fn recorded(world: &World) -> usize {
        let filter = AuditFilter {
            action: Some("support_session.expired".into()),
            ..AuditFilter::default()
        };
        let mut reader = world.core.store.read().await.unwrap();
        let mut db = reader.db();
        let found = db.list_audit_events(&AuditReach::All, &filter, PageAt::first(200));
        found.await.unwrap().items.len()
    }

    #[tokio::test]
    async fn one_node_records_an_expiry_and_another_one_only_if_that_one_does_not() {
        // SQLite has one node.
        let world = worlds().await.remove(1);
        assert_eq!(world.engine, "postgres");
        for boot in ["a", "b"] {
            join(&world, boot).await;
        }
        let (mut first, mut second) = (node(&world, "a"), node(&world, "b"));

        let session = expired(&world).await;
        let _used = second.gates.close(session.id).await;
        let left_until = session.expires_at + LEFT_FOR;
        assert_eq!(second.look().await.unwrap(), Some(left_until));
        assert!(second.gates.has_ended(session.id), "it ends here at once");
        assert_eq!(recorded(&world).await, 0);
        assert_eq!(first.look().await.unwrap(), None);
        assert_eq!(second.look().await.unwrap(), None);
        assert_eq!(recorded(&world).await, 1);

        // The first one hangs.
        let session = expired(&world).await;
        let left_until = session.expires_at + LEFT_FOR;
        assert_eq!(second.look().await.unwrap(), Some(left_until));
        world.clock.set(left_until);
        assert_eq!(second.look().await.unwrap(), None);
        assert_eq!(recorded(&world).await, 2);

        // It has stopped.
        let ended = world.core.store.write(Priority::Normal, (), |(), tx| {
            Box::pin(async move { tx.end_node("a", noon(), noon()).await })
        });
        ended.await.unwrap();
        expired(&world).await;
        assert_eq!(second.look().await.unwrap(), None);
        assert_eq!(recorded(&world).await, 3);
    }

    #[tokio::test]
    async fn any_number_of_sessions_that_expire_at_one_instant_end_and_are_recorded() {
        for world in worlds().await {
            join(&world, "a").await;
            let ada = world.add_staff(staff_id(0xa1), "Ada").await;
            let (mut first, mut uses, mut ids) = (node(&world, "a"), Vec::new(), Vec::new());
            for number in 1..=250 {
                let id = Uuid::from_u128(number);
                let session = world.add_session(id, "acme", &ada).await;
                uses.push(first.gates.close(session.id).await);
                ids.push(session.id);
                world.clock.set(session.expires_at);
            }
            // One that can't be read keeps no other.
            let odd = "UPDATE support_sessions SET scopes = '?' WHERE id = '00000000-0000-0000-0000-000000000003'";
            assert_eq!(world.run(odd).await, 1);
            assert!(first.look().await.is_err(), "{}: it is named", world.engine);
            let going = ids.iter().filter(|id| !first.gates.has_ended(**id));
            assert_eq!(going.count(), 0, "{}", world.engine);
            let mut reader = world.core.store.read().await.unwrap();
            let mut db = reader.db();
            let left = db.list_expired(START.0, START.1, world.core.now());
            assert_eq!(left.await.unwrap().len(), 1, "{}", world.engine);
        }
    }

    #[tokio::test]
    async fn any_number_of_changes_is_answered_by_one_look() {
        let (sender, mut changes) = broadcast::channel(4);
        for number in 0..6 {
            let (kind, subject) = (ChangeKind::SupportSession, String::new());
            sender
                .send(Change {
                    number,
                    kind,
                    subject,
                })
                .unwrap();
        }
        assert_eq!(a_session_changed(&mut changes).now_or_never(), Some(true));
        assert_eq!(a_session_changed(&mut changes).now_or_never(), None);
    }

    #[tokio::test]
    async fn only_changes_of_support_sessions_wake_the_task() {
        let (sender, mut changes) = broadcast::channel(4);
        let send = |kind| {
            let (number, subject) = (1, String::new());
            let change = Change {
                number,
                kind,
                subject,
            };
            sender.send(change).unwrap();
        };
        for kind in [ChangeKind::Health, ChangeKind::Tenant, ChangeKind::Staff] {
            send(kind);
        }
        assert_eq!(a_session_changed(&mut changes).now_or_never(), None);
        send(ChangeKind::SupportSession);
        assert_eq!(a_session_changed(&mut changes).now_or_never(), Some(true));
        for _ in 0..6 {
            send(ChangeKind::Health);
        }
        let missed = a_session_changed(&mut changes).now_or_never();
        assert_eq!(missed, Some(true), "it may have been one of a session");
        drop(sender);
        while changes.try_recv().is_ok() {}
        assert!(!a_session_changed(&mut changes).await);
    }
}
