//! Takes the next position of a chain, in the transaction of the act.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicI64, Ordering},
};

use app::domain::{AuditEventId, Timestamp, audit::AuditEvent, to_micros};
use audit::chain;
use chrono::TimeDelta;
use const_format::concatcp;

use super::{
    deeds::{Deeds, Digest, Named},
    heads::{AuditPosition, Head, Locked},
    new_event::NewAuditEvent,
    packed::id_of_place,
    stored,
};
use crate::{
    Db, StoreError,
    rows::{Rows, columns},
};

static ADD: Rows = Rows::new(
    concatcp!("INSERT INTO audit_log (", stored::COLUMNS, ") VALUES "),
    columns(stored::COLUMNS),
    "",
);

/// A difference of clocks that is logged.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// Proof that the current transaction commits only together with an event.
#[derive(Debug, Clone)]
#[must_use = "hand the receipt to `Audited`, so that the state change keeps its event"]
pub struct Receipt {
    id: AuditEventId,
}

impl Receipt {
    pub const fn event_id(&self) -> AuditEventId {
        self.id
    }
}

/// The events that a transaction appends.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Named>);

impl Pending {
    pub(crate) fn events(&self) -> impl Iterator<Item = &Named> {
        self.0.iter()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(crate) fn push(&mut self, event: Named) -> Receipt {
        let id = event.event.id;
        self.0.push(event);
        Receipt { id }
    }

    /// Gives every event its place, by compare-and-swap on its chain's head. Chains are locked
    /// last, and in ascending order. So two transactions never deadlock, and a chain is locked only
    /// until the commit that follows. The deeds have been learnt.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] if another writer has moved a head. Then the transaction must not
    /// commit.
    pub(crate) async fn place(
        &mut self,
        db: &mut Db<'_>,
        deeds: &mut Deeds,
    ) -> Result<(), StoreError> {
        let mut chains = BTreeMap::<_, Vec<_>>::new();
        for event in std::mem::take(&mut self.0) {
            let chain = chain::name(event.event.tenant_id.as_ref());
            chains.entry(chain).or_default().push(event);
        }
        if chains.is_empty() {
            return Ok(());
        }
        let heads = db.take_heads(chains.keys()).await?;
        let mut used = Vec::<(Digest, Timestamp)>::new();
        let (mut rows, mut moves) = (Vec::new(), Vec::with_capacity(heads.len()));
        for ((chain, events), Locked { number, head, .. }) in chains.into_iter().zip(heads) {
            let mut last = head.clone();
            for Named { event, deed } in events {
                let event = into_event(event, chain.clone(), &last)?;
                used.push((deed, event.recorded_at));
                let place = stored::place(number, event.seq)?;
                rows.push(stored::row(place, deeds.number(&deed)?, &event));
                last = Head {
                    position: AuditPosition {
                        seq: event.seq,
                        hash: event.hash,
                    },
                    recorded_at: event.recorded_at,
                };
            }
            moves.push((chain, head.position, last));
        }
        ADD.execute(db, rows).await?;
        deeds.keep(db, used.into_iter()).await?;
        db.move_heads(moves).await
    }
}

#[cfg(any(test, feature = "testing"))]
impl Db<'_> {
    /// Writes events of a chain unchanged, each with its own deed.
    pub(crate) async fn keep_as_it_is(&mut self, events: &[AuditEvent]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for event in events {
            let sql = "SELECT number FROM audit_chains WHERE name = $1";
            let number = self.query(sql).bind(&event.chain).fetch_one().await?;
            // Greater than any number that is given in order.
            let deed = (1 << 20) + stored::place(number, event.seq)? % (1 << 20);
            let deed = deed * super::deeds::sign_of(&event.action);
            self.query(
                "INSERT INTO audit_deeds (id, v, category, action, resource_type, outcome, actor_type, actor_id, \
                 actor_name, actor_search, ip, user_agent, used_until) VALUES \
                 ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            )
            .bind(deed)
            .bind(event.v)
            .bind(event.category)
            .bind(&event.action)
            .bind(&event.resource_type)
            .bind(event.outcome)
            .bind(event.actor.kind)
            .bind(&event.actor.id)
            .bind(&event.actor.name)
            .bind(crate::searchable(&event.actor.name))
            .bind(event.ip.clone())
            .bind(event.user_agent.clone())
            .bind(event.recorded_at)
            .done()
            .await?;
            rows.push(stored::row(stored::place(number, event.seq)?, deed, event));
        }
        ADD.execute(self, rows).await.map(drop)
    }
}

fn into_event(new: NewAuditEvent, chain: String, head: &Head) -> Result<AuditEvent, StoreError> {
    let kind = new.action.kind();
    let mut event = AuditEvent {
        v: chain::VERSION,
        chain,
        seq: head.position.seq + 1,
        prev: head.position.hash.clone(),
        id: new.id,
        tenant_id: new.tenant_id,
        category: kind.category,
        action: kind.name.to_owned(),
        actor: new.actor,
        resource_type: kind.resource_type.to_owned(),
        resource_id: new.resource_id,
        outcome: new.outcome,
        // The store keeps microseconds and no leap seconds. The hash must cover the same value that
        // is read back.
        occurred_at: to_micros(new.occurred_at),
        // Never before the previous event, whichever node and clock that came from, so that a time
        // range is an unbroken part of the chain.
        recorded_at: not_before(head.recorded_at, to_micros(new.recorded.now())),
        request_id: new.origin.request_id,
        ip: new.origin.ip,
        user_agent: new.origin.user_agent,
        metadata: serde_json::to_value(&new.action).map_err(unwritable)?,
        hash: String::new(),
    };
    if new.id_by_place {
        event.id = id_of_place(&event.chain, event.seq, event.recorded_at);
    }
    event.hash = chain::hash(&event).map_err(unwritable)?;
    Ok(event)
}

/// The clock's reading, but not before the previous event's.
fn not_before(previous: Timestamp, now: Timestamp) -> Timestamp {
    if previous - now > AHEAD {
        static TOLD: AtomicI64 = AtomicI64::new(0);
        let minute = now.timestamp() / 60;
        // Once a minute, because a busy chain would fill the log.
        if TOLD.swap(minute, Ordering::Relaxed) != minute {
            tracing::warn!(
                clock = %now, recorded_at = %previous,
                "an event is recorded with the time of the one before it: a node's clock was or is ahead of this one's"
            );
        }
    }
    previous.max(now)
}

fn unwritable(error: impl ToString) -> StoreError {
    StoreError::Unreadable {
        column: "metadata",
        problem: error.to_string(),
    }
}
