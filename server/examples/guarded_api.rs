//! A platform in Rust that guards its own API: the gateway is a layer inside it, instead of a proxy
//! in front of it.
//!
//! ```sh
//! cargo run -p server --example guarded_api -- console.toml 127.0.0.1:8080
//! ```
//!
//! It also serves the console of `console.toml`, in the same process and on the same store. The
//! address after the file is the API's, and must be in `gateway.hosts`. See
//! `docs/integrations/tower.md`.

use std::{env, error::Error, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{FromRequestParts, Path as InPath},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures::stream;
use gateway::{
    LiveSupportSession, SupportSessionLayer, clock::SystemClock, layer::NoSupportSession,
};
use serde_json::{Value, json};
use server::{
    config::Sources,
    serve::{self, Parts as ServerParts},
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let (Some(file), Some(listen)) = (words.next(), words.next()) else {
        return Err("say the console's configuration file and the API's address".into());
    };
    let sources = Sources {
        file: Some(Path::new(&file)),
        ..Sources::default()
    };
    let config = sources.load()?;
    config.check()?;
    let server = serve::start(ServerParts {
        config,
        clock: Arc::new(SystemClock),
        figures: None,
    })
    .await?;
    let layer = server.support_layer()?.ok_or("no [gateway] table")?;

    let listener = TcpListener::bind(&listen).await?;
    // With the peer's address: without it nothing could be recorded, and the layer refuses.
    let api = api(layer).into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        ended = axum::serve(listener, api) => ended?,
        asked = serve::asked_to_stop() => asked?,
    }
    server.stop().await;
    Ok(())
}

/// Two tenants' invoices. Support sessions are judged by the whole address, `/v1/tenants/acme/…`,
/// although the layer is inside the router nested under it.
fn api(support: SupportSessionLayer) -> Router {
    let tenant = Router::new()
        .route("/invoices", get(list_invoices).post(add_invoice))
        .route("/feed", get(feed))
        // The platform's own users have their own tokens, which the layer leaves alone.
        .layer(support.passing_others());
    let v1 = Router::new().nest("/tenants/{tenant_id}", tenant);
    Router::new().nest("/v1", v1)
}

/// The caller: the platform's own user, or a staff member in a support session.
enum Asking {
    User { tenant: String },
    Support(LiveSupportSession),
}

impl<S: Send + Sync> FromRequestParts<S> for Asking {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        match LiveSupportSession::of_parts(parts) {
            Ok(session) => return Ok(Self::Support(session.clone())),
            Err(NoSupportSession::Absent) => {}
            // A support request, but not the one that was judged. It belongs to no user either.
            Err(error) => return Err(error.into_response()),
        }
        // In place of the platform's own authentication.
        let field = parts.headers.get(header::AUTHORIZATION);
        let user = field.and_then(|field| field.to_str().ok()?.strip_prefix("Bearer user-of-"));
        let user = user.ok_or_else(|| StatusCode::UNAUTHORIZED.into_response())?;
        let tenant = user.to_owned();
        Ok(Self::User { tenant })
    }
}

impl Asking {
    /// Each decides about its own: the layer has for support sessions, this for users.
    fn may_see(&self, tenant: &str) -> Result<(), StatusCode> {
        let own = match self {
            Self::User { tenant } => tenant,
            Self::Support(session) => session.tenant_id().as_str(),
        };
        (own == tenant).then_some(()).ok_or(StatusCode::NOT_FOUND)
    }

    fn name(&self) -> String {
        match self {
            Self::User { tenant } => format!("a user of {tenant}"),
            Self::Support(session) => format!("{} of support", session.staff_name()),
        }
    }
}

async fn list_invoices(
    asking: Asking,
    InPath(tenant): InPath<String>,
) -> Result<Json<Value>, StatusCode> {
    asking.may_see(&tenant)?;
    let number = match tenant.as_str() {
        "acme" => "A-1001",
        "bolt" => "B-2001",
        _ => return Err(StatusCode::NOT_FOUND),
    };
    Ok(Json(
        json!({ "shown_to": asking.name(), "invoices": [{ "number": number }] }),
    ))
}

async fn add_invoice(
    asking: Asking,
    InPath(tenant): InPath<String>,
) -> Result<StatusCode, StatusCode> {
    asking.may_see(&tenant)?;
    Ok(StatusCode::CREATED)
}

/// Never ends.
async fn feed(asking: Asking, InPath(tenant): InPath<String>) -> Result<Body, StatusCode> {
    asking.may_see(&tenant)?;
    let every = tokio::time::interval(Duration::from_millis(100));
    let pieces = stream::unfold(every, |mut every| async move {
        every.tick().await;
        Some((Ok::<_, std::io::Error>("still open\n"), every))
    });
    Ok(Body::from_stream(pieces))
}
