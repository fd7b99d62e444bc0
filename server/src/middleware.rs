//! The middleware of the console, in this order:
//!
//! 1. [`request_log`] — one line per request;
//! 2. the gateway's layer, before REST alone: requests with the token of a support session are judged
//!    and recorded, others pass it by;
//! 3. [`context`] — request id, address, client, and who asks: by cookie for pages, forms, server
//!    functions and the live stream, by key or that layer for REST, never the other way round;
//! 4. [`same_origin`] — no state changes for other sites (pages only: REST knows no cookies);
//! 5. [`body_limit`] — no body of a form or a server function above 64 KiB (pages only).
//!
//! No rule about who may do what lives here: the services decide, since a server function called
//! while a page is rendered never comes this way.

pub mod body_limit;
pub mod context;
pub mod cookie;
pub mod request_log;
pub mod same_origin;

use axum::{Router, middleware::from_fn, middleware::from_fn_with_state};
use gateway::SupportSessionLayer;

use self::{
    context::{EstablishKey, EstablishStaff},
    same_origin::SameOrigin,
};

/// Everything that pages, plain forms, server functions and the live stream pass through.
pub fn console<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    establish: EstablishStaff,
    same_origin: SameOrigin,
) -> Router<S> {
    router
        .layer(from_fn(body_limit::limit_body))
        .layer(from_fn_with_state(same_origin, same_origin::require))
        .layer(from_fn_with_state(establish, context::establish_staff))
        .layer(from_fn(request_log::log_request))
}

/// The middleware of the REST API. Its bodies have their own limits, because a batch of telemetry
/// is larger than a form. Without `support` a support token is unknown.
pub fn rest<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    establish: EstablishKey,
    support: Option<SupportSessionLayer>,
) -> Router<S> {
    let router = router.layer(from_fn_with_state(establish, context::establish_key));
    let router = match support {
        Some(support) => router.layer(support),
        None => router,
    };
    router.layer(from_fn(request_log::log_request))
}
