//! Filters of the list: staff member, status, and an instant at which sessions were active.

use leptos::prelude::*;

use crate::{
    components::{InstantField, Suggestions, TextField, labelled},
    domain::{
        shown::in_sentence,
        staff::StaffRef,
        support_sessions::{STAFF_FIELD, STAFF_OFFERED, SupportSessionStatus},
    },
    pages::filtered_list::{self, Choice, Shown},
    query::sessions::SessionParts,
};

#[component]
pub(super) fn Filters(
    shown: Shown<SessionParts>,
    #[prop(into)] staff: Signal<Vec<StaffRef>>,
    /// The one who is filtered by, if their name stands for nobody else.
    named: Signal<Option<StaffRef>>,
) -> impl IntoView {
    let statuses = labelled(SupportSessionStatus::ALL, SupportSessionStatus::label);
    let people = move || {
        let people = staff.get().into_iter();
        people
            .map(|staff| (staff.id.to_string(), in_sentence(&staff.name)))
            .collect::<Vec<_>>()
    };
    let words = Signal::derive(move || {
        let statuses = labelled(SupportSessionStatus::ALL, SupportSessionStatus::label);
        vec![(STAFF_FIELD, people()), ("status", statuses)]
    });
    let choice = move |name, label, any, options| {
        view! { <Choice shown name label any options/> }
    };
    let is_long = Memo::new(move |_| staff.with(Vec::len) >= STAFF_OFFERED);
    let person = move || match is_long.get() {
        true => view! { <PersonField shown staff named/> }.into_any(),
        false => {
            let offered = move || choice(STAFF_FIELD, "Staff member", "Any staff member", people());
            offered.into_any()
        }
    };
    view! {
        <filtered_list::Filters shown time="Issued" label="Filter support sessions" words>
            {person}
            {choice("status", "Status", "Any status", statuses)}
            <InstantField
                name="active_at"
                label="Active at"
                value=shown.text("active_at")
                error=shown.error("active_at")
            />
        </filtered_list::Filters>
    }
}

/// The staff member, where there are too many to choose from: the server looks for what is typed.
#[component]
fn PersonField(
    shown: Shown<SessionParts>,
    staff: Signal<Vec<StaffRef>>,
    named: Signal<Option<StaffRef>>,
) -> impl IntoView {
    let id = shown.text(STAFF_FIELD);
    let text = Signal::derive(move || {
        let id = id.get();
        let named = named.get().filter(|one| one.id.to_string() == id);
        named.map_or(id, |one| one.name)
    });
    let names = |staff: &Vec<StaffRef>| staff.iter().map(|one| one.name.clone()).collect();
    let names: Vec<String> = staff.with_untracked(names);
    view! {
        <TextField
            name=STAFF_FIELD
            label="Staff member"
            placeholder="Name or ID"
            from_url=text
            autocapitalize="none"
            list="staff-names"
            error=shown.error(STAFF_FIELD)
        />
        <Suggestions id="staff-names" values=names/>
    }
    .into_any()
}
