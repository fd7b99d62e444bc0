//! `GET /export/audit`: a plain download link of the console.
//!
//! It writes an event in the caller's name, so only our own pages may link to it: see
//! [`from_own_pages`].

use std::collections::BTreeMap;

use app::{
    domain::{
        audit::ExportFormat,
        caller::Context,
        problem::{Problem, ProblemCode},
    },
    pages::overview::request::OverviewQuery,
    paths,
    query::{audit::AuditQuery, sessions::SessionsQuery},
};
use axum::{
    Extension,
    extract::{Query, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, header};

use super::export;
use crate::{middleware::same_origin::SameOrigin, problem, services::Core};

/// Refuses requests that no person made on a page of ours: a link or an image elsewhere, a
/// prefetch, HEAD.
pub async fn from_own_pages(
    State(own): State<SameOrigin>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::GET {
        let refused = Problem::new(ProblemCode::MethodNotAllowed, "An export needs GET.");
        let mut response = problem::told(refused);
        let headers = response.headers_mut();
        headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
        return response;
    }
    if own.has_linked(request.headers()) {
        return next.run(request).await;
    }
    let (name, page) = page_of(request.uri().path(), &query);
    let page = own.page(&page);
    let mut refused = Problem::forbidden(format!(
        "Each export is recorded in your name, so it starts on the page of {name}. Nothing was \
         exported. Open {page} and choose the export there."
    ));
    if let Some(context) = request.extensions().get::<Context>() {
        refused.request_id.clone_from(&context.origin.request_id);
    }
    problem::told(refused)
}

/// Answers with the export as an attachment, or with a sentence that says why not. An earlier layer
/// must have established the caller: the request has a [`Context`].
pub async fn export_audit(
    State(core): State<Core>,
    Extension(context): Extension<Context>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    match try_export(&core, &context, &query).await {
        Ok(response) => response,
        Err(mut problem) => {
            problem.request_id.clone_from(&context.origin.request_id);
            problem::told(problem)
        }
    }
}

async fn try_export(
    core: &Core,
    context: &Context,
    query: &BTreeMap<String, String>,
) -> Result<Response, Problem> {
    let (format, bom) = wanted(query)?;
    let (filter, _) = app::query::read::<AuditQuery>(query).parse()?;
    let export = export(core, context, filter, format).await?;
    Ok(export.with_mark(bom).into_response())
}

/// The form of the file, and whether it begins with a byte order mark.
pub(super) fn wanted(query: &BTreeMap<String, String>) -> Result<(ExportFormat, bool), Problem> {
    let format = query.get("format").map_or("", String::as_str).parse();
    let format = format.map_err(|e| Problem::invalid_field("format", e))?;
    let bom = match query.get("bom").map(String::as_str) {
        None | Some("0" | "false") => false,
        Some("1" | "true") => true,
        Some(_) => return Err(Problem::invalid_field("bom", "must be 1 or 0")),
    };
    Ok((format, bom))
}

/// The page on which a person chooses an export.
fn page_of(path: &str, query: &BTreeMap<String, String>) -> (&'static str, String) {
    match path {
        paths::TENANTS_EXPORT => {
            let request = app::query::read::<OverviewQuery>(query).parse();
            ("the overview", request.unwrap_or_default().at_cursor(None))
        }
        paths::SESSIONS_EXPORT => (
            "the list of support sessions",
            app::query::read::<SessionsQuery>(query).address(None),
        ),
        path if path.starts_with(paths::SESSIONS_EXPORT) => (
            "the support session",
            path.replace(paths::SESSIONS_EXPORT, paths::SUPPORT_SESSIONS)
                .trim_end_matches("/access-log")
                .to_owned(),
        ),
        _ => (
            "the audit log",
            app::query::read::<AuditQuery>(query).address(None),
        ),
    }
}
