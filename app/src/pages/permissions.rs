//! Who may do what: the policy itself, asked for every act and every kind of caller.

use leptos::prelude::*;

use crate::{
    api,
    components::{Icon, IconName, Loaded, PageHeader, TableBox, failed_page},
    domain::{
        policy::{Column, Permission, RECENT_SIGN_IN, Row, matrix},
        staff::Role,
    },
};

#[component]
pub fn PermissionsPage() -> impl IntoView {
    let signed_in = Resource::new(|| (), |()| api::signed_in());
    view! {
        <div class="page">
            <PageHeader
                title="Permissions"
                lead="Who may do what. The server decides by the same rules."
            />
            <Loaded
                resource=signed_in
                loading="Loading your roles…"
                show=|signed_in| {
                    let roles = signed_in.map(|signed_in| signed_in.staff.roles);
                    view! { <Matrix roles=roles.unwrap_or_default()/> }
                }
                failed=failed_page
            />
        </div>
    }
}

#[component]
fn Matrix(
    /// The viewer's own.
    roles: Vec<Role>,
) -> impl IntoView {
    let is_own = move |column: Column| match column {
        Column::Staff(role) => roles.contains(&role),
        _ => false,
    };
    let own = Column::ALL.map(is_own);
    let head = Column::ALL.iter().zip(own).map(|(column, own)| {
        view! {
            <th scope="col" class:own=own>
                {column.label()}
                {own.then(|| view! { " " <span class="tag">"You"</span> })}
            </th>
        }
    });
    let head = head.collect_view();
    let rows = matrix().into_iter().map(|row| view! { <Act row own/> });
    let rows = rows.collect_view();
    let minutes = RECENT_SIGN_IN.num_minutes();
    view! {
        <section class="card" aria-label="Permissions">
            <TableBox label="Who may do what" class="permissions">
                <thead>
                    <tr>
                        <th scope="col">"Act"</th>
                        {head}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableBox>
            <p class="panel-body muted">
                {format!(
                    "A recent sign-in is at most {minutes} minutes old. A key needs the right that is named; a \
                     tenant’s key reaches only its own tenant, and so does a support session.",
                )}
            </p>
        </section>
    }
    .into_any()
}

#[component]
fn Act(row: Row, own: [bool; 6]) -> impl IntoView {
    let cells = row.answers.into_iter().zip(own).map(|(answer, own)| {
        view! { <td class:own=own>{permission(answer)}</td> }
    });
    view! {
        <tr>
            <th scope="row">{row.act}</th>
            {cells.collect_view()}
        </tr>
    }
}

fn permission(answer: Permission) -> AnyView {
    let yes = |more: &'static str| {
        view! {
            <span class="allowed">
                <Icon name=IconName::Good size=13/>
                "Yes"
                {more}
            </span>
        }
        .into_any()
    };
    match answer {
        Permission::Yes => yes(""),
        Permission::AfterRecentSignIn => yes(", after a recent sign-in"),
        Permission::WithRight(right) => view! {
            <span class="allowed">
                <Icon name=IconName::Good size=13/>
                <code>{right.as_str()}</code>
            </span>
        }
        .into_any(),
        Permission::No => view! { <span class="muted">"No"</span> }.into_any(),
    }
}
