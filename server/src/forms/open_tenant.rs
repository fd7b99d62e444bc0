//! The one link among the forms: a browser that is on its way into a tenant comes by here, from the
//! session's host and back to it (`gateway::browser`).

use app::{
    domain::{
        caller::Context,
        form::Fields,
        problem::{Problem, ProblemCode},
    },
    paths,
};
use axum::{
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use gateway::browser::fetch_metadata;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;

use super::{
    Forms,
    redirect::{see_other, sign_in_first},
};
use crate::{
    extract::{Asking, Refusal},
    middleware::limit::WithinLimit,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    state: Option<String>,
}

/// `GET /support/open/{label}?state=…`: to the session's host with a code, or to the session's page
/// with the reason why not.
pub(crate) async fn open(
    State(forms): State<Forms>,
    Path(label): Path<String>,
    query: Result<Query<Entry>, axum::extract::rejection::QueryRejection>,
    Asking(context): Asking,
    _: WithinLimit,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // HEAD, prefetches and requests by a page come without a person who wants to enter a tenant.
    let is_asked = method == Method::GET && fetch_metadata::is_navigation(&headers);
    if !is_asked || fetch_metadata::is_ahead(&headers) {
        let detail = "To enter a tenant, open the link in a browser tab.";
        return Refusal(Problem::forbidden(detail)).into_response();
    }
    let sessions = &forms.support_sessions;
    let session = match sessions.find_by_entry_label(&context, &label).await {
        Ok(session) => session,
        Err(problem) => return not_found(&forms, &context, &label, problem),
    };
    let page = paths::support_session(session.id);
    let state = query.ok().and_then(|Query(entry)| entry.state);
    // Without one, someone had to sign in on the way.
    let Some(state) = state else {
        return see_other(&page);
    };
    match sessions.open_in_browser(&context, &session, &state).await {
        Ok(url) => elsewhere(&url),
        Err(problem) => forms.refuse(&context, &page, problem, Fields::new()),
    }
}

fn not_found(forms: &Forms, context: &Context, label: &str, problem: Problem) -> Response {
    match problem.code {
        // Back here without the state: a form that is sent may not lead to another site.
        ProblemCode::Unauthenticated => sign_in_first(&paths::open_tenant(label)),
        ProblemCode::PasswordChangeRequired => {
            forms.refuse(context, paths::PASSWORD, problem, Fields::new())
        }
        _ => Refusal(problem).into_response(),
    }
}

/// To the session's host. The code in the address is for no one else.
fn elsewhere(url: &str) -> Response {
    let Ok(mut location) = HeaderValue::from_str(url) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    location.set_sensitive(true);
    let headers = [
        (header::LOCATION, location),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}
