//! Links that work like forms. To enter a tenant, a person follows [`enter`] on a page of ours. It
//! redirects to the session's host, which sends the browser to [`open`], which sends it back to the
//! host with a code (`gateway::browser`).
//!
//! Only an entry that begins on our own pages gets a code. A link from anywhere else, or a pasted
//! one, shows the session's page. The browser comes back from another site, so a cookie remembers
//! that the entry began here.

use app::{
    domain::{
        SupportSessionId,
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
    middleware::{cookie::ENTERING, limit::WithinLimit},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    state: Option<String>,
}

/// `GET /support/enter/{id}`: to the session's host, or to the session's page with the reason why not.
pub(crate) async fn enter(
    State(forms): State<Forms>,
    Path(id): Path<String>,
    Asking(context): Asking,
    _: WithinLimit,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = unasked(&method, &headers) {
        return refusal;
    }
    let Ok(id) = id.parse::<SupportSessionId>() else {
        return Refusal(Problem::not_found("support session")).into_response();
    };
    let page = paths::support_session(id);
    match forms.support_sessions.entry(&context, id).await {
        Ok(_) if !forms.same_origin.has_linked(&headers) => see_other(&page),
        Ok(url) => elsewhere(&url, ENTERING.keep_id(id.as_uuid())),
        Err(problem) => forms.refuse(&context, &page, problem, Fields::new()),
    }
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
    if let Some(refusal) = unasked(&method, &headers) {
        return refusal;
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
    let opened = match sessions.may_open(&context, &session) {
        Ok(()) if ENTERING.only(&headers) != Some(session.id.to_string()) => Err(not_from_here()),
        Ok(()) => sessions.open_in_browser(&context, &session, &state).await,
        Err(problem) => Err(problem),
    };
    match opened {
        Ok(url) => elsewhere(&url, ENTERING.forget()),
        Err(problem) => forms.refuse(&context, &page, problem, Fields::new()),
    }
}

/// Refuses HEAD, prefetches and requests by a page, behind which is no person who wants to enter a
/// tenant.
fn unasked(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let is_asked = method == Method::GET && fetch_metadata::is_navigation(headers);
    (!is_asked || fetch_metadata::is_ahead(headers)).then(|| {
        let detail = "To enter a tenant, open the link in a browser tab.";
        Refusal(Problem::forbidden(detail)).into_response()
    })
}

fn not_from_here() -> Problem {
    let detail = "You came here by a link from elsewhere. To enter the tenant, choose Enter tenant on \
                  this page.";
    Problem::forbidden(detail)
}

fn not_found(forms: &Forms, context: &Context, label: &str, problem: Problem) -> Response {
    match problem.code {
        // Redirects back here without the state, because a submitted form may not redirect to
        // another site.
        ProblemCode::Unauthenticated => sign_in_first(&paths::open_tenant(label)),
        ProblemCode::PasswordChangeRequired => {
            forms.refuse(context, paths::PASSWORD, problem, Fields::new())
        }
        _ => Refusal(problem).into_response(),
    }
}

/// Redirects to the session's host, with a cookie for the console. The code in the address is for
/// nobody else.
fn elsewhere(url: &str, cookie: Option<HeaderValue>) -> Response {
    let (Ok(mut location), Some(cookie)) = (HeaderValue::from_str(url), cookie) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    location.set_sensitive(true);
    let headers = [
        (header::LOCATION, location),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
    ];
    (StatusCode::SEE_OTHER, headers).into_response()
}
