//! Support sessions that may not go on under the configuration with which a server starts: a scope
//! writes that only read before, or suspended tenants have no sessions any more.

use app::domain::{
    TenantId,
    caller::{Caller, Context, Origin},
    support_sessions::SupportSession,
};
use store::{Audited, Db, Lane, StoreError, tenants::StoredTenant};

use super::{bars::Bar, revoke::revoke_because};
use crate::services::{Acting, Core, ServiceError};

/// Revokes every active support session that the present configuration bars, tenant by tenant.
/// Returns how many. Only tenants with active sessions are read, however many others there are. It
/// runs before this process serves anything, so no gate here has to be closed.
///
/// # Errors
///
/// If sessions of a tenant can't be read or revoked. The other tenants have been dealt with then.
pub async fn end_barred(core: &Core) -> Result<usize, ServiceError> {
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    let tenants = db.list_tenants_with_active_sessions(core.now()).await?;
    drop(reader);
    let (mut ended, mut failed) = (0, None);
    for tenant in tenants {
        match end_barred_in(core, &tenant).await {
            Ok(some) => ended += some,
            Err(error) => {
                tracing::error!(
                    tenant.id = %tenant,
                    %error,
                    "can't check which support sessions in a tenant may go on"
                );
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(ended), Err)
}

async fn end_barred_in(core: &Core, tenant: &TenantId) -> Result<usize, ServiceError> {
    let mut reader = core.store.read().await?;
    let mut db = reader.db();
    let Some(stored) = db.lookup_tenant(tenant).await? else {
        return Ok(0);
    };
    let barred = barred_in(core, &mut db, &stored).await?;
    drop(reader);
    if barred.is_empty() {
        return Ok(0);
    }
    let system = Context {
        caller: Caller::System,
        origin: Origin::default(),
    };
    let end = core.act(&system, tenant.clone(), |tenant, act| {
        Box::pin(revoke_barred(act, tenant))
    });
    let ended = Lane::Ends.run(end).await?;
    tracing::warn!(
        tenant.id = %tenant,
        ended,
        "revoked support sessions that may not go on under this configuration"
    );
    Ok(ended)
}

/// Looks again under the tenant's lock, because other nodes may be serving.
async fn revoke_barred(
    mut act: Acting<'_, '_>,
    tenant: &TenantId,
) -> Result<Audited<usize>, ServiceError> {
    let Some(stored) = act.tx.lock_tenant(tenant).await? else {
        return Ok(Audited::unchanged(0));
    };
    let barred = barred_in(act.core, act.tx, &stored).await?;
    let mut ended = revoke_because(&mut act, barred).await?;
    let count = ended.len();
    Ok(match ended.pop() {
        Some((_, receipt)) => Audited::new(count, receipt),
        None => Audited::unchanged(0),
    })
}

/// The active sessions in a tenant that are barred, with the reasons, in the order in which
/// sessions are locked.
async fn barred_in(
    core: &Core,
    db: &mut Db<'_>,
    stored: &StoredTenant,
) -> Result<Vec<(SupportSession, String)>, StoreError> {
    let (tenant, now) = (&stored.tenant.id, core.now());
    let active = db.list_active_support_sessions_in(tenant, now).await?;
    let mut barred = Vec::new();
    for session in active {
        if let Some(bar) = Bar::of(core, db, stored, &session).await? {
            barred.push((session, bar.ends_at_start()));
        }
    }
    Ok(barred)
}
