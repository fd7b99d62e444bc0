//! Filters of the audit log: a GET form with visible labels and each field's error under it.

use leptos::prelude::*;

use crate::{
    components::{Field, FilterForm, KeptField, TextField, choices, labelled},
    domain::{
        audit::{AuditCategory, AuditOutcome},
        problem::Problem,
    },
    paths,
    query::audit::{AuditQuery, field_text},
};

const NAMES: &[&str] = &[
    "category", "action", "actor", "tenant", "outcome", "request", "session", "from", "to", "limit",
];

#[component]
pub(super) fn Filters(query: Memo<AuditQuery>, problem: Memo<Option<Problem>>) -> impl IntoView {
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
    let time = move |name, label: &'static str, field: fn(&AuditQuery) -> &str| {
        let held = move || query.with(|query| field_text(field(query)));
        let (value, kind) = (
            Signal::derive(move || held().0),
            Signal::derive(move || held().1),
        );
        view! { <TextField name label kind from_url=value error=error(name)/> }
    };
    let choice = move |name, label, options, field| {
        view! { <Choice name label options value=value(field) error=error(name)/> }
    };
    let categories = labelled(AuditCategory::ALL, AuditCategory::as_str);
    let outcomes = labelled(AuditOutcome::ALL, AuditOutcome::as_str);
    view! {
        <div class="panel-body audit-filters">
            <FilterForm action=paths::AUDIT label="Filter audit events" names=NAMES>
                {choice("category", "Category", categories, |query| &query.category)}
                {text("action", "Action", "support_session.*", |query| &query.action)}
                {text("actor", "Actor", "Name or ID", |query| &query.actor)}
                {text("tenant", "Tenant ID", "tnt_0fe11bcf", |query| &query.tenant)}
                {choice("outcome", "Outcome", outcomes, |query| &query.outcome)}
                {text("request", "Request ID", "01937e2c-…", |query| &query.request)}
                {time("from", "From (UTC)", |query| &query.from)}
                {time("to", "To (UTC)", |query| &query.to)}
                <KeptField name="session" value=value(|query| &query.session)/>
                <KeptField name="limit" value=value(|query| &query.limit)/>
            </FilterForm>
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
