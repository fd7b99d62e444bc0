//! Which of the store's connections a request of the REST interface uses.

use axum::{extract::Request, middleware::Next, response::Response};
use store::Lane;

/// What the platform reports or asks about a sign-in never waits for those who read lists, not even while
/// its key is looked up.
pub async fn choose_lane(request: Request, next: Next) -> Response {
    let lane = match request.method().is_safe() {
        true => Lane::Rest,
        false => Lane::Reports,
    };
    lane.run(next.run(request)).await
}
