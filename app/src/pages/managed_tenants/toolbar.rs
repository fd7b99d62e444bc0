//! Search, filters and exports of the list of tenants.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::ApiError,
    components::{
        ExportLink, FilterForm, KeptField, SearchBox, SelectFilter, Settled, field_errors, labelled,
    },
    domain::{
        audit::ExportFormat,
        problem::Problem,
        tenants::{CreatedWithin, TenantStatus, TenantsAbout},
    },
    pages::overview::request::OverviewRequest,
    paths,
};

const FIELDS: [&str; 8] = [
    "q", "status", "plan", "region", "created", "sort", "dir", "limit",
];

type Request = Memo<Result<OverviewRequest, Problem>>;

#[component]
pub(super) fn Toolbar(
    request: Request,
    /// Has the plans and regions to choose from.
    about: Resource<Result<TenantsAbout, ApiError>>,
    /// How many tenants were found.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="toolbar">
            <FilterForm action=paths::MANAGED_TENANTS label="Tenants" names=FIELDS>
                <SearchBox name="q" label="Search by name or ID" value=text("q")/>
                <SelectFilter
                    name="status"
                    label="Status"
                    any="Any status"
                    options=labelled(TenantStatus::ALL, TenantStatus::label)
                    value=text("status")
                />
                <Settled resource=about show=chosen/>
                <SelectFilter
                    name="created"
                    label="Created"
                    any="Created at any time"
                    options=labelled(CreatedWithin::ALL, CreatedWithin::label)
                    value=text("created")
                />
                {["sort", "dir", "limit"]
                    .map(|name| view! { <KeptField name value=text(name)/> })
                    .collect_view()}
                // One alone stands where the tenants would be.
                {move || {
                    let problem = request.get().err();
                    problem.filter(|problem| problem.fields.len() > 1).map(field_errors)
                }}
            </FilterForm>
            <div class="bar push">{children()} <Exports request/></div>
        </div>
    }
    .into_any()
}

/// What stands in the URL under a name.
fn text(name: &'static str) -> Signal<String> {
    let query = use_query_map();
    Signal::derive(move || query.with(|query| query.get(name).unwrap_or_default()))
}

/// The filters by what tenants have.
fn chosen(about: Result<TenantsAbout, ApiError>) -> AnyView {
    let choices = about.map(|about| about.choices).unwrap_or_default();
    let named = |names: Vec<String>| names.into_iter().map(|n| (n.clone(), n)).collect();
    view! {
        <SelectFilter
            name="plan"
            label="Plan"
            any="Any plan"
            options=named(choices.plans)
            value=text("plan")
        />
        <SelectFilter
            name="region"
            label="Region"
            any="Any region"
            options=named(choices.regions)
            value=text("region")
        />
    }
    .into_any()
}

/// Links that export the filtered tenants as a file.
#[component]
fn Exports(request: Request) -> impl IntoView {
    let exports = [
        (ExportFormat::Csv, "Export CSV"),
        (ExportFormat::JsonLines, "Export JSON Lines"),
    ];
    let exports = exports.map(|(format, label)| {
        let address = move |request: &Result<OverviewRequest, Problem>| {
            let request = request.as_ref().ok()?;
            Some(request.export_address(format))
        };
        let href = Signal::derive(move || request.with(address).unwrap_or_default());
        view! { <ExportLink href label class="button small quiet"/> }
    });
    view! {
        <div class="bar" hidden=move || request.with(Result::is_err)>
            {exports.collect_view()}
        </div>
    }
}
