//! Legal holds: nothing recorded of these tenants is deleted.

use app::domain::{
    TenantId,
    audit::AuditAction,
    caller::Context,
    problem::{Problem, ProblemCode},
};
use store::{Audited, legal_holds::LegalHold};

use super::Retention;
use crate::services::{ServiceError, core::actor};

impl Retention {
    /// Every legal hold, by tenant.
    ///
    /// # Errors
    ///
    /// If the caller may not see them, or the store can't be read.
    pub async fn holds(&self, context: &Context) -> Result<Vec<LegalHold>, ServiceError> {
        self.authorise(context)?;
        Ok(self
            .core
            .store
            .read()
            .await?
            .db()
            .list_legal_holds()
            .await?)
    }

    /// Keeps everything recorded of a tenant, until the hold is released.
    ///
    /// # Errors
    ///
    /// If there is no such tenant, or it is held already.
    pub async fn hold(
        &self,
        context: &Context,
        tenant: &TenantId,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.authorise(context)?;
        let hold = LegalHold {
            tenant_id: tenant.clone(),
            reason: reason_of(reason)?,
            placed_at: self.core.now(),
            placed_by_name: actor(&context.caller).name,
        };
        let place = self.core.act(context, hold, |hold, mut act| {
            Box::pin(async move {
                let tenant = &hold.tenant_id;
                // Deleting takes this lock too, so nothing more is deleted once this act is answered.
                if act.tx.lock_tenant(tenant).await?.is_none() {
                    return Err(Problem::not_found("tenant").into());
                }
                if act.tx.lookup_legal_hold(tenant).await?.is_some() {
                    let detail = "This tenant is under legal hold already.";
                    return Err(Problem::new(ProblemCode::Conflict, detail).into());
                }
                act.tx.add_legal_hold(hold).await?;
                let reason = hold.reason.clone();
                let action = AuditAction::TenantLegalHoldPlaced { reason };
                let receipt = act.record(Some(tenant), tenant, action);
                Ok(Audited::new((), receipt))
            })
        });
        place.await
    }

    /// Lets the rules of retention apply to a tenant again.
    ///
    /// # Errors
    ///
    /// If the tenant is not held.
    pub async fn release(
        &self,
        context: &Context,
        tenant: &TenantId,
        reason: &str,
    ) -> Result<(), ServiceError> {
        self.authorise(context)?;
        let given = (tenant.clone(), reason_of(reason)?);
        let release = self.core.act(context, given, |(tenant, reason), mut act| {
            Box::pin(async move {
                if !act.tx.delete_legal_hold(tenant).await? {
                    let detail = "This tenant is not under legal hold.";
                    return Err(Problem::new(ProblemCode::Conflict, detail).into());
                }
                let reason = reason.clone();
                let action = AuditAction::TenantLegalHoldReleased { reason };
                let receipt = act.record(Some(tenant), tenant, action);
                Ok(Audited::new((), receipt))
            })
        });
        release.await
    }
}

fn reason_of(text: &str) -> Result<String, Problem> {
    let reason = text.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        let detail = "Give a reason of at most 500 characters.";
        return Err(Problem::new(ProblemCode::InvalidInput, detail));
    }
    Ok(reason.to_owned())
}
