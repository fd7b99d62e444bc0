//! Inviting a staff member. A plain form, with and without JavaScript; the link is shown once.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{
        ButtonLink, CheckBoxes, PageHeader, ProblemNotice, Resumed, TextField, WrittenIn,
        failed_page, suspend, use_flash,
    },
    domain::{
        flash::Flash,
        page::PageRequest,
        staff::{EMAIL_MAX, InviteForm, Role, StaffFilter, StaffLinkGiven},
    },
    pages::staff_member::{link::GivenLink, roles::RoleBox},
    paths,
};

#[component]
pub fn InviteStaffPage() -> impl IntoView {
    // Names the missing role before anything is typed.
    let staff = Resource::new(
        || (),
        |()| {
            let one = PageRequest {
                limit: Some(1),
                cursor: None,
            };
            api::list_staff(StaffFilter::default(), one)
        },
    );
    let flash = use_flash();
    view! {
        <div class="page">
            <PageHeader
                title="Invite a staff member"
                lead="The person gets a one-time link and chooses a password with it."
            />
            <Suspense>
                {move || suspend(async move { (staff.await, flash.await) }, |asked| {
                    match asked {
                        (_, Some(Flash::StaffLink(given))) => {
                            view! { <Invited given=*given/> }.into_any()
                        }
                        (Err(ApiError(problem)), _) if !problem.is_passing() => failed_page(problem),
                        (_, flash) => view! { <Form flash/> }.into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn Invited(given: StaffLinkGiven) -> impl IntoView {
    let member = paths::staff_member(given.member.id);
    view! {
        <section class="card" aria-label="Invitation">
            <div class="panel-body form">
                <GivenLink given/>
                <div class="bar">
                    <ButtonLink href=member class="primary">"View staff member"</ButtonLink>
                    <a class="button" rel="external" href=paths::INVITE_STAFF>
                        "Invite another"
                    </a>
                </div>
            </div>
        </section>
    }
}

#[component]
fn Form(flash: Option<Flash>) -> impl IntoView {
    let kept: InviteForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let is_resumed = matches!(flash, Some(Flash::Typed { .. }));
    let problem = match flash {
        Some(Flash::Refused { problem, .. }) => Some(problem),
        _ => None,
    };
    let error = |name: &str| {
        let text = problem.as_ref().and_then(|problem| problem.field(name));
        Signal::stored(text.map(ToOwned::to_owned))
    };
    let [email_error, name_error, roles_error] = ["email", "name", "roles"].map(error);
    let box_of = |role: &Role| {
        let checked = kept.roles.iter().any(|chosen| chosen == role.as_str());
        view! { <RoleBox role=*role checked/> }
    };
    let boxes = Role::ALL.iter().map(box_of).collect_view();
    let general = problem.and_then(|problem| problem.beside(&["email", "name", "roles"]));
    view! {
        <section class="card" aria-label="Invitation">
            <form class="panel-body form" method="post" action=paths::forms::INVITE_STAFF data-keep="">
                <WrittenIn/>
                {is_resumed.then(|| view! { <Resumed/> })}
                {general.map(|problem| view! { <ProblemNotice problem/> })}
                <TextField
                    name="email"
                    label="E-mail"
                    kind="email"
                    autocapitalize="none"
                    required=true
                    maxlength=EMAIL_MAX
                    value=kept.email
                    error=email_error
                />
                <TextField name="name" label="Name" required=true maxlength=100_usize value=kept.name error=name_error/>
                <CheckBoxes name="roles" legend="Roles" error=roles_error>
                    {boxes}
                </CheckBoxes>
                <div class="bar">
                    <ButtonLink href=paths::STAFF>"Cancel"</ButtonLink>
                    <button type="submit" class="button primary">
                        "Make invitation link"
                    </button>
                </div>
            </form>
        </section>
    }
    .into_any()
}
