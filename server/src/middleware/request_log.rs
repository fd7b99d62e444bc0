//! One line per request.
//!
//! Never logged: query strings (searches, one-read ids), header fields, cookies, tokens, bodies.

use std::time::Instant;

use app::domain::caller::{Caller, Context};
use axum::{extract::Request, middleware::Next, response::Response};
use gateway::token::without_tokens;

/// The layer that writes the line, once the answer's head is known.
pub async fn log_request(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = without_tokens(request.method().as_str()).into_owned();
    let path = without_tokens(request.uri().path()).into_owned();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let context = response.extensions().get::<Context>();
    let origin = context.map(|context| &context.origin);
    let caller = context.and_then(|context| id_of(&context.caller));
    let request_id = origin.and_then(|origin| origin.request_id.as_deref());
    let client_ip = origin.and_then(|origin| origin.ip.as_deref());
    // The level says whether the operator must act.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                http.request.method = %method,
                url.path = path,
                http.response.status_code = status,
                duration_ms,
                request.id = request_id,
                client.ip = client_ip,
                caller.id = caller,
                "request"
            )
        };
    }
    match status {
        500.. => line!(warn),
        _ if path.starts_with("/pkg/") || path.starts_with("/health/") => line!(debug),
        _ => line!(info),
    }
    response
}

fn id_of(caller: &Caller) -> Option<String> {
    match caller {
        Caller::Staff(staff) => Some(staff.staff_id.to_string()),
        Caller::Key(key) => Some(key.id.to_string()),
        Caller::Support(support) => Some(support.staff_id.to_string()),
        _ => None,
    }
}
