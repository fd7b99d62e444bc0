//! Pages whose script has failed report it in one word. Their visitors continue without the script.

use std::sync::Mutex;

use app::domain::{
    Timestamp,
    caller::Context,
    problem::{Problem, ProblemCode},
};
use axum::{Extension, extract::State, response::IntoResponse};
use http::StatusCode;

use crate::{extract::Refusal, services::Core};

/// The words of `not_live.js` and `start.js`, and nothing else, so that no content of a page is
/// sent.
const WHY: [&str; 5] = ["changed", "failed", "old", "panic", "slow"];
/// Every open page reports the same fault of ours. One log line per interval is enough.
const LOG_EVERY_SECONDS: i64 = 10;

static LOGGED: Mutex<Option<Timestamp>> = Mutex::new(None);

/// `POST /not-live`.
pub(crate) async fn not_live(
    State(core): State<Core>,
    Extension(context): Extension<Context>,
    body: String,
) -> Result<impl IntoResponse, Refusal> {
    let why = WHY.into_iter().find(|why| *why == body).ok_or_else(|| {
        Problem::new(
            ProblemCode::MalformedRequest,
            "This is not what pages report.",
        )
    })?;
    metrics::counter!("support_console_pages_not_live_total", "why" => why).increment(1);
    if is_due(core.now()) {
        let user_agent = context.origin.user_agent.unwrap_or_default();
        tracing::warn!(
            page.not_live = why,
            user_agent,
            "the script of a page has failed"
        );
    }
    Ok(StatusCode::NO_CONTENT)
}

fn is_due(now: Timestamp) -> bool {
    let Ok(mut logged) = LOGGED.lock() else {
        return false;
    };
    // After a clock change, one line too many is better than none for hours.
    let is_due =
        logged.is_none_or(|last| !(0..LOG_EVERY_SECONDS).contains(&(now - last).num_seconds()));
    if is_due {
        *logged = Some(now);
    }
    is_due
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::Request};
    use chrono::TimeDelta;
    use tower::ServiceExt;

    use super::*;
    use crate::{
        middleware::{context::EstablishStaff, same_origin::SameOrigin},
        router,
        services::testing::sqlite,
    };

    #[tokio::test]
    async fn only_our_own_pages_report_and_only_these_words() {
        let world = sqlite().await;
        let core = world.core.clone();
        let own = SameOrigin::of(&core.config.console.public_url);
        let establish = EstablishStaff::new(core.clone(), world.sessions.clone());
        let app = router::for_browsers(router::reports(core), establish, own);
        let long = "x".repeat(65);
        for (site, body, status) in [
            ("same-origin", "panic", 204),
            ("same-origin", "slow", 204),
            ("same-origin", "anything else", 400),
            ("same-origin", "", 400),
            ("same-origin", long.as_str(), 413),
            ("cross-site", "panic", 403),
        ] {
            let request = Request::post("/not-live").header("sec-fetch-site", site);
            let request = request.body(Body::from(body.to_owned())).unwrap();
            let answer = app.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{site} {body}");
        }
    }

    #[test]
    fn one_line_in_a_while_is_logged() {
        let start: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        assert!(is_due(start));
        assert!(!is_due(start + TimeDelta::seconds(9)));
        assert!(is_due(start + TimeDelta::seconds(10)));
        assert!(is_due(start), "the clock was set back");
    }
}
