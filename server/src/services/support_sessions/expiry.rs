//! The audit event of an expiry. A session expires without it: the event only reports the true
//! instant, at some later time.

use std::{sync::Arc, time::Duration};

use app::domain::{
    audit::{AuditAction, ExpiryCause, SessionHolder},
    caller::{Caller, Context, Origin},
    support_sessions::SupportSession,
};
use gateway::{SessionGates, ports::Ended};
use store::{Audited, Change, ChangeKind, Lane};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use crate::services::{Acting, Core, ServiceError};

/// For how long the task rests when the store does not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Tells of every expiry until `shutdown`. Sessions that expired while no server ran come first.
pub async fn record_expiries(core: Core, gates: Arc<SessionGates>, shutdown: CancellationToken) {
    let mut changes = core.store.changes();
    loop {
        if let Err(error) = record_due(&core, &gates).await {
            tracing::warn!(error = %error, "can't record expiries");
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(RETRY) => continue,
            }
        }
        let next = match core.store.read().await {
            Ok(mut reader) => reader.db().next_expiry().await.ok().flatten(),
            Err(_) => None,
        };
        let due = async {
            match next {
                Some(at) => core.clock.sleep_until(at).await,
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

/// Waits for a change of a support session, or for changes that were missed. Returns whether there can
/// be another.
async fn a_session_changed(changes: &mut Receiver<Change>) -> bool {
    loop {
        match changes.recv().await {
            Ok(change) if change.kind == ChangeKind::SupportSession => return true,
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return true,
            Err(RecvError::Closed) => return false,
        }
    }
}

async fn record_due(core: &Core, gates: &SessionGates) -> Result<(), ServiceError> {
    loop {
        let mut reader = core.store.read().await?;
        let due = reader.db().list_expired_unrecorded(core.now()).await?;
        drop(reader);
        if due.is_empty() {
            return Ok(());
        }
        for session in due {
            let id = session.id;
            // An idle end may still be put off by a record that is being written.
            let ends_idle = session.ends_idle();
            if !ends_idle {
                gates.end(id, Ended::Expired);
            }
            let system = Context {
                caller: Caller::System,
                origin: Origin::default(),
            };
            let record = core.act(&system, session, |session, act| {
                Box::pin(record_expiry(act, session))
            });
            let told = Lane::Ends.run(record).await?;
            if told && ends_idle {
                gates.end(id, Ended::Expired);
            }
        }
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
    use futures::FutureExt;
    use tokio::sync::broadcast;

    use super::*;

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
