//! An event before it has its place.

use std::{fmt, sync::Arc};

use app::domain::{
    AuditEventId, TenantId, Timestamp,
    audit::{Actor, AuditAction, AuditOutcome},
    caller::Origin,
};

/// An event that is about to be appended.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    pub id: AuditEventId,
    /// Whether its identifier is made from its place, instead of `id`. Such an identifier is not
    /// stored, but is not known before.
    pub id_by_place: bool,
    /// The tenant it happened in, which determines the chain.
    pub tenant_id: Option<TenantId>,
    pub action: AuditAction,
    pub actor: Actor,
    /// The identifier of the resource.
    pub resource_id: String,
    pub outcome: AuditOutcome,
    pub occurred_at: Timestamp,
    /// The clock for the instant at which the event is recorded.
    pub recorded: Stamp,
    /// The origin of the request.
    pub origin: Origin,
}

/// The clock by which an event is recorded. It is read when the event gets its place, which can be
/// long after the act has begun.
#[derive(Clone)]
pub struct Stamp(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Stamp {
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stamp").field(&self.now()).finish()
    }
}
