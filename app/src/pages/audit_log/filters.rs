//! Filters of the audit log.

use leptos::prelude::*;

use crate::{
    components::{KeptField, TextField, labelled},
    domain::audit::{AuditCategory, AuditOutcome},
    pages::filtered_list::{self, Choice, Shown},
    query::audit::AuditParts,
};

#[component]
pub(super) fn Filters(shown: Shown<AuditParts>) -> impl IntoView {
    let text = move |name, label: &'static str, placeholder| {
        view! {
            <TextField
                name
                label
                placeholder
                from_url=shown.text(name)
                autocapitalize="none"
                error=shown.error(name)
            />
        }
    };
    let choice = move |name, label, options| {
        view! { <Choice shown name label any="Any" options/> }
    };
    let categories = labelled(AuditCategory::ALL, AuditCategory::label);
    let outcomes = labelled(AuditOutcome::ALL, AuditOutcome::label);
    let words = vec![
        ("category", categories.clone()),
        ("outcome", outcomes.clone()),
    ];
    view! {
        <filtered_list::Filters shown time="Time" label="Filter audit events" words=Signal::stored(words)>
            {choice("category", "Category", categories)}
            {text("action", "Action", "support_session.*")}
            {text("actor", "Actor", "Name or ID")}
            {choice("outcome", "Outcome", outcomes)}
            {text("request", "Request ID", "01937e2c-…")}
            <KeptField name="session" value=shown.text("session")/>
        </filtered_list::Filters>
    }
}
