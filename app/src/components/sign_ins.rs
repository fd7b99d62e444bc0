//! Open sign-ins as a table.

use leptos::prelude::*;

use super::{Ago, Outside, TableBox, Timestamp, format::Precision};
use crate::domain::{Timestamp as Instant, staff::SignIn};

/// Open sign-ins: the device, the address and the times. `act` makes what stands at the end of a row.
#[component]
pub fn SignInTable(
    sign_ins: Vec<SignIn>,
    now: Instant,
    #[prop(optional)] act: Option<fn(&SignIn) -> AnyView>,
) -> impl IntoView {
    let heads = ["Device", "IP address", "Signed in", "Last active"]
        .map(|name| view! { <th scope="col">{name}</th> });
    let actions = act.map(|_| {
        view! {
            <th scope="col">
                <span class="visually-hidden">"Actions"</span>
            </th>
        }
    });
    let rows = sign_ins.into_iter().map(move |sign_in| {
        let act = act.map(|act| view! { <td class="tight">{act(&sign_in)}</td> });
        view! {
            <tr>
                <th scope="row" class="wide">
                    <span class="name">
                        <strong>{sign_in.device.clone()}</strong>
                        {sign_in.is_this.then(|| view! { <span class="tag">"This browser"</span> })}
                    </span>
                </th>
                <td data-label="IP address">
                    <Outside text=if sign_in.ip.is_empty() { "unknown".to_owned() } else { sign_in.ip }/>
                </td>
                <td data-label="Signed in">
                    <Timestamp at=sign_in.signed_in_at precision=Precision::Minute in_row=true/>
                </td>
                <td data-label="Last active">
                    <Ago at=sign_in.last_used_at now in_row=true/>
                </td>
                {act}
            </tr>
        }
        .into_any()
    });
    view! {
        <TableBox label="Open sign-ins" class="stacked">
            <thead>
                <tr>{heads.collect_view()} {actions}</tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </TableBox>
    }
}
