//! An act of a caller: one transaction that changes something and appends its event.

use app::domain::{TenantId, Timestamp, audit::AuditAction, caller::Context};
use futures::future::BoxFuture;
use store::{Audited, ChangeKind, StoreError, Tx, audit::Receipt};

use super::{Core, ServiceError};

/// The tools of an act.
pub struct Acting<'t, 'c> {
    pub tx: &'t mut Tx<'c>,
    pub core: &'t Core,
    pub context: &'t Context,
}

impl Acting<'_, '_> {
    pub fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// Appends the act's event.
    pub fn record(
        &mut self,
        tenant: Option<&TenantId>,
        resource: impl ToString,
        action: AuditAction,
    ) -> Receipt {
        let event = self.core.event(self.context, tenant, resource, action);
        self.tx.append_audit(event)
    }

    /// Announces a change.
    pub async fn change(
        &mut self,
        kind: ChangeKind,
        subject: impl ToString + Send,
    ) -> Result<(), StoreError> {
        self.tx.change(kind, subject, self.core.now()).await
    }
}

impl Core {
    /// A state change in the caller's name. `act` may run more than once.
    pub async fn act<D, T, F>(&self, context: &Context, given: D, act: F) -> Result<T, ServiceError>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t D, Acting<'t, '_>) -> BoxFuture<'t, Result<Audited<T>, ServiceError>>
            + Send
            + Sync
            + 'static,
    {
        let given = (self.clone(), context.clone(), given);
        let acted = self.store.act(given, move |(core, context, given), tx| {
            act(given, Acting { tx, core, context })
        });
        acted.await
    }
}
