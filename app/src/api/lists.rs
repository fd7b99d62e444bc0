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
    /// The query string, with IDs in place of names.
    pub query: Q,
    /// The query string as it came.
    pub typed: Q,
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
    /// The address with IDs, where this is the answer to `asked`, which has names.
    pub fn address_by_id(&self, asked: &ListQuery<P>) -> Option<String> {
        let is_named = self.typed == *asked && self.query != *asked;
        is_named.then(|| self.query.address(Some(&self.query.cursor)))
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
    let mut asked = on_server::Asked::of(&console, &context, query).await?;
    asked.find_staff(&console, &context).await?;
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
            StaffId,
            audit::AuditFilter,
            caller::Context,
            page::PageRequest,
            problem::{FieldProblem, FieldProblems, Problem, ProblemCode},
            support_sessions::STAFF_FIELD,
            tenants::TENANT_FIELD,
            time_range::TimeSpan,
        },
        ports::Console,
        query::{
            list::{ListParts, ListQuery},
            sessions::SessionParts,
        },
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

    /// A query string whose names have been looked up.
    pub(super) struct Asked<P> {
        pub(super) query: ListQuery<P>,
        typed: ListQuery<P>,
        text: String,
        /// Fields whose text names nothing. The list is read without them.
        unknown: Vec<FieldProblem>,
        span: TimeSpan,
    }

    impl<P: ListParts> Asked<P> {
        /// Puts the tenant's ID where its name or slug stands. A tenant that isn't found is left out.
        pub(super) async fn of(
            console: &Console,
            context: &Context,
            mut query: ListQuery<P>,
        ) -> Result<Self, Problem> {
            let typed = query.clone();
            let (mut text, mut unknown) = (typed.tenant.clone(), Vec::new());
            if !text.is_empty() {
                match console.tenants.named(context, &typed.tenant).await {
                    Ok(chosen) => {
                        query.tenant = chosen.tenant.id.to_string();
                        text = chosen.text;
                    }
                    Err(problem) if problem.code == ProblemCode::InvalidInput => {
                        query.tenant.clear();
                        unknown = problem.fields;
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
            // A text that names nothing stays as it was typed.
            let is_unknown = |field: &str| self.unknown.iter().any(|one| one.field == field);
            if is_unknown(TENANT_FIELD) {
                self.query.tenant.clone_from(&self.typed.tenant);
            }
            if is_unknown(STAFF_FIELD) {
                self.query.own.clone_from(&self.typed.own);
            }
            let others = problem.map(|problem| problem.fields).unwrap_or_default();
            let fields = [self.unknown, others].concat();
            let problem = (!fields.is_empty()).then(|| Problem::invalid(fields));
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

    impl Asked<SessionParts> {
        /// Replaces a staff member's name by the ID. A name that isn't found is left out.
        pub(super) async fn find_staff(
            &mut self,
            console: &Console,
            context: &Context,
        ) -> Result<(), Problem> {
            let typed = &self.typed.own.staff;
            if typed.is_empty() || typed.parse::<StaffId>().is_ok() {
                return Ok(());
            }
            match console.support_sessions.staff_named(context, typed).await {
                Ok(found) => self.query.own.staff = found.id.to_string(),
                Err(problem) if problem.code == ProblemCode::InvalidInput => {
                    self.query.own.staff.clear();
                    self.unknown.extend(problem.fields);
                }
                Err(problem) => return Err(problem),
            }
            Ok(())
        }
    }
}
