//! Gives tenants another status: which, why, and what follows from it.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::edit_tenant::why_not;
use crate::{
    api,
    components::{
        FormLoaded, FormPage, Outside, ReasonField, Refused, TenantStatusTag, TextField,
        format::counted,
    },
    domain::{
        flash::Flash,
        shown::in_sentence,
        tenants::{StatusDraft, StatusForm, StatusRow, Tenant, TenantStatus, lifecycle::to_verb},
    },
    paths,
};

#[component]
pub fn TenantStatusPage() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let ids = query.get_all("id").unwrap_or_default();
            (ids, query.get("to").unwrap_or_default())
        })
    });
    let draft = Resource::new(
        move || asked.get(),
        |(ids, to)| api::draft_tenant_status(ids, to),
    );
    view! {
        <FormLoaded
            resource=draft
            loading="Loading the tenants…"
            show=move |draft: StatusDraft, flash| {
                let to = asked.with_untracked(|(_, to)| to.parse());
                view! { <Confirm draft to=to.unwrap_or(TenantStatus::Active) flash/> }.into_any()
            }
        />
    }
}

#[component]
fn Confirm(draft: StatusDraft, to: TenantStatus, flash: Option<Flash>) -> impl IntoView {
    let kept: StatusForm = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
    let refused = Refused::of(flash);
    let StatusDraft {
        tenants,
        refused: not_possible,
        master,
        may_manage,
        end_when_suspended,
    } = draft;
    let why_not = why_not(master, may_manage);
    let act = act_text(&tenants, to);
    let back = back(&tenants, &not_possible);
    let title = match tenants.len() {
        0 => "No selected tenant can be changed".to_owned(),
        _ => act.clone(),
    };
    let submit = (why_not.is_none() && !tenants.is_empty()).then_some(act);
    let about = consequences(&tenants, to, end_when_suspended);
    let about = move || {
        view! {
            <p>{about.clone()}</p>
            {why_not.map(|why| view! { <p><strong>{why}</strong></p> })}
        }
    };
    let hidden = hidden(&tenants, &kept, refused.is_conflict());
    let slug = match tenants.as_slice() {
        [one] if to == TenantStatus::Closed => Some(one.tenant.slug.clone()),
        _ => None,
    };
    let answers = submit.is_some().then(|| {
        let refused = refused.clone();
        view! { <Answers kept slug refused/> }
    });
    let alert = to.effect(true).bars_support;
    view! {
        <FormPage
            title
            about
            action=paths::forms::TENANT_STATUS.to_owned()
            back
            submit
            alert
            refused
            fields=&["reason", "slug"]
        >
            <Chosen tenants=tenants.clone() not_possible=not_possible.clone()/>
            {hidden}
            <input type="hidden" name="to" value=to.as_str()/>
            {answers}
        </FormPage>
    }
    .into_any()
}

/// The tenants, and the states of them for which the form is: those that were typed for, or once a change has been told the
/// present ones.
fn hidden(tenants: &[StatusRow], kept: &StatusForm, is_told: bool) -> impl IntoView + use<> {
    let present = |one: &StatusRow| StatusForm::mark(&one.seen, &one.tenant.id);
    let marks = match kept.seen.is_empty() || is_told {
        true => tenants.iter().map(present).collect(),
        false => kept.seen.clone(),
    };
    let ids = tenants.iter().map(|one| ("id", one.tenant.id.to_string()));
    let fields = ids.chain(marks.into_iter().map(|mark| ("seen", mark)));
    fields
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view()
}

/// What the person answers: why, and the slug where the tenant is closed.
#[component]
fn Answers(kept: StatusForm, slug: Option<String>, refused: Refused) -> impl IntoView {
    let slug = slug.map(|slug| {
        view! {
            <TextField
                name="slug"
                label=format!("Type {slug} to confirm")
                hint=|| "The tenant's slug. Pasting is fine."
                autocapitalize="none"
                value=kept.slug
                error=refused.error("slug")
            />
        }
    });
    view! {
        <ReasonField value=kept.reason refused=refused.clone()/>
        {slug}
    }
    .into_any()
}

/// The page to go back to.
fn back(tenants: &[StatusRow], not_possible: &[(Tenant, String)]) -> String {
    match (tenants, not_possible) {
        ([one], []) => paths::managed_tenant(&one.tenant.id),
        ([], [(one, _)]) => paths::managed_tenant(&one.id),
        _ => paths::MANAGED_TENANTS.to_owned(),
    }
}

/// The tenants, and those that stay as they are with the reason.
#[component]
fn Chosen(tenants: Vec<StatusRow>, not_possible: Vec<(Tenant, String)>) -> impl IntoView {
    let row = |name: String, status: TenantStatus, why: Option<String>| {
        view! {
            <li>
                <span class="grow">
                    <strong><Outside text=name/></strong>
                    {why.map(|why| view! { <span class="muted">{format!(" · Stays as it is. {why}")}</span> })}
                </span>
                <TenantStatusTag status/>
            </li>
        }
    };
    let chosen = tenants.into_iter();
    let chosen = chosen.map(|one| row(one.tenant.name, one.tenant.status, None));
    let others = not_possible.into_iter();
    let others = others.map(|(tenant, why)| row(tenant.name, tenant.status, Some(why)));
    view! { <ul class="rows">{chosen.collect_view()} {others.collect_view()}</ul> }
}

/// `Suspend Acme`, `Close 3 tenants`
fn act_text(tenants: &[StatusRow], to: TenantStatus) -> String {
    match tenants {
        [one] => {
            let change = one.tenant.status.change_to(to);
            let verb = change.map_or(to_verb(to), |change| change.verb());
            let name = in_sentence(&one.tenant.name);
            match to {
                TenantStatus::Trial | TenantStatus::Onboarding if verb.starts_with("Start") => {
                    format!("{verb} of {name}")
                }
                _ => format!("{verb} {name}"),
            }
        }
        many => {
            let what = counted(many.len() as u64, "tenant", "tenants");
            match to {
                TenantStatus::Trial | TenantStatus::Onboarding => {
                    format!("{} of {what}", to_verb(to))
                }
                _ => format!("{} {what}", to_verb(to)),
            }
        }
    }
}

/// What ends, and what stays.
fn consequences(tenants: &[StatusRow], to: TenantStatus, end_when_suspended: bool) -> String {
    let effect = to.effect(end_when_suspended);
    let users: u64 = tenants.iter().map(|one| one.active_user_sessions).sum();
    let support: u64 = tenants.iter().map(|one| one.active_support_sessions).sum();
    let users = counted(
        users,
        "active user session ends",
        "active user sessions end",
    );
    let support_ends = counted(
        support,
        "active support session ends",
        "active support sessions end",
    );
    let support_stays = counted(
        support,
        "active support session goes on",
        "active support sessions go on",
    );
    match (effect.ends_user_sessions, effect.bars_support) {
        _ if tenants.is_empty() => "Nothing will be changed.".to_owned(),
        (true, true) if to == TenantStatus::Closed => format!(
            "{users} and {support_ends} now. No support session can be created again. This can’t be undone."
        ),
        (true, true) => {
            format!(
                "{users} and {support_ends} now. None can be created until the tenant is active again."
            )
        }
        (true, false) => {
            format!("{users} now. {support_stays}, and support can still create more.")
        }
        (false, _)
            if tenants
                .iter()
                .any(|one| one.tenant.status == TenantStatus::Suspended) =>
        {
            "Users can sign in again, and support sessions can be created.".to_owned()
        }
        (false, _) => "User sessions and support sessions go on.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    fn row(status: TenantStatus, users: u64, support: u64) -> StatusRow {
        let tenant = Tenant {
            id: "acme".parse().unwrap(),
            slug: "acme".into(),
            name: "Acme".into(),
            status,
            kind: None,
            country: None,
            plan: None,
            region: None,
            contact: None,
            created_at: Timestamp::UNIX_EPOCH,
        };
        StatusRow {
            tenant,
            seen: String::new(),
            active_user_sessions: users,
            active_support_sessions: support,
        }
    }

    #[test]
    fn the_page_says_how_many_sessions_a_suspension_ends_and_which_go_on() {
        let said = |users, support, end_when_suspended| {
            let tenants = [row(TenantStatus::Active, users, support)];
            consequences(&tenants, TenantStatus::Suspended, end_when_suspended)
        };
        assert_eq!(
            said(2, 1, true),
            "2 active user sessions end and 1 active support session ends now. None can be created until the tenant \
             is active again."
        );
        assert_eq!(
            said(1, 2, true),
            "1 active user session ends and 2 active support sessions end now. None can be created until the tenant \
             is active again."
        );
        assert_eq!(
            said(2, 1, false),
            "2 active user sessions end now. 1 active support session goes on, and support can still create more."
        );
        assert_eq!(
            said(1, 2, false),
            "1 active user session ends now. 2 active support sessions go on, and support can still create more."
        );
    }

    #[test]
    fn the_page_says_what_closing_ends_and_what_a_reactivation_permits() {
        let said =
            |from, to, end_when_suspended| consequences(&[row(from, 2, 1)], to, end_when_suspended);
        let (active, suspended) = (TenantStatus::Active, TenantStatus::Suspended);
        for setting in [false, true] {
            assert_eq!(
                said(active, TenantStatus::Closed, setting),
                "2 active user sessions end and 1 active support session ends now. No support session can be created \
                 again. This can’t be undone."
            );
            assert_eq!(
                said(suspended, active, setting),
                "Users can sign in again, and support sessions can be created."
            );
            assert_eq!(
                said(TenantStatus::Trial, active, setting),
                "User sessions and support sessions go on."
            );
        }
    }

    #[test]
    fn of_several_tenants_the_sessions_are_added_up() {
        let active = TenantStatus::Active;
        let tenants = [row(active, 1, 1), row(active, 1, 0)];
        let said = consequences(&tenants, TenantStatus::Suspended, true);
        let expected = "2 active user sessions end and 1 active support session ends now.";
        assert!(said.starts_with(expected), "{said}");
        let none = consequences(&[], TenantStatus::Suspended, true);
        assert_eq!(none, "Nothing will be changed.");
    }
}
