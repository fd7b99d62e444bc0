//! Taking the next position of a chain, in the transaction of the act itself.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditAction, AuditEvent, AuditOutcome},
    caller::Origin,
    to_micros,
};
use audit::chain;
use chrono::TimeDelta;
use const_format::concatcp;

use super::heads::{AuditPosition, Head};
use crate::{
    Db, StoreError, Value,
    record::Record as _,
    rows::{Rows, columns},
    searchable,
    value::{ToValue as _, Values as _},
};

static ADD: Rows = Rows::new(
    concatcp!(
        "INSERT INTO audit_events (",
        AuditEvent::COLUMNS,
        ", actor_search) VALUES "
    ),
    columns(AuditEvent::COLUMNS) + 1,
    "",
);

/// A difference of clocks that the log tells of.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// An event that is about to be appended.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    pub id: AuditEventId,
    /// The tenant it happened in, which determines the chain.
    pub tenant_id: Option<TenantId>,
    pub action: AuditAction,
    pub actor: Actor,
    /// The identifier of the thing it was done to.
    pub resource_id: String,
    pub outcome: AuditOutcome,
    pub occurred_at: Timestamp,
    /// Tells when the event is recorded.
    pub recorded: Stamp,
    /// The origin of the request.
    pub origin: Origin,
}

/// The clock by which an event is recorded. It is asked when the event gets its place, which can be long after the act has
/// begun.
#[derive(Clone)]
pub struct Stamp(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Stamp {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stamp").field(&(self.0)()).finish()
    }
}

/// Proof that the transaction under way is only kept together with an event.
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
pub(crate) struct Pending(Vec<NewAuditEvent>);

impl Pending {
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    pub(crate) fn push(&mut self, event: NewAuditEvent) -> Receipt {
        let id = event.id;
        self.0.push(event);
        Receipt { id }
    }

    /// Gives every event its place, by compare-and-swap on its chain's head. Chains are locked after
    /// everything else that the transaction locks, and in ascending order: so two transactions never
    /// wait for each other in a circle, and a chain is held only until the commit that comes next.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] if another writer has moved a head. Nothing of the transaction may be
    /// kept then.
    pub(crate) async fn place(&mut self, db: &mut Db<'_>) -> Result<(), StoreError> {
        let mut chains = BTreeMap::<_, Vec<_>>::new();
        for event in std::mem::take(&mut self.0) {
            let chain = chain::name(event.tenant_id.as_ref());
            chains.entry(chain).or_default().push(event);
        }
        if chains.is_empty() {
            return Ok(());
        }
        let heads = db.take_heads(chains.keys()).await?;
        let (mut rows, mut moves) = (Vec::new(), Vec::with_capacity(heads.len()));
        for ((chain, events), head) in chains.into_iter().zip(heads) {
            let mut last = head.clone();
            for event in events {
                let event = into_event(event, chain.clone(), &last)?;
                rows.push(row(&event));
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
        db.move_heads(moves).await
    }
}

fn row(event: &AuditEvent) -> Vec<Value> {
    let mut row = Vec::with_capacity(columns(AuditEvent::COLUMNS) + 1);
    event.add_to(&mut row);
    row.push(searchable(&event.actor.name).to_value());
    row
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
        // Never before the event that it follows, whichever node and clock that came from: a range of
        // time is a stretch of the chain.
        recorded_at: not_before(head.recorded_at, to_micros((new.recorded.0)())),
        request_id: new.origin.request_id,
        ip: new.origin.ip,
        user_agent: new.origin.user_agent,
        metadata: serde_json::to_value(&new.action).map_err(unwritable)?,
        hash: String::new(),
    };
    event.hash = chain::hash(&event).map_err(unwritable)?;
    Ok(event)
}

/// The clock's reading, but not before the previous event's.
fn not_before(previous: Timestamp, now: Timestamp) -> Timestamp {
    if previous - now > AHEAD {
        static TOLD: AtomicI64 = AtomicI64::new(0);
        let minute = now.timestamp() / 60;
        // Once a minute: a busy chain would fill the log.
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
