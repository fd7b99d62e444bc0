//! Taking the next position of a chain, in the transaction of the act itself.

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditAction, AuditEvent, AuditOutcome},
    caller::Origin,
    to_micros,
};
use audit::chain;

use super::heads::AuditPosition;
use crate::{Bookkeeping, StoreError, fold, record::insert, sql::queries};

queries! {
    Bookkeeping {
        fn add_event(event: &AuditEvent)
            where (event, actor_search = fold(&event.actor.name))
            = insert!("audit_events", AuditEvent, "actor_search");
    }
}

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
    /// When the event is recorded.
    pub recorded_at: Timestamp,
    /// The origin of the request.
    pub origin: Origin,
}

/// Proof that an event has been appended in the transaction under way.
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

impl Bookkeeping<'_> {
    /// Appends an event to its chain. The position is taken by compare-and-swap on the chain's
    /// head: the slower of two writers fails with [`StoreError::Contended`] and retries.
    ///
    /// A transaction that appends to several chains does so in ascending order of their names.
    pub async fn append_audit(&mut self, event: NewAuditEvent) -> Result<Receipt, StoreError> {
        let chain = chain::name(event.tenant_id.as_ref());
        let head = self.heads.of(&chain, &mut self.db).await?;
        let event = into_event(event, chain, &head)?;
        self.add_event(&event).await?;
        let to = AuditPosition {
            seq: event.seq,
            hash: event.hash,
        };
        self.heads.advance(event.chain, head, to);
        Ok(Receipt { id: event.id })
    }
}

fn into_event(
    new: NewAuditEvent,
    chain: String,
    head: &AuditPosition,
) -> Result<AuditEvent, StoreError> {
    let kind = new.action.kind();
    let mut event = AuditEvent {
        v: chain::VERSION,
        chain,
        seq: head.seq + 1,
        prev: head.hash.clone(),
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
        recorded_at: to_micros(new.recorded_at),
        request_id: new.origin.request_id,
        ip: new.origin.ip,
        user_agent: new.origin.user_agent,
        metadata: serde_json::to_value(&new.action).map_err(unwritable)?,
        hash: String::new(),
    };
    event.hash = chain::hash(&event).map_err(unwritable)?;
    Ok(event)
}

fn unwritable(error: impl ToString) -> StoreError {
    StoreError::Unreadable {
        column: "metadata",
        problem: error.to_string(),
    }
}
