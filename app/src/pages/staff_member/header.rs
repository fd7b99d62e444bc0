//! Who it is, whether they may use the console, and what can be done about it.

use leptos::prelude::*;

use crate::{
    components::{Breadcrumb, ButtonLink, Outside, PageHeading, StaffStateBadge, format::counted},
    domain::staff::{LinkPurpose, StaffDetail},
    paths,
    query::Query,
};

#[component]
pub(super) fn Header(detail: StaffDetail) -> impl IntoView {
    let member = detail.row.member.clone();
    let (name, state, roles) = (
        member.name.clone(),
        detail.row.state(),
        member.roles_in_words(),
    );
    let heading = name.clone();
    let own = detail
        .is_own
        .then(|| view! { <span class="tag">"You"</span> });
    view! {
        <Breadcrumb href=paths::STAFF label="Staff">
            <Outside text=name/>
        </Breadcrumb>
        <header class="page-header">
            <div>
                <PageHeading>
                    <Outside text=heading/>
                </PageHeading>
                <p class="session-facts">
                    <StaffStateBadge state/>
                    {own}
                    <span>{roles}</span>
                    <ActiveSessions detail=detail.clone()/>
                </p>
            </div>
            <div class="bar push">
                <Acts detail/>
            </div>
        </header>
    }
    .into_any()
}

#[component]
fn ActiveSessions(detail: StaffDetail) -> impl IntoView {
    let active = detail.row.active_support_sessions;
    let sessions = Query::default()
        .with("staff", &detail.row.member.id.to_string())
        .with("status", "active")
        .of(paths::SUPPORT_SESSIONS);
    (active > 0).then(|| {
        let text = counted(active, "active support session", "active support sessions");
        view! {
            <a class="link" href=sessions>
                {text}
            </a>
        }
    })
}

#[component]
fn Acts(detail: StaffDetail) -> impl IntoView {
    let member = detail.row.member;
    let id = member.id;
    let link = match (detail.is_own, member.deactivated_at, detail.row.pending) {
        (true, ..) | (_, Some(_), _) => None,
        (_, _, Some(LinkPurpose::Invitation)) => Some("New invitation link"),
        (_, _, Some(LinkPurpose::Reset)) => Some("New reset link"),
        (_, _, None) => Some("Reset password"),
    };
    let link = link.map(|label| {
        view! { <ButtonLink href=paths::MAKE_LINK.page(id)>{label}</ButtonLink> }
    });
    let access = match member.deactivated_at {
        None => view! {
            <ButtonLink href=paths::DEACTIVATE.page(id) class="danger">
                "Deactivate"
            </ButtonLink>
        }
        .into_any(),
        Some(_) => view! { <ButtonLink href=paths::REACTIVATE.page(id)>"Reactivate"</ButtonLink> }
            .into_any(),
    };
    view! {
        <ButtonLink href=paths::CHANGE_ROLES.page(id)>"Change roles"</ButtonLink>
        {link}
        <ButtonLink href=paths::END_SIGN_INS.page(id)>"Sign out everywhere"</ButtonLink>
        {access}
    }
}
