//! Finds what an identifier names, wherever it was copied from.

mod by_name;

use app::{
    domain::{
        RequestId, SupportSessionId,
        access_log::AccessLogEntry,
        audit::AuditFilter,
        caller::Context,
        find::{Found, Named, RecordedRequest, pasted},
        matches::Matches,
        policy::Act,
        problem::{Problem, ProblemCode},
        support_sessions::SupportSession,
    },
    ports::{AuditPort as _, FindPort},
};
use async_trait::async_trait;
use store::{audit::chain_of, tenants::StoredTenant};

use super::{
    Core, audit,
    audit::AuditService,
    support_sessions::SupportSessionsService,
    tenants::{find_tenant, tenant_ref},
};

/// Finds things by their identifiers, if their services show them to the caller.
#[derive(Clone)]
pub struct FindService {
    pub core: Core,
    pub support_sessions: SupportSessionsService,
    pub audit: AuditService,
}

/// A thing that a caller may not see doesn't exist for them.
fn if_there<T>(found: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(problem) if problem.code == ProblemCode::NotFound => Ok(None),
        Err(problem) => Err(problem),
    }
}

impl FindService {
    async fn tenant(&self, context: &Context, text: &str) -> Result<Option<StoredTenant>, Problem> {
        let Ok(id) = text.parse() else {
            return Ok(None);
        };
        let found = match self.core.authorise(context, Act::ReadTenant(&id)) {
            Ok(()) => find_tenant(&self.core, &id).await,
            Err(problem) => Err(problem),
        };
        if_there(found)
    }

    async fn session(
        &self,
        context: &Context,
        id: SupportSessionId,
    ) -> Result<Option<SupportSession>, Problem> {
        let found = self.support_sessions.find(context, id).await;
        if_there(found.map_err(Problem::from))
    }

    /// The entry of a request in the access log, with its session, if the caller may see that.
    async fn made(
        &self,
        context: &Context,
        id: RequestId,
    ) -> Result<Option<(AccessLogEntry, SupportSession)>, Problem> {
        let entry = {
            let mut reader = self.core.store.read().await?;
            reader.db().lookup_access_log_entry(id).await?
        };
        let Some(entry) = entry else {
            return Ok(None);
        };
        let session = self.session(context, entry.support_session_id).await?;
        Ok(session.map(|session| (entry, session)))
    }

    async fn by_uuid(&self, context: &Context, text: &str) -> Result<Option<Found>, Problem> {
        if let Ok(id) = text.parse()
            && let Some(session) = self.session(context, id).await?
        {
            let title = format!("{} in {}", session.staff_name, session.tenant_name);
            let named = Named::SupportSession(id);
            return Ok(Some(Found { named, title }));
        }
        if let Ok(id) = text.parse()
            && let Some(event) = if_there(self.audit.event(context, id).await)?
        {
            let title = event.action;
            let named = Named::AuditEvent(id);
            return Ok(Some(Found { named, title }));
        }
        let Ok(id) = text.parse() else {
            return Ok(None);
        };
        let Some(request) = if_there(self.request(context, id).await)? else {
            return Ok(None);
        };
        let title = request.title();
        let title = title.or_else(|| Some(request.events.first()?.action.clone()));
        Ok(Some(Found {
            named: Named::Request(id),
            title: title.unwrap_or_default(),
        }))
    }
}

#[async_trait]
impl FindPort for FindService {
    async fn by_id(&self, context: &Context, text: &str) -> Result<Option<Found>, Problem> {
        self.core.authorise(
            context,
            match context.caller.own_tenant() {
                Some(own) => Act::ReadTenant(own),
                None => Act::ReadTenants,
            },
        )?;
        let text = pasted(text);
        if let Some(found) = self.by_uuid(context, &text).await? {
            return Ok(Some(found));
        }
        let found = self.tenant(context, &text).await?;
        Ok(found.map(|StoredTenant { tenant, .. }| Found {
            named: Named::Tenant(tenant.id),
            title: tenant.name,
        }))
    }

    async fn by_name(&self, context: &Context, text: &str) -> Result<Matches, Problem> {
        self.matching(context, text).await
    }

    async fn request(&self, context: &Context, id: RequestId) -> Result<RecordedRequest, Problem> {
        let reach = audit::reach(&self.core, context, &AuditFilter::default())?;
        let made = self.made(context, id).await?;
        let chain = made
            .as_ref()
            .map(|(_, session)| chain_of(Some(&session.tenant_id)));
        let entry = chain.as_deref().zip(made.as_ref().map(|(entry, _)| entry));
        let events = {
            let mut reader = self.core.store.read().await?;
            let mut db = reader.db();
            db.list_audit_events_of_request(&reach, id, entry).await?
        };
        if made.is_none() && events.is_empty() {
            return Err(Problem::not_found("request"));
        }
        let tenant = events.iter().find_map(|event| event.tenant_id.clone());
        let tenant = match tenant {
            // Events may name a tenant that isn't registered.
            Some(id) => if_there(find_tenant(&self.core, &id).await)?.map(tenant_ref),
            None => None,
        };
        Ok(RecordedRequest {
            id,
            made,
            tenant,
            events,
        })
    }
}

#[cfg(test)]
mod tests;
