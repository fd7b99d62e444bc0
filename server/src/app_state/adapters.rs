//! Where one part of the server asks another through a trait of its own.

use app::domain::{
    audit::{AuditFilter, ExportFormat},
    caller::{Context, KeyCaller},
    problem::Problem,
};
use async_trait::async_trait;
use axum::{extract::Request, middleware::Next, response::Response};
use futures::StreamExt;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    audit::export::export,
    rest::{AuditExport, ExportStream, KeyAuthenticator},
    services::{Core, api_keys::ApiKeys},
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
