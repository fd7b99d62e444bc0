//! Which of the store's connections a request uses. This comes after the layer that establishes the
//! caller, so that unknown callers can't use the connections for ends and reports.

use app::domain::caller::{Caller, Context};
use axum::{extract::Request, middleware::Next, response::Response};
use http::Method;
use store::Lane;

/// For requests of browsers.
pub async fn browsers_lane(request: Request, next: Next) -> Response {
    match is_known(&request) && ends(request.method(), request.uri().path()) {
        true => Lane::Ends.run(next.run(request)).await,
        false => next.run(request).await,
    }
}

/// For requests with a key. Reports of the platform, and its questions about sign-ins, don't wait
/// for lists.
pub async fn keys_lane(request: Request, next: Next) -> Response {
    if !is_known(&request) {
        return next.run(request).await;
    }
    let lane = match request.method().is_safe() {
        true => Lane::Rest,
        false if ends(request.method(), request.uri().path()) => Lane::Ends,
        false => Lane::Reports,
    };
    lane.run(next.run(request)).await
}

fn is_known(request: &Request) -> bool {
    let context = request.extensions().get::<Context>();
    context.is_some_and(|context| !matches!(context.caller, Caller::Anonymous))
}

/// Whether a request ends a session or withdraws access.
fn ends(method: &Method, path: &str) -> bool {
    let parts: Vec<_> = path.trim_start_matches('/').split('/').collect();
    method == Method::POST
        && matches!(
            parts[..],
            [
                "_fn",
                "force_logout" | "replace_token" | "revoke_support_session"
            ] | ["forms", "sign-out"]
                | ["forms", "tenants", _, "force-logout"]
                | ["forms", "support-sessions", _, "replace-token" | "revoke"]
                | ["forms", "support-sessions", "revoke-selected"]
                | ["api", "v1", "tenants", _, "force-logout"]
        )
}

#[cfg(test)]
mod tests {
    use app::{
        domain::SupportSessionId,
        paths::{FORCE_LOGOUT, REPLACE_TOKEN, REVOKE, SERVER_FUNCTIONS, forms},
    };

    use super::*;

    #[test]
    fn every_way_to_end_something_is_known_and_nothing_that_only_sounds_like_it() {
        let id = SupportSessionId::from_uuid(uuid::Uuid::nil());
        let mut ways = vec![
            forms::SIGN_OUT.to_owned(),
            forms::REVOKE_SELECTED.to_owned(),
            "/api/v1/tenants/revoke/force-logout".to_owned(),
        ];
        ways.extend([REVOKE, REPLACE_TOKEN].map(|dialog| dialog.form(id)));
        ways.push(FORCE_LOGOUT.form("acme"));
        ways.extend(
            ["force_logout", "replace_token", "revoke_support_session"]
                .map(|name| format!("{SERVER_FUNCTIONS}{name}")),
        );
        for way in ways {
            assert!(ends(&Method::POST, &way), "{way}");
            assert!(!ends(&Method::GET, &way), "{way}");
        }
        for other in [
            "/api/v1/tenants/revoke",
            "/api/v1/tenants/force-logout",
            "/api/v1/tenants/a/organizations/force-logout",
            "/_fn/draft_force_logout",
            "/forms/support-sessions/revoke",
            "/revoke",
        ] {
            assert!(!ends(&Method::POST, other), "{other}");
            assert!(!ends(&Method::PUT, other), "{other}");
        }
    }
}
