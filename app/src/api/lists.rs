//! The lists of the audit log and of support sessions, by the query strings of their pages.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ApiError, Json};
use crate::{
    domain::{
        audit::{AuditEvent, RequestAnswer},
        page::Page,
        problem::Problem,
        support_sessions::SupportSessionList,
        tenants::TenantRef,
        time_range::TimeSpan,
    },
    query::{
        audit::AuditQuery,
        list::{ListParts, ListQuery},
        sessions::SessionsQuery,
    },
};

/// What a page shows for its query string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered<Q, L> {
    /// The query string, in which the tenant stands by its ID.
    pub query: Q,
    /// The text that named the tenant.
    pub typed: String,
    /// What the field for the tenant shows.
    pub tenant: String,
    /// The time that a preset names now.
    pub span: TimeSpan,
    /// What is wrong with fields. The others hold.
    pub problem: Option<Problem>,
    /// The list, or why there is none.
    pub list: Result<L, Problem>,
}

impl<Q, L> Answered<Q, L> {
    pub fn map<T>(self, list: impl FnOnce(L) -> T) -> Answered<Q, T> {
        Answered {
            query: self.query,
            typed: self.typed,
            tenant: self.tenant,
            span: self.span,
            problem: self.problem,
            list: self.list.map(list),
        }
    }
}

impl<P: ListParts, L> Answered<ListQuery<P>, L> {
    /// The address with the tenant's ID, where this is the answer to `asked`, which names the tenant in another way.
    pub fn address_by_id(&self, asked: ListQuery<P>) -> Option<String> {
        let is_named = self.typed == asked.tenant && self.query.tenant != asked.tenant;
        let tenant = self.query.tenant.clone();
        let same = ListQuery { tenant, ..asked };
        (is_named && same == self.query).then(|| same.address(Some(&same.cursor)))
    }
}

/// A page of audit events, with the tenants in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedEvents {
    pub events: Page<AuditEvent>,
    pub tenants: Vec<TenantRef>,
    /// What became of the requests, by their identifiers.
    pub answers: BTreeMap<String, RequestAnswer>,
}

/// The page of the audit log at a query string.
#[server(prefix = "/_fn", endpoint = "audit_log", protocol = Json)]
pub async fn audit_log(query: AuditQuery) -> Result<Answered<AuditQuery, NamedEvents>, ApiError> {
    let (console, context) = super::asked()?;
    let asked = on_server::Asked::of(&console, &context, query).await?;
    let (mut filter, page, problem) = asked.query.read();
    // One row a request, unless someone looks for answers or failures.
    filter.without_answers = filter.outcome.is_none()
        && filter.action.as_deref() != Some(crate::domain::audit::RESPONSE);
    let list = named_events(&console, &context, filter, page).await;
    Ok(asked.answered(problem, list))
}

/// The page of the list of support sessions at a query string.
#[server(prefix = "/_fn", endpoint = "support_sessions", protocol = Json)]
pub async fn support_sessions(
    query: SessionsQuery,
) -> Result<Answered<SessionsQuery, SupportSessionList>, ApiError> {
    let (console, context) = super::asked()?;
    let asked = on_server::Asked::of(&console, &context, query).await?;
    let (filter, page, problem) = asked.query.read();
    let list = console.support_sessions.list(&context, filter, page).await;
    Ok(asked.answered(problem, list))
}

#[cfg(feature = "ssr")]
pub(super) use on_server::named_events;

#[cfg(feature = "ssr")]
mod on_server {
    use super::{Answered, NamedEvents};
    use crate::{
        domain::{
            audit::AuditFilter,
            caller::Context,
            page::PageRequest,
            problem::{FieldProblems, Problem, ProblemCode},
            tenants::TENANT_FIELD,
            time_range::TimeSpan,
        },
        ports::Console,
        query::list::{ListParts, ListQuery},
    };

    /// A page of events, with what their sentences and links need.
    pub(in crate::api) async fn named_events(
        console: &Console,
        context: &Context,
        filter: AuditFilter,
        page: PageRequest,
    ) -> Result<NamedEvents, Problem> {
        let events = console.audit.list(context, filter, page).await?;
        let ids = events.items.iter().filter_map(|e| e.tenant_id.clone());
        let ids = ids.collect();
        Ok(NamedEvents {
            tenants: console.tenants.names(context, ids).await?,
            answers: console.audit.answers(context, &events.items).await?,
            events,
        })
    }

    /// A query string whose tenant has been looked up.
    pub(super) struct Asked<P> {
        pub(super) query: ListQuery<P>,
        typed: String,
        text: String,
        unknown: Option<Problem>,
        span: TimeSpan,
    }

    impl<P: ListParts> Asked<P> {
        /// Puts the tenant's ID where its name or slug stands. A tenant that isn't found is left out.
        pub(super) async fn of(
            console: &Console,
            context: &Context,
            mut query: ListQuery<P>,
        ) -> Result<Self, Problem> {
            let typed = query.tenant.clone();
            let (mut text, mut unknown) = (typed.clone(), None);
            if !typed.is_empty() {
                match console.tenants.named(context, &typed).await {
                    Ok(chosen) => {
                        query.tenant = chosen.tenant.id.to_string();
                        text = chosen.text;
                    }
                    Err(problem) if problem.code == ProblemCode::InvalidInput => {
                        query.tenant.clear();
                        unknown = Some(problem);
                    }
                    Err(problem) => return Err(problem),
                }
            }
            let (preset, _) = query.times().read(&mut FieldProblems::default());
            let span = preset.map(|preset| console.audit.span(context, preset));
            Ok(Self {
                query,
                typed,
                text,
                unknown,
                span: span.unwrap_or_default(),
            })
        }

        pub(super) fn answered<L>(
            mut self,
            problem: Option<Problem>,
            list: Result<L, Problem>,
        ) -> Answered<ListQuery<P>, L> {
            let problem = match (self.unknown, problem) {
                (Some(unknown), Some(others)) => {
                    Some(Problem::invalid([unknown.fields, others.fields].concat()))
                }
                (unknown, others) => unknown.or(others),
            };
            let is_unknown = problem
                .as_ref()
                .is_some_and(|problem| problem.field(TENANT_FIELD).is_some());
            if is_unknown {
                self.query.tenant.clone_from(&self.typed);
            }
            Answered {
                query: self.query,
                typed: self.typed,
                tenant: self.text,
                span: self.span,
                problem,
                list,
            }
        }
    }
}
