//! `GET /export/…` of lists: plain download links of their pages, with the filter of the page.

use std::collections::BTreeMap;

use app::{
    domain::{
        SupportSessionId,
        caller::Context,
        page::Direction,
        problem::Problem,
        support_sessions::SupportSessionSort,
        tenants::{TenantFilter, TenantSort},
    },
    pages::overview::request::OverviewQuery,
    query::{audit::AuditQuery, sessions::SessionsQuery, time::TimeFields},
};
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};

use super::{
    handler::wanted,
    lists::{Asked, List, activity, export_list},
};
use crate::{app_state::AppState, problem};

type Pairs = Query<BTreeMap<String, String>>;

pub async fn export_tenants(
    State(state): State<AppState>,
    Extension(context): Extension<Context>,
    Query(query): Pairs,
) -> Response {
    let asked = || {
        let request = app::query::read::<OverviewQuery>(&query).parse()?;
        let of = |name: &str| query.get(name).cloned().unwrap_or_default();
        let created = request.filter.created;
        let created = created.map(|within| format!("created-{within}"));
        // By what doesn't change while the file is read: rows that move would be missing, or there twice.
        let tenants = TenantFilter {
            sort: TenantSort::Name,
            direction: Direction::Ascending,
            ..request.filter
        };
        Ok(Asked {
            list: List::Tenants(tenants),
            parts: vec![
                of("health"),
                of("status"),
                of("plan"),
                of("region"),
                created.unwrap_or_default(),
                of("q"),
            ],
            filter: filter(&query),
        })
    };
    answer(&state, &context, &query, asked()).await
}

pub async fn export_support_sessions(
    State(state): State<AppState>,
    Extension(context): Extension<Context>,
    Query(query): Pairs,
) -> Response {
    let asked = || {
        let typed: SessionsQuery = app::query::read(&query);
        let (mut list, _) = typed.parse()?;
        list.sort = SupportSessionSort::Issued;
        let mut parts = vec![
            typed.tenant.clone(),
            short(&typed.own.staff),
            typed.own.status.clone(),
        ];
        parts.extend(times(typed.times()));
        parts.push(day(&typed.own.active_at));
        Ok(Asked {
            list: List::SupportSessions(list),
            parts,
            filter: filter(&query),
        })
    };
    answer(&state, &context, &query, asked()).await
}

pub async fn export_activity(
    State(state): State<AppState>,
    Extension(context): Extension<Context>,
    Query(query): Pairs,
) -> Response {
    let asked = || {
        let typed: AuditQuery = app::query::read(&query);
        let (events, _) = typed.parse()?;
        let mut parts = vec![
            typed.tenant.clone(),
            typed.own.actor.clone(),
            typed.own.action.clone(),
        ];
        parts.extend(times(typed.times()));
        Ok(Asked {
            list: List::Activity(activity(events)),
            parts,
            filter: filter(&query),
        })
    };
    answer(&state, &context, &query, asked()).await
}

pub async fn export_access_log(
    State(state): State<AppState>,
    Extension(context): Extension<Context>,
    Path(id): Path<String>,
    Query(query): Pairs,
) -> Response {
    let asked = || {
        let id: SupportSessionId = id
            .parse()
            .map_err(|_| Problem::not_found("support session"))?;
        Ok(Asked {
            list: List::AccessLog(id),
            parts: vec![short(&id.to_string())],
            filter: format!("support_session_id={id}"),
        })
    };
    answer(&state, &context, &query, asked()).await
}

async fn answer(
    state: &AppState,
    context: &Context,
    query: &BTreeMap<String, String>,
    asked: Result<Asked, Problem>,
) -> Response {
    let export = async {
        let (format, bom) = wanted(query)?;
        let export = export_list(state, context, asked?, format).await?;
        Ok::<_, Problem>(export.with_mark(bom))
    };
    match export.await {
        Ok(export) => export.into_response(),
        Err(mut problem) => {
            problem.request_id.clone_from(&context.origin.request_id);
            problem::told(problem)
        }
    }
}

/// The filter of the page, without what only forms the file.
fn filter(query: &BTreeMap<String, String>) -> String {
    const MAX: usize = 500;
    let parts = query.iter().filter(|(name, value)| {
        let forms = ["format", "bom", "cursor", "limit"];
        !forms.contains(&name.as_str()) && !value.trim().is_empty()
    });
    let filter = parts.fold(app::query::Query::default(), |filter, (name, value)| {
        filter.with(name, value.trim())
    });
    filter
        .of("")
        .trim_start_matches('?')
        .chars()
        .take(MAX)
        .collect()
}

/// The beginning of a UUID, which tells it from others in a file's name.
fn short(id: &str) -> String {
    id.chars().take(13).collect()
}

/// The day of an instant.
fn day(instant: &str) -> String {
    instant.chars().take(10).collect()
}

pub(super) fn times(times: TimeFields<'_>) -> Vec<String> {
    let named = match times.time {
        app::query::time::CUSTOM => String::new(),
        time => time.to_owned(),
    };
    let prefixed = |word: &str, at: &str| match at {
        "" => String::new(),
        at => format!("{word}-{}", day(at)),
    };
    vec![
        named,
        prefixed("from", times.from),
        prefixed("to", times.to),
    ]
}
