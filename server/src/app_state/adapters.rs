//! Where one part of the server asks another through a trait of its own.

use app::domain::{
    TenantId,
    audit::{AuditFilter, ExportFormat},
    caller::{Context, KeyCaller, StaffCaller},
    problem::Problem,
    tenants::{HealthCounts, TelemetryState, TenantHealth},
};
use async_trait::async_trait;
use axum::{extract::Request, middleware::Next, response::Response};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    audit::export::export,
    live::{Presence, TenantFeed},
    rest::{AuditExport, ExportStream, KeyAuthenticator},
    services::{Core, TenantsService, api_keys::ApiKeys, staff_sessions::StaffSessions},
};

/// Lets the REST interface name a request as the layers before it have.
pub(super) async fn share_origin(mut request: Request, next: Next) -> Response {
    let context = request.extensions().get::<Context>();
    if let Some(origin) = context.map(|context| context.origin.clone()) {
        request.extensions_mut().insert(origin);
    }
    next.run(request).await
}

#[async_trait]
impl KeyAuthenticator for ApiKeys {
    async fn authenticate(&self, secret: &SecretString) -> Result<Option<KeyCaller>, Problem> {
        Ok(Self::authenticate(self, secret.expose_secret()).await?)
    }
}

#[async_trait]
impl AuditExport for Core {
    async fn export(
        &self,
        context: &Context,
        filter: AuditFilter,
        format: ExportFormat,
    ) -> Result<ExportStream, Problem> {
        let body = export(self, context, filter, format).await?.body;
        Ok(body
            .map(|piece| piece.map_err(std::io::Error::other))
            .boxed())
    }
}

#[async_trait]
impl Presence for StaffSessions {
    async fn is_present(&self, staff: &StaffCaller) -> Result<bool, Problem> {
        let found = self.look_again(staff.staff_session_id).await?;
        // Who has lost every role may read nothing but the page that says so.
        Ok(found.is_some_and(|(staff, _)| !staff.roles.is_empty()))
    }
}

#[async_trait]
impl TenantFeed for TenantsService {
    async fn rows(&self, ids: &[TenantId]) -> Result<Vec<TenantHealth>, Problem> {
        Ok(self.health_rows(ids).await?)
    }

    async fn counts(&self) -> Result<HealthCounts, Problem> {
        Ok(self.health_counts().await?)
    }

    async fn telemetry(&self) -> Result<TelemetryState, Problem> {
        Ok(Self::telemetry(self).await?)
    }
}
