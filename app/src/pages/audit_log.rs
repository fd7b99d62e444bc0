//! The audit log: who did what, where, and with which outcome.

pub mod filters;
pub mod table;

use leptos::prelude::*;

use self::{filters::Filters, table::Table};
use super::filtered_list::{Answer, Shown, exports, highlights, nothing, rows, to_ids};
use crate::{
    api::{self, NamedEvents},
    components::{
        ButtonLink, FailedList, FlashNotice, Following, PageHeader, Pager, PagerLinks, ResultCount,
        format::found, use_page_flash, use_query,
    },
    domain::{audit::ExportFormat, problem::Problem},
    paths,
    query::audit::{AuditParts, AuditQuery},
};

#[component]
pub fn AuditLogPage() -> impl IntoView {
    let query = use_query::<AuditQuery>();
    let log = Resource::new(move || query.get(), api::audit_log);
    let flash = use_page_flash();
    let links = exports(
        query,
        [
            ("Export CSV", |query| {
                query.export_address(ExportFormat::Csv)
            }),
            ("CSV for Excel", AuditQuery::excel_address),
            ("Export JSON Lines", |query| {
                query.export_address(ExportFormat::JsonLines)
            }),
            ("Support activity (CSV)", AuditQuery::activity_address),
        ],
    );
    view! {
        <div class="page">
            <PageHeader title="Audit log" lead="Append-only and tamper-evident">
                {links}
            </PageHeader>
            {flash.map(|flash| view! { <FlashNotice flash/> })}
            <section class="card" aria-label="Audit events">
                <Following
                    resource=log
                    loading=Some("Loading audit events…".to_owned())
                    show=move |log| view! { <Content log query/> }
                />
            </section>
        </div>
    }
}

#[component]
fn Content(
    log: RwSignal<Answer<AuditParts, NamedEvents>>,
    query: Memo<AuditQuery>,
) -> impl IntoView {
    let events = |events, query, _| view! { <Events events query/> }.into_any();
    let failed = |problem, query| view! { <Failed problem query/> }.into_any();
    view! {
        {to_ids(log, query)}
        <Filters shown=Shown::of(log, query)/>
        {move || rows(log.get(), query.get_untracked(), events, failed)}
    }
}

#[component]
fn Events(events: NamedEvents, query: AuditQuery) -> impl IntoView {
    let NamedEvents {
        events,
        tenants,
        answers,
    } = events;
    let links = PagerLinks::of(&events, |cursor| query.address(cursor));
    let total = found(events.total, "event", "events");
    let rows = if events.items.is_empty() {
        let advice = "Sign-ins, support sessions and every request made in them appear here.";
        nothing(&query, "No matching events", "No events yet", advice).into_any()
    } else {
        view! { <Table events=events.items tenants answers query/> }.into_any()
    };
    view! {
        <div class="toolbar">
            <ResultCount>{total}</ResultCount>
        </div>
        {rows}
        <Pager links=Signal::stored(links) label="audit events"/>
    }
}

/// The events couldn't be loaded. Filter errors are shown at their fields.
#[component]
fn Failed(problem: Problem, query: AuditQuery) -> impl IntoView {
    let what = "The audit events could not be loaded.";
    let invalid = match highlights::<AuditParts>(&problem) {
        true => "Check the highlighted filters.",
        false => what,
    };
    let first_page = (!query.cursor.is_empty()).then(|| query.address(None));
    view! {
        <FailedList
            problem
            what
            invalid
        >
            {first_page
                .map(|href| view! { <ButtonLink href>"Go to the first page"</ButtonLink> })}
            <ButtonLink href=paths::AUDIT class="quiet">
                "Clear filters"
            </ButtonLink>
        </FailedList>
    }
}
