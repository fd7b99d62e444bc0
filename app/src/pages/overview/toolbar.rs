//! Search and filters over the tenants.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{Shared, request::OverviewRequest};
use crate::{
    components::{
        ExportLink, FilterForm, KeptField, ResultCount, SearchBox, SelectFilter, Settled,
        field_errors, format::found, labelled,
    },
    domain::{audit::ExportFormat, health::Health, tenants::TenantStatus},
    paths,
};

const FIELDS: [&str; 6] = ["q", "status", "health", "sort", "dir", "limit"];

#[component]
pub(super) fn Toolbar(shared: Shared) -> impl IntoView {
    let value =
        move |get: fn(&OverviewRequest) -> String| Signal::derive(move || get(&shared.request()));
    view! {
        <div class="toolbar">
            <FilterForm action=paths::OVERVIEW label="Tenants" names=FIELDS>
                <SearchBox
                    name="q"
                    label="Search by name or ID"
                    value=value(|r| r.filter.search.clone().unwrap_or_default())
                />
                <SelectFilter
                    name="status"
                    label="Status"
                    any="Any status"
                    options=labelled(TenantStatus::ALL, TenantStatus::label)
                    value=value(|r| r.filter.status.map(|s| s.to_string()).unwrap_or_default())
                />
                <SelectFilter
                    name="health"
                    label="Health"
                    any="Any health"
                    options=labelled(Health::ALL, Health::label)
                    value=value(|r| r.filter.health.map(|h| h.to_string()).unwrap_or_default())
                />
                <KeptFields/>
                // One alone stands where the tenants would be.
                {move || {
                    let problem = shared.request.get().err();
                    problem.filter(|problem| problem.fields.len() > 1).map(field_errors)
                }}
            </FilterForm>
            <ResultCount>
                <Settled
                    resource=shared.overview
                    show=|overview| {
                        overview.ok().map(|o| found(o.tenants.total, "tenant", "tenants"))
                    }
                />
            </ResultCount>
            <Exports shared/>
        </div>
    }
}

/// Links that export the filtered tenants as a file.
#[component]
fn Exports(shared: Shared) -> impl IntoView {
    let link = move |format: ExportFormat, label: &'static str| {
        let href = Signal::derive(move || shared.request().export_address(format));
        view! { <ExportLink href label class="button small quiet"/> }
    };
    view! {
        <div class="bar" hidden=move || shared.request.with(Result::is_err)>
            {link(ExportFormat::Csv, "Export CSV")}
            {link(ExportFormat::JsonLines, "Export JSON Lines")}
        </div>
    }
}

/// The order and the page size, which a search keeps.
#[component]
fn KeptFields() -> impl IntoView {
    let query = use_query_map();
    ["sort", "dir", "limit"]
        .map(|name| {
            let value =
                Signal::derive(move || query.with(|query| query.get(name).unwrap_or_default()));
            view! { <KeptField name value/> }
        })
        .collect_view()
}
