//! The audit log: who did what, where, and with which outcome.

pub mod filters;
pub mod query;
pub mod table;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

pub use self::table::OutcomeBadge;
use self::{filters::Filters, query::AuditQuery, table::Table};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, EmptyState, PageHeading, Pager, PagerLinks, ProblemNotice, ResultCount,
        Settled, format::counted,
    },
    domain::{
        audit::{AuditEvent, ExportFormat},
        page::Page,
        problem::Problem,
    },
    routes,
};

/// The audit log.
#[component]
pub fn AuditLogPage() -> impl IntoView {
    let map = use_query_map();
    let query = Memo::new(move |_| map.with(|map| AuditQuery::read(|name| map.get(name))));
    let problem = Memo::new(move |_| query.with(|query| query.parse().err()));
    let events = Resource::new(move || query.get(), load);
    view! {
        <Title text="Audit log"/>
        <div class="page">
            <header class="page-header">
                <div>
                    <PageHeading>"Audit log"</PageHeading>
                    <p class="muted">
                        "Append-only; each event carries the hash of the one before it"
                    </p>
                </div>
                <Exports query problem/>
            </header>
            <section class="card" aria-label="Audit events">
                <Filters query problem/>
                <Settled
                    resource=events
                    loading="Loading audit events…"
                    show=move |events| {
                        let query = query.get_untracked();
                        match events {
                            Ok(page) => view! { <Events page query/> }.into_any(),
                            Err(ApiError(problem)) => {
                                view! { <Failed problem query/> }.into_any()
                            }
                        }
                    }
                />
            </section>
        </div>
    }
}

async fn load(query: AuditQuery) -> Result<Page<AuditEvent>, ApiError> {
    let (filter, page) = query.parse()?;
    api::list_audit_events(filter, page).await
}

/// What is filtered, as a file.
#[component]
fn Exports(query: Memo<AuditQuery>, problem: Memo<Option<Problem>>) -> impl IntoView {
    let link = move |format: ExportFormat, label: &'static str| {
        view! {
            <a
                class="button"
                rel="external"
                download=""
                href=move || query.with(|query| query.export_address(format))
            >
                {label}
            </a>
        }
    };
    view! {
        <div class="bar push" hidden=move || problem.with(Option::is_some)>
            {link(ExportFormat::Csv, "Export CSV")}
            {link(ExportFormat::JsonLines, "Export JSON Lines")}
        </div>
    }
}

#[component]
fn Events(page: Page<AuditEvent>, query: AuditQuery) -> impl IntoView {
    let links = PagerLinks::of(&page, |cursor| query.address(cursor));
    let total = counted(page.total, "event", "events");
    let rows = if page.items.is_empty() {
        view! { <Nothing is_filtered=query.is_filtered()/> }.into_any()
    } else {
        view! { <Table events=page.items/> }.into_any()
    };
    view! {
        <div class="toolbar">
            <ResultCount>{total}</ResultCount>
        </div>
        {rows}
        <Pager links=Signal::stored(links) label="audit events"/>
    }
}

#[component]
fn Nothing(is_filtered: bool) -> impl IntoView {
    if is_filtered {
        view! {
            <EmptyState title="No event matches">
                <p>"Widen the time range, or leave a filter out."</p>
                <ButtonLink href=routes::AUDIT>"Show the whole audit log"</ButtonLink>
            </EmptyState>
        }
        .into_any()
    } else {
        view! {
            <EmptyState title="No events yet">
                <p>"Sign-ins, support sessions and every request made in them appear here."</p>
                <ButtonLink href=routes::OVERVIEW>"Support overview"</ButtonLink>
            </EmptyState>
        }
        .into_any()
    }
}

/// The events could not be had; what is wrong with the filter stands at its fields.
#[component]
fn Failed(problem: Problem, query: AuditQuery) -> impl IntoView {
    crate::answer::set_status(problem.code.status());
    let what = match problem.fields.is_empty() {
        true => "The audit events could not be loaded.",
        false => "The filter can't be read.",
    };
    let first_page = query.address(None);
    let has_cursor = !query.cursor.is_empty();
    view! {
        <div class="panel-body">
            <ProblemNotice problem what/>
            <div class="bar">
                {has_cursor
                    .then(|| {
                        view! {
                            <ButtonLink href=first_page>"Start from the newest event"</ButtonLink>
                        }
                    })}
                <ButtonLink href=routes::AUDIT class="quiet">
                    "Show the whole audit log"
                </ButtonLink>
            </div>
        </div>
    }
}
