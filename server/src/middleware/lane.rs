//! Which of the store's connections a request uses.

use axum::{extract::Request, middleware::Next, response::Response};
use store::Lane;

/// The last words of addresses that end something.
const ENDS: [&str; 7] = [
    "force-logout",
    "force_logout",
    "replace-token",
    "replace_token",
    "revoke",
    "revoke_support_session",
    "sign-out",
];

/// For requests of browsers. What ends something waits for nobody who looks, not even while its cookie is
/// looked up.
pub async fn browsers_lane(request: Request, next: Next) -> Response {
    match ends(&request) {
        true => Lane::Ends.run(next.run(request)).await,
        false => next.run(request).await,
    }
}

/// For requests with a key. What the platform reports, or asks about a sign-in, waits for nobody who reads
/// lists.
pub async fn keys_lane(request: Request, next: Next) -> Response {
    let lane = match request.method().is_safe() {
        _ if ends(&request) => Lane::Ends,
        true => Lane::Rest,
        false => Lane::Reports,
    };
    lane.run(next.run(request)).await
}

fn ends(request: &Request) -> bool {
    let last = request.uri().path().rsplit('/').next();
    !request.method().is_safe() && last.is_some_and(|last| ENDS.contains(&last))
}
