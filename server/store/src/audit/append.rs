//! Taking the next position of a chain, in the transaction of the act itself.

use std::collections::BTreeMap;

use app::domain::to_micros;
use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditAction, AuditEvent, AuditOutcome},
    caller::Origin,
};
use audit::chain;

use crate::{Db, FromRow, Row, StoreError, Tx, fold, sql::statements};

statements! {
    ADD_HEAD = "INSERT INTO audit_heads (chain, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING";
    // Changes nothing, but on PostgreSQL takes the row's lock before the head is read.
    LOCK_HEAD = "UPDATE audit_heads SET seq = seq WHERE chain = $1 RETURNING seq, hash";
    MOVE_HEAD = "UPDATE audit_heads SET seq = $2, hash = $3 WHERE chain = $1 AND seq = $4 AND hash = $5";
    ADD_EVENT = "INSERT INTO audit_events (chain, seq, v, prev, id, tenant_id, category, action, actor_type, \
        actor_id, actor_name, actor_search, resource_type, resource_id, outcome, occurred_at, recorded_at, \
        request_id, ip, user_agent, metadata, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
        $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)";
}

/// An event that is about to be appended.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    /// The event's identifier.
    pub id: AuditEventId,
    /// The tenant it happened in, which determines the chain.
    pub tenant_id: Option<TenantId>,
    /// What was done.
    pub action: AuditAction,
    /// Who did it.
    pub actor: Actor,
    /// The identifier of the thing it was done to.
    pub resource_id: String,
    /// Whether it succeeded.
    pub outcome: AuditOutcome,
    /// When it happened.
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
    /// The event's identifier.
    pub const fn event_id(&self) -> AuditEventId {
        self.id
    }
}

/// The last position of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    seq: u64,
    hash: String,
}

/// The heads of the chains that a transaction appends to: read, and on PostgreSQL locked, at the
/// first append to each; written once, when the transaction is about to commit.
#[derive(Debug, Default)]
pub(crate) struct Heads(BTreeMap<String, Move>);

/// A chain's head before the transaction, and now.
#[derive(Debug)]
struct Move {
    from: Head,
    to: Head,
}

impl Heads {
    /// Moves every head by compare-and-swap. Nothing of the transaction may be kept if this fails.
    ///
    /// # Errors
    ///
    /// [`StoreError::Contended`] if another writer has moved one.
    pub(crate) async fn write(&mut self, db: &mut Db<'_>) -> Result<(), StoreError> {
        for (chain, Move { from, to }) in std::mem::take(&mut self.0) {
            let moved = db
                .query(MOVE_HEAD)
                .bind(chain)
                .bind(to.seq)
                .bind(to.hash)
                .bind(from.seq)
                .bind(from.hash)
                .execute()
                .await?;
            if moved != 1 {
                return Err(StoreError::Contended);
            }
        }
        Ok(())
    }
}

impl FromRow for Head {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.count("seq")?,
            hash: row.text("hash")?,
        })
    }
}

impl Tx<'_> {
    /// Appends an event to its chain. The position is taken by compare-and-swap on the chain's
    /// head: the slower of two writers fails with [`StoreError::Contended`] and retries.
    ///
    /// A transaction that appends to several chains does so in ascending order of their names.
    pub async fn append_audit(&mut self, event: NewAuditEvent) -> Result<Receipt, StoreError> {
        let chain = chain::name(event.tenant_id.as_ref());
        let head = match self.heads.0.get(&chain) {
            Some(moved) => moved.to.clone(),
            None => self.lock_head(&chain).await?,
        };
        let event = into_event(event, chain, &head)?;
        self.add_event(&event).await?;
        let to = Head {
            seq: event.seq,
            hash: event.hash,
        };
        let moved = self.heads.0.entry(event.chain);
        moved
            .and_modify(|moved| moved.to = to.clone())
            .or_insert_with(|| Move {
                from: head,
                to: to.clone(),
            });
        Ok(Receipt { id: event.id })
    }

    async fn lock_head(&mut self, chain: &str) -> Result<Head, StoreError> {
        if let Some(head) = self.query(LOCK_HEAD).bind(chain).fetch_optional().await? {
            return Ok(head);
        }
        self.query(ADD_HEAD)
            .bind(chain)
            .bind(chain::GENESIS)
            .execute()
            .await?;
        self.query(LOCK_HEAD).bind(chain).fetch_one().await
    }

    async fn add_event(&mut self, event: &AuditEvent) -> Result<(), StoreError> {
        self.query(ADD_EVENT)
            .bind(&event.chain)
            .bind(event.seq)
            .bind(event.v)
            .bind(&event.prev)
            .bind(event.id)
            .bind(event.tenant_id.as_ref())
            .bind(event.category.as_str())
            .bind(&event.action)
            .bind(event.actor.kind.as_str())
            .bind(&event.actor.id)
            .bind(&event.actor.name)
            .bind(fold(&event.actor.name))
            .bind(&event.resource_type)
            .bind(&event.resource_id)
            .bind(event.outcome.as_str())
            .bind(event.occurred_at)
            .bind(event.recorded_at)
            .bind(event.request_id.clone())
            .bind(event.ip.clone())
            .bind(event.user_agent.clone())
            .bind(event.metadata.to_string())
            .bind(&event.hash)
            .execute()
            .await?;
        Ok(())
    }
}

fn into_event(new: NewAuditEvent, chain: String, head: &Head) -> Result<AuditEvent, StoreError> {
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
