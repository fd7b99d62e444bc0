//! What keeps support sessions out of a tenant. It is the same when a session is created, when its
//! token is replaced, and when a server starts.

use app::domain::{
    problem::{Problem, ProblemCode},
    scopes::ScopeName,
    support_sessions::SupportSession,
    tenants::{OrganizationStatus, TenantStatus},
};
use store::{Db, StoreError, tenants::StoredTenant};

use crate::services::{
    Core,
    tenants::{bars_support, reading_scopes},
};

/// Why a support session can neither be created nor go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bar {
    /// Support may not enter a tenant with this status.
    Status(TenantStatus),
    /// The session holds this scope, which writes, and support may only read in the tenant.
    Writes(ScopeName),
    /// The session's organization is suspended.
    Organization,
}

impl Bar {
    /// What keeps every session out of a tenant with this status.
    pub(super) fn of_status(core: &Core, status: TenantStatus) -> Option<Self> {
        bars_support(core, status).then_some(Self::Status(status))
    }

    /// What keeps every session out of an organization with this status.
    pub(super) fn of_organization(core: &Core, status: OrganizationStatus) -> Option<Self> {
        let ends = core.config.support_sessions.end_when_suspended;
        (ends && status == OrganizationStatus::Suspended).then_some(Self::Organization)
    }

    /// What keeps a session out of its tenant under the present configuration. `stored` is the
    /// tenant.
    pub(super) async fn of(
        core: &Core,
        db: &mut Db<'_>,
        stored: &StoredTenant,
        session: &SupportSession,
    ) -> Result<Option<Self>, StoreError> {
        if let Some(bar) = Self::of_status(core, stored.tenant.status) {
            return Ok(Some(bar));
        }
        if !stored.settings.support_may_write {
            let reading = reading_scopes(&core.config);
            let writing = session.scopes.iter().find(|scope| !reading.contains(scope));
            if let Some(scope) = writing {
                return Ok(Some(Self::Writes(scope.clone())));
            }
        }
        let Some(id) = &session.organization_id else {
            return Ok(None);
        };
        let organization = db.lookup_organization(&session.tenant_id, id).await?;
        Ok(organization.and_then(|one| Self::of_organization(core, one.status)))
    }

    fn why(&self) -> String {
        match self {
            Self::Status(status) => format!("The tenant is {}", status.label().to_lowercase()),
            Self::Writes(scope) => {
                format!("{scope} can change data, and support may only read in this tenant")
            }
            Self::Organization => "The organization is suspended".to_owned(),
        }
    }

    /// The refusal to create a session.
    pub(super) fn refuses_creation(&self) -> Problem {
        let why = self.why();
        match self {
            Self::Writes(_) => Problem::invalid_field("scopes", why),
            Self::Status(_) | Self::Organization => {
                let detail = format!("{why}. You can't create a support session in it.");
                Problem::new(ProblemCode::Conflict, detail)
            }
        }
    }

    /// The refusal to replace a session's token.
    pub(super) fn refuses_token(&self) -> Problem {
        let detail = format!("{}. The token can't be replaced.", self.why());
        Problem::new(ProblemCode::Conflict, detail)
    }

    /// The reason of a revocation at the start of a server.
    pub(super) fn ends_at_start(&self) -> String {
        let why = match self {
            Self::Status(status) => format!("tenant {status}"),
            Self::Writes(_) => "support may only read in this tenant".to_owned(),
            Self::Organization => "organization suspended".to_owned(),
        };
        format!("{why} (checked when the server started)")
    }
}
