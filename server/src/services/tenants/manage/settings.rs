//! What the console keeps of a tenant: thresholds, and whether support may
//! write.

use std::collections::BTreeSet;

use app::domain::{
    SupportSessionId, TenantId,
    audit::AuditAction,
    caller::Context,
    flash::Done,
    policy::Act,
    problem::Problem,
    scopes::ScopeName,
    tenants::{SettingsForm, TenantSettings},
};
use gateway::scopes::Scopes;
use store::{Audited, ChangeKind};

use super::{changed_meanwhile, saved, seen_tenant};
use crate::{
    config::Config,
    services::{
        Acting, ServiceError,
        support_sessions::revoke_writing_in,
        tenants::{
            TenantsService,
            register::{changes, judge_anew},
        },
    },
};

impl TenantsService {
    /// Changes the settings. Where support may write no more, sessions that hold a scope that
    /// writes end in the same transaction.
    pub(super) async fn change_settings(
        &self,
        context: &Context,
        id: &TenantId,
        form: SettingsForm,
    ) -> Result<Done, Problem> {
        self.core.authorise(context, Act::ManageTenants)?;
        let (settings, reason) = form.validate(&self.core.config.health)?;
        let ends = !settings.support_may_write;
        let given = (id.clone(), settings, reason, form.seen);
        let change = self
            .core
            .act(context, given, |(id, settings, reason, before), act| {
                Box::pin(change(act, id, settings, (before, reason)))
            });
        Ok(self.committed(ends, change).await?)
    }
}

async fn change(
    mut act: Acting<'_, '_>,
    id: &TenantId,
    settings: &TenantSettings,
    (before, reason): (&str, &str),
) -> Result<Audited<(Done, Vec<SupportSessionId>)>, ServiceError> {
    let stored = act.tx.lock_tenant(id).await?;
    let mut stored = stored.ok_or_else(|| Problem::not_found("tenant"))?;
    let name = stored.tenant.name.clone();
    if stored.settings == *settings {
        let done = Done {
            message: format!("The settings of {name} are up to date already."),
            audit_event: None,
        };
        return Ok(Audited::unchanged((done, Vec::new())));
    }
    if seen_tenant(&stored) != before {
        return Err(changed_meanwhile("tenant").into());
    }
    act.tx.set_tenant_settings(id, settings).await?;
    let action = AuditAction::TenantChanged {
        changed: changes(&stored.settings, settings),
        reason: Some(reason.to_owned()),
    };
    let receipt = act.record(Some(id), id, action);
    let revoked = match settings.support_may_write {
        true => Vec::new(),
        false => {
            let reading = reading_scopes(&act.core.config);
            revoke_writing_in(&mut act, id, &reading).await?
        }
    };
    let now = act.now();
    stored.settings = settings.clone();
    judge_anew(&mut act, &stored, now).await?;
    act.change(ChangeKind::Tenant, id).await?;
    let done = Done {
        message: saved(&format!("Settings of {name}"), revoked.len()),
        audit_event: Some(receipt.event_id()),
    };
    Ok(Audited::new((done, revoked), receipt))
}

/// The scopes that permit nothing that may change something. A scope that is not configured any more
/// is none of them.
pub(in crate::services) fn reading_scopes(config: &Config) -> BTreeSet<ScopeName> {
    let scopes = Scopes::new(&config.scopes).unwrap_or_else(|_| Scopes::built_in());
    let reading = scopes.list().filter(|scope| !scope.writes);
    reading.map(|scope| scope.name.clone()).collect()
}
