//! Fields of forms and filters.

use leptos::prelude::*;

use super::now;
use crate::{
    components::{
        Chips, Field, FilterForm, InstantField, ResultCount, SearchBox, SelectFilter, SpanInWords,
        TenantField, TextArea, TextField, TimeChoice, labelled,
    },
    domain::{health::Health, time_range::TimeSpan},
    query::list::Chip,
};

/// A name without a place to break, longer than any field.
const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";

/// The forms lead nowhere.
const NO_NAMES: [&str; 0] = [];

fn error(text: &str) -> Signal<Option<String>> {
    Signal::stored(Some(text.to_owned()))
}

#[component]
pub(super) fn Fields() -> impl IntoView {
    view! {
        <div class="card">
            <form class="form panel-body">
                <TextField name="empty" label="Ticket" optional=true placeholder="SUP-4821"/>
                <TextField name="hint" label="Duration (TTL, minutes)" value="15".to_owned() hint=|| "1 to 60 minutes"/>
                <TextField
                    name="wrong"
                    label="Total requests allowed"
                    value="12".to_owned()
                    hint=|| "Now: 1,000"
                    error=error("Enter a number between 1001 and 10000000")
                />
                <TextArea
                    name="reason"
                    label="Reason"
                    value=LONG.to_owned()
                    hint=|| "The tenant can see your reason and every request you make."
                    error=error("add 5 more characters")
                />
                <Field id="choice" label="Scopes" let:control>
                    <div class="choice" id=control.id>
                        <label>
                            <input type="checkbox" checked=true/>
                            <span>
                                "read_only"
                                <small>"Read everything of the tenant"</small>
                            </span>
                        </label>
                        <label>
                            <input type="checkbox"/>
                            <span>
                                "exports"
                                <small>"Export invoices and attestations as CSV"</small>
                            </span>
                        </label>
                    </div>
                </Field>
            </form>
        </div>
    }
    .into_any()
}

#[component]
pub(super) fn Choices() -> impl IntoView {
    let chip = |name: &'static str, text: &str| Chip {
        part: "",
        name,
        text: text.to_owned(),
        without: "#filters".to_owned(),
    };
    let chips = vec![
        chip("Tenant", LONG),
        chip("Tenant", "שירותי לוגיסטיקה ותובלה"),
        chip("Category", "Support sessions"),
    ];
    let stored = |text: &str| Signal::stored(text.to_owned());
    let none = Signal::stored(None::<String>);
    let href = |_: String| "#filters".to_owned();
    view! {
        <div class="card">
            <div class="panel-body filter-bar">
                <div class="bar">
                    <TimeChoice label="Issued" chosen=stored("last-7-days") href/>
                    <SpanInWords span=TimeSpan { from: Some(now()), to: None }/>
                </div>
                <FilterForm action="#filters" label="Filters" names=NO_NAMES>
                    <TenantField value=stored(LONG) text=stored(LONG) error=error("no tenant has this name")/>
                    <InstantField name="active_at" label="Active at" value=stored("2026-11-22T10:00:00Z") error=none/>
                    <InstantField name="from" label="From" value=stored("yesterday") error=error("must be a time")/>
                </FilterForm>
                <Chips chips=Signal::stored(chips) all="#filters"/>
            </div>
            <div class="toolbar">
                <FilterForm action="#filters" label="Tenants" names=NO_NAMES>
                    <SearchBox name="q" label="Search by name or ID" value=stored("")/>
                    <SelectFilter
                        name="health"
                        label="Health"
                        any="Any health"
                        options=labelled(Health::ALL, Health::label)
                        value=stored("")
                    />
                </FilterForm>
                <ResultCount>"10,000+ tenants"</ResultCount>
            </div>
        </div>
    }
    .into_any()
}
