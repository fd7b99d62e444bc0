//! The dialog Change roles. It notices when someone else has changed them meanwhile.

use leptos::{prelude::*, task::spawn_local};

use super::confirm::{StaffDialogPage, leave_when_done};
use crate::{
    api,
    components::{CheckBoxes, FormAct, FormDialog, Notice, Tone, resume},
    domain::{
        StaffId,
        flash::Flash,
        problem::ProblemCode,
        shown::in_sentence,
        staff::{Role, RolesForm, StaffDetail, roles_as_text},
    },
};

#[component]
pub fn ChangeRolesPage() -> impl IntoView {
    view! {
        <StaffDialogPage
            title="Change roles"
            show=|detail, flash| view! { <RolesDialog detail flash/> }.into_any()
        />
    }
}

#[component]
fn RolesDialog(detail: StaffDetail, flash: Option<Flash>) -> impl IntoView {
    let member = detail.row.member;
    let id = member.id;
    let present = RolesForm {
        roles: member.roles.iter().map(ToString::to_string).collect(),
        seen: roles_as_text(&member.roles),
    };
    let (form, _) = resume(flash.clone(), present);
    let chosen = form.roles;
    let act = FormAct::<api::SetStaffRoles>::new(flash, None);
    leave_when_done(act, id);
    // Saving again after a conflict is meant for the roles that there are by then.
    let seen = RwSignal::new(form.seen);
    follow_conflicts(act, id, seen);
    let last = detail.is_last_super_admin.then(|| {
        view! {
            <Notice tone=Tone::Info>
                "This is the last super admin, so the role Super admin must stay."
            </Notice>
        }
    });
    let box_of = |role: &Role| {
        let checked = chosen.iter().any(|chosen| chosen == role.as_str());
        view! { <RoleBox role=*role checked/> }
    };
    let boxes = Role::ALL.iter().map(box_of).collect_view();
    view! {
        <FormDialog
            act
            id
            title=format!("Change the roles of {}", in_sentence(&member.name))
            description=|| {
                "The change applies at once. Without a role, the person is signed out and their \
                 support sessions end."
            }
            check=|form: &RolesForm| form.validate().map(drop)
            submit=Some("Save roles".to_owned())
        >
            {last}
            <CheckBoxes name="roles" legend="Roles" error=act.error("roles")>
                {boxes}
            </CheckBoxes>
            <input type="hidden" name="seen" prop:value=move || seen.get() value=seen.get_untracked()/>
        </FormDialog>
    }
    .into_any()
}

/// One role to choose, with what it permits.
#[component]
pub(in crate::pages) fn RoleBox(role: Role, checked: bool) -> impl IntoView {
    let permits = match role {
        Role::SupportAdmin => "Sees tenants, opens support sessions, revokes their own.",
        Role::SuperAdmin => "Everything, also staff, keys and everyone's support sessions.",
    };
    view! {
        <label>
            <input type="checkbox" name="roles" value=role.as_str() checked=checked/>
            <span>
                {role.label()}
                <small>{permits}</small>
            </span>
        </label>
    }
}

fn follow_conflicts(act: FormAct<api::SetStaffRoles>, id: StaffId, seen: RwSignal<String>) {
    act.when_refused(move |problem| {
        if problem.code == ProblemCode::Conflict {
            spawn_local(async move {
                if let Ok(now) = api::staff_member(id).await {
                    seen.set(roles_as_text(&now.row.member.roles));
                }
            });
        }
    });
}
