//! The table of support sessions.

use leptos::prelude::*;

use super::{SELECTION, follow::LiveList, row::SessionRow};
use crate::{
    components::{SelectHead, SortHeader, TableBox},
    domain::support_sessions::{SELECTED_MAX, SupportSessionSort},
    query::sessions::SessionsQuery,
};

#[component]
pub(super) fn Table(shown: LiveList, query: SessionsQuery) -> impl IntoView {
    let plain = |name: &'static str| view! { <th scope="col">{name}</th> };
    let sorted = |label: &'static str, sort| {
        view! {
            <SortHeader
                label
                sorted=Signal::stored(query.direction_of(sort))
                href=Signal::stored(query.sorted_by(sort))
            />
        }
    };
    let select = shown.may_revoke_any().then(|| {
        let count = shown.rows.with_untracked(|rows| rows.shown().len());
        view! { <SelectHead form=SELECTION what="active support sessions" count max=SELECTED_MAX/> }
    });
    let before = ["Status", "Tenant", "Staff", "Scopes", "Reason"].map(plain);
    let times = (
        sorted("Issued", SupportSessionSort::Issued),
        sorted("Expires", SupportSessionSort::Expires),
    );
    view! {
        <TableBox label="Support sessions" class="stacked sessions">
            <thead>
                <tr>
                    {select} {before.collect_view()} {times}
                    <th scope="col" class="numeric">
                        "Duration"
                    </th>
                    <th scope="col" class="numeric">
                        "Requests"
                    </th>
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                <For each=move || shown.in_order() key=|session| session.id let:session>
                    <SessionRow session shown/>
                </For>
            </tbody>
        </TableBox>
    }
}
