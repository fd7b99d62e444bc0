//! Reading the audit log.

use std::collections::BTreeMap;

use app::{
    domain::{
        AuditEventId, RequestId, TenantId,
        audit::{AuditEvent, AuditFilter, OF_REQUEST, RequestAnswer},
        caller::Context,
        page::{Page, PageRequest},
        policy::Act,
        problem::{Problem, ProblemCode},
        tenants::no_tenant,
        time_range::{TimePreset, TimeSpan},
    },
    ports::AuditPort,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use store::{
    Db,
    audit::{AuditReach, chain_of},
};

use super::{Core, ServiceError};

/// Reads the audit log for permitted callers.
#[derive(Clone)]
pub struct AuditService {
    core: Core,
}

impl AuditService {
    pub const fn new(core: Core) -> Self {
        Self { core }
    }

    /// What became of the requests among events that the caller has been given.
    pub(crate) async fn answers_to(
        &self,
        context: &Context,
        events: &[AuditEvent],
    ) -> Result<BTreeMap<String, RequestAnswer>, Problem> {
        self.core.authorise(
            context,
            match context.caller.own_tenant() {
                Some(own) => Act::ReadSupportSessionsOf(own),
                None => Act::ReadSupportSessions,
            },
        )?;
        let of_requests = events.iter().filter(|event| event.action == OF_REQUEST);
        let ids = of_requests.filter_map(|event| event.request_id.as_ref()?.parse().ok());
        let ids: Vec<RequestId> = ids.collect();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut reader = self.core.store.read().await?;
        let entries = reader.db().list_access_log_of_requests(&ids).await?;
        let answers = entries.into_iter().map(|entry| {
            let answer = RequestAnswer {
                status: entry.status,
                outcome: entry.outcome,
            };
            (entry.request_id.to_string(), answer)
        });
        Ok(answers.collect())
    }
}

/// Whose events the caller may see with this filter: a tenant's key and a support session those of
/// their own tenant, a support admin those of every tenant, a super admin and a platform key all.
pub(crate) fn reach(
    core: &Core,
    context: &Context,
    filter: &AuditFilter,
) -> Result<AuditReach, Problem> {
    if let Some(tenant) = &filter.tenant_id {
        core.authorise(context, Act::ReadAuditOf(tenant))?;
    }
    if let Some(own) = context.caller.own_tenant() {
        core.authorise(context, Act::ReadAuditOf(own))?;
        return Ok(AuditReach::Tenant(own.clone()));
    }
    core.authorise(context, Act::ReadAuditOfAllTenants)?;
    Ok(if core.authorise(context, Act::ReadSystemAudit).is_ok() {
        AuditReach::All
    } else {
        AuditReach::Tenants
    })
}

/// How long after its end events of a support session may still be recorded.
const RECORDED_LATE: TimeDelta = TimeDelta::days(1);

/// The filter with instants for the span that it names, and with the tenant and the times of the support session that it
/// names, so that only these events are read.
pub(crate) async fn narrowed(
    core: &Core,
    context: &Context,
    mut filter: AuditFilter,
) -> Result<AuditFilter, Problem> {
    let AuditFilter { time, from, to, .. } = &mut filter;
    core.settle(context, time, from, to);
    let Some(id) = filter.session_id else {
        return Ok(filter);
    };
    let found = {
        let mut reader = core.store.read().await?;
        reader.db().lookup_support_session(id).await?
    };
    let unknown = || Problem::invalid_field("session", "no such support session");
    let session = found.ok_or_else(unknown)?;
    let tenant = session.tenant_id.clone();
    core.authorise(context, Act::ReadAuditOf(&tenant))
        .map_err(|_| unknown())?;
    let is_elsewhere = filter
        .tenant_id
        .as_ref()
        .is_some_and(|asked| *asked != tenant);
    let begin = session.issued_at - TimeDelta::minutes(1);
    let end = session.ends_at() + RECORDED_LATE;
    Ok(AuditFilter {
        from: Some(filter.from.map_or(begin, |from| from.max(begin))),
        // This session has nothing of another tenant.
        to: Some(match is_elsewhere {
            true => begin,
            false => filter.to.map_or(end, |to| to.min(end)),
        }),
        tenant_id: Some(tenant),
        ..filter
    })
}

/// Refuses a tenant that isn't registered and has no events, so that no export begins its chain.
pub(crate) async fn check_known(db: &mut Db<'_>, tenant: &TenantId) -> Result<(), ServiceError> {
    let is_known = db.lookup_tenant(tenant).await?.is_some()
        || db.chain_begins_at(&chain_of(Some(tenant))).await?.is_some();
    match is_known {
        true => Ok(()),
        false => Err(no_tenant(tenant.as_str()).into()),
    }
}

/// The list's name for cursors, so that a cursor only works with the same reach and filter.
fn list_name(reach: &AuditReach, filter: &AuditFilter) -> Result<String, Problem> {
    let filter = serde_json::to_string(filter).map_err(|error| {
        tracing::error!(error = %error, "can't write a filter");
        Problem::new(ProblemCode::Internal, "Something went wrong.")
    })?;
    Ok(format!("audit {reach} {filter}"))
}

#[async_trait]
impl AuditPort for AuditService {
    async fn list(
        &self,
        context: &Context,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditEvent>, Problem> {
        let reach = reach(&self.core, context, &filter)?;
        let name = list_name(&reach, &filter)?;
        let filter = narrowed(&self.core, context, filter).await?;
        let at = self.core.page_at(context, &name, &page)?;
        let mut reader = self.core.store.read().await.map_err(ServiceError::from)?;
        let listed = reader.db().list_audit_events(&reach, &filter, at).await;
        Ok(self.core.page(&name, listed.map_err(ServiceError::from)?))
    }

    async fn event(&self, context: &Context, id: AuditEventId) -> Result<AuditEvent, Problem> {
        let reach = reach(&self.core, context, &AuditFilter::default())?;
        let mut reader = self.core.store.read().await.map_err(ServiceError::from)?;
        let event = reader.db().lookup_audit_event(id).await;
        event
            .map_err(ServiceError::from)?
            .filter(|event| reach.covers(event))
            .ok_or_else(|| Problem::not_found("audit event"))
    }

    async fn answers(
        &self,
        context: &Context,
        events: &[AuditEvent],
    ) -> Result<BTreeMap<String, RequestAnswer>, Problem> {
        self.answers_to(context, events).await
    }

    fn span(&self, context: &Context, preset: TimePreset) -> TimeSpan {
        self.core.span(context, preset)
    }
}

#[cfg(test)]
mod tests;
