//! The audit log: who did what, where, and with which outcome.

pub mod filters;
pub mod table;

use leptos::prelude::*;

use self::{filters::Filters, table::Table};
use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, EmptyList, FailedList, Loaded, PageHeader, Pager, PagerLinks, ResultCount,
        format::found, use_query,
    },
    domain::{
        audit::{AuditEvent, ExportFormat},
        page::Page,
        problem::Problem,
    },
    paths,
    query::audit::AuditQuery,
};

#[component]
pub fn AuditLogPage() -> impl IntoView {
    let query = use_query::<AuditQuery>();
    let problem = Memo::new(move |_| query.with(|query| query.parse().err()));
    let events = Resource::new(move || query.get(), load);
    view! {
        <div class="page">
            <PageHeader
                title="Audit log"
                lead="Append-only and tamper-evident"
            >
                <Exports query problem/>
            </PageHeader>
            <section class="card" aria-label="Audit events">
                <Filters query problem/>
                <Loaded
                    resource=events
                    loading="Loading audit events…"
                    show=move |page| view! { <Events page query=query.get_untracked()/> }
                    failed=move |problem| {
                        view! { <Failed problem query=query.get_untracked()/> }.into_any()
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

/// Links that export the filtered events as a file. Without `download`, so that a browser shows an answer that is no
/// file instead of saving it.
#[component]
fn Exports(query: Memo<AuditQuery>, problem: Memo<Option<Problem>>) -> impl IntoView {
    let link = move |address: fn(&AuditQuery) -> String, label: &'static str| {
        view! {
            <a
                class="button"
                rel="external"
                href=move || query.with(address)
            >
                {label}
            </a>
        }
    };
    view! {
        <div class="bar push" hidden=move || problem.with(Option::is_some)>
            {link(|query| query.export_address(ExportFormat::Csv), "Export CSV")}
            {link(AuditQuery::excel_address, "CSV for Excel")}
            {link(|query| query.export_address(ExportFormat::JsonLines), "Export JSON Lines")}
        </div>
    }
}

#[component]
fn Events(page: Page<AuditEvent>, query: AuditQuery) -> impl IntoView {
    let links = PagerLinks::of(&page, |cursor| query.address(cursor));
    let total = found(page.total, "event", "events");
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
    let (title, advice) = match is_filtered {
        true => (
            "No matching events",
            "Try a longer time range or remove a filter.",
        ),
        false => (
            "No events yet",
            "Sign-ins, support sessions and every request made in them appear here.",
        ),
    };
    view! { <EmptyList title advice clear=is_filtered.then_some(paths::AUDIT)/> }
}

/// The events couldn't be loaded. Filter errors are shown at their fields.
#[component]
fn Failed(problem: Problem, query: AuditQuery) -> impl IntoView {
    let first_page = (!query.cursor.is_empty()).then(|| query.address(None));
    view! {
        <FailedList
            problem
            what="The audit events could not be loaded."
            invalid="Check the highlighted filters."
        >
            {first_page
                .map(|href| view! { <ButtonLink href>"Go to the first page"</ButtonLink> })}
            <ButtonLink href=paths::AUDIT class="quiet">
                "Clear filters"
            </ButtonLink>
        </FailedList>
    }
}
