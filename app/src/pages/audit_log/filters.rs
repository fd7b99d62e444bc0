//! Filters of the audit log: a GET form with visible labels and each field's error under it.

use leptos::prelude::*;

use crate::{
    components::{
        Chips, Field, FilterForm, KeptField, SpanInWords, TenantField, TextField, TimeChoice,
        TimeSpanFields, choices, labelled,
    },
    domain::{
        audit::{AuditCategory, AuditOutcome},
        problem::Problem,
        saved_views::FilteredList,
        time_range::TimeSpan,
    },
    pages::saved_views::SavedViews,
    paths,
    query::{audit::AuditQuery, time::CUSTOM},
};

const NAMES: &[&str] = &[
    "category", "action", "actor", "tenant", "outcome", "request", "session", "time", "from", "to",
    "order", "limit",
];

#[component]
pub(super) fn Filters(
    #[prop(into)] query: Signal<AuditQuery>,
    /// What the field for the tenant shows.
    #[prop(into)]
    tenant: Signal<String>,
    #[prop(into)] problem: Signal<Option<Problem>>,
    #[prop(into)] span: Signal<TimeSpan>,
) -> impl IntoView {
    let value = move |field: fn(&AuditQuery) -> &str| {
        Signal::derive(move || query.with(|query| field(query).to_owned()))
    };
    let error = move |name: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| problem.as_ref()?.field(name).map(ToOwned::to_owned))
        })
    };
    let text = move |name, label: &'static str, placeholder, field| {
        view! {
            <TextField
                name
                label
                placeholder
                from_url=value(field)
                autocapitalize="none"
                error=error(name)
            />
        }
    };
    let choice = move |name, label, options, field| {
        view! { <Choice name label options value=value(field) error=error(name)/> }
    };
    let categories = labelled(AuditCategory::ALL, AuditCategory::as_str);
    let outcomes = labelled(AuditOutcome::ALL, AuditOutcome::as_str);
    let chosen = Signal::derive(move || {
        query.with(|query| match query.times().is_custom() {
            true => CUSTOM.to_owned(),
            false => query.time.clone(),
        })
    });
    let chips = Signal::derive(move || query.with(|query| tenant.with(|t| query.chips(t))));
    let address = Signal::derive(move || query.with(|query| query.address(None)));
    let is_filtered = Signal::derive(move || query.with(AuditQuery::is_filtered));
    let at_time = move |time: String| query.with(|query| query.at_time(&time));
    view! {
        <div class="panel-body filter-bar">
            <div class="bar">
                <TimeChoice label="Time" chosen href=at_time/>
                {move || view! { <SpanInWords span=span.get()/> }}
            </div>
            <FilterForm action=paths::AUDIT label="Filter audit events" names=NAMES>
                <TenantField value=value(|query| &query.tenant) text=tenant error=error("tenant")/>
                {choice("category", "Category", categories, |query| &query.own.category)}
                {text("action", "Action", "support_session.*", |query| &query.own.action)}
                {text("actor", "Actor", "Name or ID", |query| &query.own.actor)}
                {choice("outcome", "Outcome", outcomes, |query| &query.own.outcome)}
                {text("request", "Request ID", "01937e2c-…", |query| &query.own.request)}
                <TimeSpanFields
                    chosen
                    from=value(|query| &query.from)
                    to=value(|query| &query.to)
                    from_error=error("from")
                    to_error=error("to")
                />
                <KeptField name="session" value=value(|query| &query.own.session)/>
                <KeptField name="order" value=value(|query| &query.own.order)/>
                <KeptField name="limit" value=value(|query| &query.limit)/>
            </FilterForm>
            <Chips chips all=paths::AUDIT/>
            <SavedViews list=FilteredList::Audit address is_filtered/>
        </div>
    }
}

/// A word to filter by.
#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    options: Vec<(String, String)>,
    value: Signal<String>,
    error: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id=format!("filter-{name}") label error let:control>
            <select
                id=control.id
                name=name
                prop:value=move || value.get()
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                <option value="">"Any"</option>
                {choices(options, value)}
            </select>
        </Field>
    }
}
