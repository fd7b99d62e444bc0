//! Filters of the list: staff member, status, and an instant at which sessions were active.

use leptos::prelude::*;

use crate::{
    components::{InstantField, labelled},
    domain::{shown::in_sentence, staff::StaffRef, support_sessions::SupportSessionStatus},
    pages::filtered_list::{self, Choice, Shown},
    query::sessions::SessionParts,
};

#[component]
pub(super) fn Filters(
    shown: Shown<SessionParts>,
    #[prop(into)] staff: Signal<Vec<StaffRef>>,
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
        vec![("staff", people()), ("status", statuses)]
    });
    let choice = move |name, label, any, options| {
        view! { <Choice shown name label any options/> }
    };
    view! {
        <filtered_list::Filters shown time="Issued" label="Filter support sessions" words>
            {move || choice("staff", "Staff member", "Any staff member", people())}
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
