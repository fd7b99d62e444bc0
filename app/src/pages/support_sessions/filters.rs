//! Filters of the list: time, tenant, staff member, status, and an instant at which sessions were active.

use leptos::prelude::*;

use crate::{
    components::{
        Chips, Field, FilterForm, InstantField, KeptField, SpanInWords, TenantField, TimeChoice,
        TimeSpanFields, choices, labelled,
    },
    domain::{
        problem::Problem, saved_views::FilteredList, shown::in_sentence, staff::StaffRef,
        support_sessions::SupportSessionStatus, time_range::TimeSpan,
    },
    pages::saved_views::SavedViews,
    paths,
    query::{sessions::SessionsQuery, time::CUSTOM},
};

const NAMES: &[&str] = &[
    "status",
    "tenant",
    "staff",
    "active_at",
    "time",
    "from",
    "to",
    "sort",
    "dir",
    "limit",
];

#[component]
pub(super) fn Filters(
    #[prop(into)] query: Signal<SessionsQuery>,
    /// What the field for the tenant shows.
    #[prop(into)]
    tenant: Signal<String>,
    #[prop(into)] problem: Signal<Option<Problem>>,
    #[prop(into)] span: Signal<TimeSpan>,
    #[prop(into)] staff: Signal<Vec<StaffRef>>,
) -> impl IntoView {
    let value = move |field: fn(&SessionsQuery) -> &str| {
        Signal::derive(move || query.with(|query| field(query).to_owned()))
    };
    let error = move |name: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| problem.as_ref()?.field(name).map(ToOwned::to_owned))
        })
    };
    let chosen = Signal::derive(move || {
        query.with(|query| match query.times().is_custom() {
            true => CUSTOM.to_owned(),
            false => query.time.clone(),
        })
    });
    let chips = Signal::derive(move || query.with(|query| tenant.with(|t| query.chips(t))));
    let address = Signal::derive(move || query.with(|query| query.address(None)));
    let is_filtered = Signal::derive(move || query.with(SessionsQuery::is_filtered));
    let at_time = move |time: String| query.with(|query| query.at_time(&time));
    let statuses = labelled(SupportSessionStatus::ALL, SupportSessionStatus::label);
    let people = move || {
        let people = staff.get().into_iter();
        people
            .map(|staff| (staff.id.to_string(), in_sentence(&staff.name)))
            .collect::<Vec<_>>()
    };
    let choice = move |name: &'static str, label: &'static str, any, options, field| {
        let value = value(field);
        view! {
            <Field id=format!("filter-{name}") label error=error(name) let:control>
                <select
                    id=control.id
                    name=name
                    prop:value=move || value.get()
                    aria-describedby=control.described_by
                    aria-invalid=control.invalid
                >
                    <option value="">{any}</option>
                    {choices(options, value)}
                </select>
            </Field>
        }
    };
    view! {
        <div class="panel-body filter-bar">
            <div class="bar">
                <TimeChoice label="Issued" chosen href=at_time/>
                {move || view! { <SpanInWords span=span.get()/> }}
            </div>
            <FilterForm
                action=paths::SUPPORT_SESSIONS
                label="Filter support sessions"
                names=NAMES
            >
                <TenantField value=value(|query| &query.tenant) text=tenant error=error("tenant")/>
                {move || choice("staff", "Staff member", "Any staff member", people(), |query| &query.own.staff)}
                {choice("status", "Status", "Any status", statuses, |query| &query.own.status)}
                <InstantField
                    name="active_at"
                    label="Active at"
                    value=value(|query| &query.own.active_at)
                    error=error("active_at")
                />
                <TimeSpanFields
                    chosen
                    from=value(|query| &query.from)
                    to=value(|query| &query.to)
                    from_error=error("from")
                    to_error=error("to")
                />
                <KeptField name="sort" value=value(|query| &query.own.sort)/>
                <KeptField name="dir" value=value(|query| &query.own.dir)/>
                <KeptField name="limit" value=value(|query| &query.limit)/>
            </FilterForm>
            <Chips chips all=paths::SUPPORT_SESSIONS/>
            <SavedViews list=FilteredList::SupportSessions address is_filtered/>
        </div>
    }
}
