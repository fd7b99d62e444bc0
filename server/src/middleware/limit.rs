//! Refuses requests that one caller sends too often, and says in each answer how much is left. It
//! comes after the layer that establishes the caller, and counts no other requests.

use app::{
    api,
    domain::{caller::Context, problem::Problem},
    paths::forms,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use http::{Method, Uri, request::Parts};

use crate::{
    extract::Refusal,
    limits::{Counted, Limits, Policy},
    rest,
};

/// A limit, and the form of its refusals.
#[derive(Clone)]
pub(crate) struct Limit {
    pub(crate) limits: Limits,
    pub(crate) policy: fn(&Method, &Uri) -> Policy,
    pub(crate) answer: fn(Problem) -> Response,
}

/// The layer that refuses with 429.
pub(crate) async fn limit(State(limit): State<Limit>, request: Request, next: Next) -> Response {
    let policy = (limit.policy)(request.method(), request.uri());
    let Some((counted, problem)) = count(&limit.limits, policy, &request) else {
        return next.run(request).await;
    };
    let mut response = match problem {
        Some(problem) => (limit.answer)(problem),
        None => next.run(request).await,
    };
    counted.tell(response.headers_mut());
    response
}

/// The layer before plain forms. Their handlers refuse, because they know which page shows the form
/// again. Signing out is never refused.
pub(crate) async fn limit_forms(
    State(limits): State<Limits>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == forms::SIGN_OUT {
        return next.run(request).await;
    }
    let Some((counted, problem)) = count(&limits, Policy::Acts, &request) else {
        return next.run(request).await;
    };
    if let Some(problem) = problem {
        request.extensions_mut().insert(OverLimit(problem));
    }
    let mut response = next.run(request).await;
    counted.tell(response.headers_mut());
    response
}

fn count(limits: &Limits, policy: Policy, request: &Request) -> Option<(Counted, Option<Problem>)> {
    let context = request.extensions().get::<Context>()?;
    let counted = limits.count(policy, &context.caller)?;
    let problem = counted.problem().map(|problem| Problem {
        request_id: context.origin.request_id.clone(),
        ..problem
    });
    Some((counted, problem))
}

/// Why a form is refused unread.
#[derive(Debug, Clone)]
pub(crate) struct OverLimit(pub(crate) Problem);

/// Proof that the caller is within its limit, for handlers behind [`limit_forms`] that read no
/// form.
pub(crate) struct WithinLimit;

impl<S: Send + Sync> FromRequestParts<S> for WithinLimit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        match parts.extensions.get::<OverLimit>() {
            Some(OverLimit(problem)) => Err(Refusal(problem.clone())),
            None => Ok(Self),
        }
    }
}

/// The policy for a server function.
pub(crate) fn of_server_fn(_: &Method, uri: &Uri) -> Policy {
    match api::is_act(uri.path()) {
        true => Policy::Acts,
        false => Policy::Calls,
    }
}

/// The policy for a request to the REST interface.
pub(crate) fn of_rest(method: &Method, uri: &Uri) -> Policy {
    let path = uri.path().strip_prefix(rest::PREFIX);
    match (path, method.is_safe()) {
        (Some("/audit/export"), _) => Policy::Exports,
        (_, true) => Policy::Requests,
        (_, false) => Policy::Reports,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use app::{domain::staff::Role, paths};
    use axum::{Router, body::Body};
    use gateway::{entropy::SeededEntropy, identities::IdentityKeys};
    use http::{StatusCode, header};
    use tokio::sync::broadcast;
    use tokio_util::sync::CancellationToken;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        app_state::AppState,
        config::{Config, LimitConfig},
        router,
        services::testing::{World, sqlite},
    };

    /// The console in which each person may ask once a minute, and the cookie of one of them.
    async fn console() -> (Router, String, World) {
        let mut world = sqlite().await;
        world.core.config = Arc::new(Config {
            limits: LimitConfig {
                staff_requests_per_minute: 1,
                exports_per_hour: 1,
                ..LimitConfig::default()
            },
            ..Config::default()
        });
        world.add("ana", &[Role::SuperAdmin]).await;
        let token = world.sign_in("ana").await.token;
        let cookie = format!("__Host-support-console={}", token.expose());
        let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
        let state = AppState::new(world.core.clone(), keys).unwrap();
        let live = state.live(broadcast::Sender::new(1), CancellationToken::new());
        (router::console(&state, live, None), cookie, world)
    }

    async fn send(router: &Router, method: &str, path: &str, cookie: &str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookie)
            .body(Body::from("{}"));
        router.clone().oneshot(request.unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn pages_calls_acts_and_exports_are_limited_apart_from_each_other() {
        let (router, cookie, _world) = console().await;
        let revoke = "/_fn/revoke_support_session";
        for (method, path, policy) in [
            ("GET", "/account/no-role", "pages"),
            ("GET", "/no/such/page", "pages"),
            ("POST", "/_fn/signed_in", "calls"),
            ("GET", paths::LIVE, "calls"),
            ("POST", revoke, "acts"),
            ("GET", "/export/audit?format=csv", "exports"),
        ] {
            let first = send(&router, method, path, &cookie).await;
            let is_first = path != "/no/such/page" && path != paths::LIVE;
            let was_refused = first.status() == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(was_refused, !is_first, "{path}");
            let again = send(&router, method, path, &cookie).await;
            assert_eq!(again.status(), StatusCode::TOO_MANY_REQUESTS, "{path}");
            assert!(again.headers().contains_key(header::RETRY_AFTER), "{path}");
            let told = again.headers()["ratelimit"].to_str().unwrap();
            assert!(told.starts_with(&format!("\"{policy}\";r=0;")), "{told}");
        }
    }

    #[tokio::test]
    async fn a_refused_server_function_answers_with_its_own_error() {
        let (router, cookie, _world) = console().await;
        send(&router, "POST", "/_fn/signed_in", &cookie).await;
        let refused = send(&router, "POST", "/_fn/signed_in", &cookie).await;
        assert_eq!(
            refused.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = axum::body::to_bytes(refused.into_body(), 10_000)
            .await
            .unwrap();
        let error: api::ApiError = serde_json::from_slice(&body).unwrap();
        assert_eq!(error.code(), app::domain::problem::ProblemCode::RateLimited);
        assert_eq!(error.problem().retry_after_seconds, Some(60));
        assert!(error.problem().request_id.is_some());
    }

    #[tokio::test]
    async fn files_and_people_who_are_not_signed_in_are_not_counted() {
        let (router, cookie, _world) = console().await;
        for (path, cookie) in [("/favicon.svg", cookie.as_str()), ("/sign-in", "")] {
            for _ in 0..3 {
                let answer = send(&router, "GET", path, cookie).await;
                assert!(answer.status() != StatusCode::TOO_MANY_REQUESTS, "{path}");
            }
        }
    }

    #[test]
    fn every_form_that_is_a_server_function_too_is_an_act() {
        let acts = api::endpoints().filter(|path| api::is_act(path));
        assert_eq!(acts.count(), 14);
    }
}
