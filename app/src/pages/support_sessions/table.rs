//! The table of support sessions.

use leptos::prelude::*;

use super::{follow::LiveList, row::SessionRow};
use crate::components::TableBox;

#[component]
pub(super) fn Table(shown: LiveList) -> impl IntoView {
    view! {
        <TableBox label="Support sessions" class="stacked">
            <thead>
                <tr>
                    <th scope="col">"Status"</th>
                    <th scope="col">"Tenant"</th>
                    <th scope="col">"Staff"</th>
                    <th scope="col">"Scopes"</th>
                    <th scope="col">"Reason"</th>
                    <th scope="col">"Issued"</th>
                    <th scope="col">"Expires"</th>
                    <th scope="col">
                        <span class="visually-hidden">"Actions"</span>
                    </th>
                </tr>
            </thead>
            <tbody>
                <For
                    each=move || shown.rows.with(|rows| rows.shown().to_vec())
                    key=|session| session.id
                    let:session
                >
                    <SessionRow session shown/>
                </For>
            </tbody>
        </TableBox>
    }
}
