//! The table of support sessions.

use leptos::prelude::*;

use super::{follow::LiveList, row::SessionRow};
use crate::components::{TableBox, columns_and};

#[component]
pub(super) fn Table(shown: LiveList) -> impl IntoView {
    view! {
        <TableBox label="Support sessions" class="stacked">
            {columns_and(
                ["Status", "Tenant", "Staff", "Scopes", "Reason", "Issued", "Expires"],
                view! { <th scope="col"><span class="visually-hidden">"Actions"</span></th> },
            )}
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
