//! The table of support sessions.

use leptos::prelude::*;

use super::{follow::LiveList, row::SessionRow};
use crate::{components::TableBox, domain::support_sessions::SupportSession};

#[component]
pub(super) fn Table(
    shown: LiveList,
    may_revoke: impl Fn(&SupportSession) -> bool + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let may_revoke = StoredValue::new(may_revoke);
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
                    {
                        let may_revoke = may_revoke.with_value(|may| may(&session));
                        view! { <SessionRow session rows=shown.rows at=shown.at may_revoke/> }
                    }
                </For>
            </tbody>
        </TableBox>
    }
}
