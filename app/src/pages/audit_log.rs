//! The audit log: who did what, where, and with which outcome.

pub mod filters;
pub mod table;

use leptos::prelude::*;
use leptos_router::{NavigateOptions, components::Redirect};

use self::{filters::Filters, table::Table};
use crate::{
    answer::set_status,
    api::{self, Answered, ApiError, NamedEvents},
    components::{
        ButtonLink, EmptyList, FailedList, FlashNotice, Following, PageHeader, Pager, PagerLinks,
        ResultCount, format::found, use_page_flash, use_query,
    },
    domain::{audit::ExportFormat, problem::Problem},
    paths,
    query::audit::AuditQuery,
};

type Log = Result<Answered<AuditQuery, NamedEvents>, ApiError>;

#[component]
pub fn AuditLogPage() -> impl IntoView {
    let query = use_query::<AuditQuery>();
    let log = Resource::new(move || query.get(), api::audit_log);
    let flash = use_page_flash();
    view! {
        <div class="page">
            <PageHeader
                title="Audit log"
                lead="Append-only and tamper-evident"
            >
                <Exports query/>
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
fn Content(log: RwSignal<Log>, query: Memo<AuditQuery>) -> impl IntoView {
    let answered = move || log.with(|log| log.as_ref().ok().map(|log| log.query.clone()));
    // What was asked for, where there is no answer.
    let shown = Memo::new(move |_| answered().unwrap_or_else(|| query.get()));
    let problem = Memo::new(move |_| log.with(|log| log.as_ref().ok()?.problem.clone()));
    let tenant = Memo::new(move |_| {
        log.with(|log| {
            log.as_ref()
                .map_or_else(|_| String::new(), |log| log.tenant.clone())
        })
    });
    let span =
        Memo::new(move |_| log.with(|log| log.as_ref().map(|log| log.span).unwrap_or_default()));
    // The address keeps the tenant's ID, whatever was typed. An answer to another address says nothing about this one.
    let elsewhere = move || {
        let asked = query.get();
        let known = log.with(|log| {
            let log = log.as_ref().ok()?;
            let is_named = log.typed == asked.tenant && log.query.tenant != asked.tenant;
            is_named.then(|| log.query.clone())
        })?;
        let same = AuditQuery {
            tenant: known.tenant.clone(),
            ..asked
        };
        (same == known).then(|| known.address(Some(&known.cursor)))
    };
    let options = NavigateOptions {
        replace: true,
        scroll: false,
        ..NavigateOptions::default()
    };
    view! {
        {move || {
            let options = options.clone();
            elsewhere().map(|path| view! { <Redirect path options/> })
        }}
        <Filters query=shown tenant problem span/>
        {move || rows(log.get(), query.get_untracked())}
    }
}

fn rows(log: Log, asked: AuditQuery) -> AnyView {
    let (problem, query, list) = match log {
        Ok(log) => (log.problem, log.query, log.list),
        Err(ApiError(problem)) => (None, asked, Err(problem)),
    };
    let notice = problem.map(|problem| {
        set_status(problem.code.status());
        view! {
            <p class="notice warn" role="alert">
                "Check the highlighted filters. The others apply."
            </p>
        }
    });
    let list = match list {
        Ok(events) => view! { <Events events query/> }.into_any(),
        Err(problem) => view! { <Failed problem query/> }.into_any(),
    };
    view! {
        {notice}
        {list}
    }
    .into_any()
}

/// Links that export the filtered events as a file. Without `download`, so that a browser shows an answer that is no
/// file instead of saving it.
#[component]
fn Exports(query: Memo<AuditQuery>) -> impl IntoView {
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
        <div class="bar push" hidden=move || query.with(|query| query.parse().is_err())>
            {link(|query| query.export_address(ExportFormat::Csv), "Export CSV")}
            {link(AuditQuery::excel_address, "CSV for Excel")}
            {link(|query| query.export_address(ExportFormat::JsonLines), "Export JSON Lines")}
            {link(AuditQuery::activity_address, "Support activity (CSV)")}
        </div>
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
        view! { <Nothing is_filtered=query.is_filtered()/> }.into_any()
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
