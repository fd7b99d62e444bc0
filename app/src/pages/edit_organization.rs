//! Adding an organization of a tenant, and changing one.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::edit_tenant::why_not;
use crate::{
    api,
    components::{
        Field, FormLoaded, FormPage, ReasonField, Refused, TextField, choices, format::counted,
        labelled, resume, use_id,
    },
    domain::{
        OrganizationId, TenantId,
        flash::Flash,
        problem::Problem,
        shown::in_sentence,
        tenants::{OrganizationDraft, OrganizationForm, OrganizationStatus},
    },
    paths,
};

const FIELDS: &[&str] = &["id", "slug", "name", "status", "reason"];

#[component]
pub fn OrganizationPage() -> impl IntoView {
    let (tenant, query) = (use_id(), use_query_map());
    let draft = Resource::new(
        move || {
            let id = query.with(|query| query.get("organization"));
            (tenant.get(), id)
        },
        |(tenant, id)| async move {
            let tenant = tenant.parse::<TenantId>();
            let tenant = tenant.map_err(|_| Problem::not_found("tenant"))?;
            let id = id.map(|id| id.parse::<OrganizationId>()).transpose();
            let id = id.map_err(|_| Problem::not_found("organization"))?;
            api::draft_organization(tenant, id).await
        },
    );
    view! {
        <FormLoaded
            resource=draft
            loading="Loading the organization…"
            show=|draft: OrganizationDraft, flash| view! { <Form draft flash/> }.into_any()
        />
    }
}

#[component]
fn Form(draft: OrganizationDraft, flash: Option<Flash>) -> impl IntoView {
    let why_not = why_not(draft.master, draft.may_manage);
    let about = match why_not {
        Some(why) => Some(why.to_owned()),
        None => suspension(&draft),
    };
    let about = move || about.clone().map(|text| view! { <p>{text}</p> });
    let (tenant, known) = (draft.tenant, draft.organization);
    let is_new = known.is_none();
    let title = match &known {
        Some((one, _)) => format!(
            "Edit {} of {}",
            in_sentence(&one.name),
            in_sentence(&tenant.name)
        ),
        None => format!("New organization of {}", in_sentence(&tenant.name)),
    };
    let first = match &known {
        Some((one, seen)) => OrganizationForm::of(one, seen.clone()),
        None => OrganizationForm {
            status: OrganizationStatus::Active.to_string(),
            ..OrganizationForm::default()
        },
    };
    let (form, refused) = resume(flash, first);
    view! {
        <FormPage
            title
            about
            action=paths::tenant_form(paths::forms::ORGANIZATION, &tenant.id)
            back=paths::managed_tenant(&tenant.id)
            submit=why_not.is_none().then(|| "Save".to_owned())
            refused=refused.clone()
            fields=FIELDS
        >
            <input type="hidden" name="seen" value=form.seen.clone()/>
            <Fields form refused is_new/>
        </FormPage>
    }
    .into_any()
}

/// What a suspension of the organization means for support sessions.
fn suspension(draft: &OrganizationDraft) -> Option<String> {
    let (organization, _) = draft.organization.as_ref()?;
    let active = draft.active_support_sessions;
    let ends = draft.end_when_suspended;
    let status = draft.tenant.status;
    if status.effect(ends).bars_support {
        let status = status.label().to_lowercase();
        return Some(format!(
            "The tenant is {status}. No support session can be created in any of its organizations."
        ));
    }
    Some(match (organization.status, ends) {
        (OrganizationStatus::Suspended, true) => {
            "No support session can be created in the organization while it is suspended."
                .to_owned()
        }
        (OrganizationStatus::Suspended, false) => {
            "Support sessions can still be created in the organization.".to_owned()
        }
        (OrganizationStatus::Active, true) => {
            let ends = counted(
                active,
                "active support session ends",
                "active support sessions end",
            );
            format!(
                "If you suspend the organization, {ends}, and none can be created in it until it is \
                 active again. Support sessions in the whole tenant continue."
            )
        }
        (OrganizationStatus::Active, false) => {
            let goes_on = counted(
                active,
                "active support session continues",
                "active support sessions continue",
            );
            format!(
                "If you suspend the organization, {goes_on}, and support can still create more."
            )
        }
    })
}

#[component]
fn Fields(form: OrganizationForm, refused: Refused, is_new: bool) -> impl IntoView {
    let status = Signal::stored(form.status);
    let statuses = labelled(OrganizationStatus::ALL, OrganizationStatus::label);
    let id = match is_new {
        false => view! { <input type="hidden" name="id" value=form.id/> }.into_any(),
        true => view! {
            <TextField
                name="id"
                label="Organization ID"
                hint=|| "The platform’s ID of the organization. It never changes."
                autocapitalize="none"
                value=form.id
                error=refused.error("id")
            />
        }
        .into_any(),
    };
    let reason = (!is_new).then(|| {
        view! {
            <ReasonField value=form.reason refused=refused.clone()/>
        }
    });
    view! {
        {id}
        <TextField name="name" label="Name" value=form.name error=refused.error("name")/>
        <TextField
            name="slug"
            label="Slug"
            hint=|| "A short name that people type: a–z, 0–9 and hyphens."
            autocapitalize="none"
            value=form.slug
            error=refused.error("slug")
        />
        <Field id="status" label="Status" error=refused.error("status") let:control>
            <select
                id=control.id
                name="status"
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                {choices(statuses, status)}
            </select>
        </Field>
        {reason}
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Timestamp,
        tenants::{Organization, Tenant, TenantMaster, TenantStatus},
    };

    fn draft(status: OrganizationStatus, end_when_suspended: bool) -> OrganizationDraft {
        let created_at = Timestamp::UNIX_EPOCH;
        let organization = Organization {
            id: "emea".parse().unwrap(),
            name: "EMEA".into(),
            slug: "emea".into(),
            status,
            created_at,
        };
        OrganizationDraft {
            tenant: Tenant {
                id: "acme".parse().unwrap(),
                slug: "acme".into(),
                name: "Acme".into(),
                status: TenantStatus::Active,
                kind: None,
                country: None,
                plan: None,
                region: None,
                contact: None,
                created_at,
            },
            organization: Some((organization, String::new())),
            active_support_sessions: 1,
            master: TenantMaster::Console,
            end_when_suspended,
            may_manage: true,
        }
    }

    #[test]
    fn the_page_says_what_a_suspension_ends() {
        let said = |draft: &OrganizationDraft| suspension(draft).unwrap();
        let ends = said(&draft(OrganizationStatus::Active, true));
        assert!(ends.contains("1 active support session ends"), "{ends}");
        let stays = said(&draft(OrganizationStatus::Active, false));
        assert!(
            stays.contains("1 active support session continues"),
            "{stays}"
        );
        let barred = said(&draft(OrganizationStatus::Suspended, true));
        assert!(barred.starts_with("No support session can be created"));
        let open = said(&draft(OrganizationStatus::Suspended, false));
        assert!(open.starts_with("Support sessions can still be created"));
        let new = OrganizationDraft {
            organization: None,
            ..draft(OrganizationStatus::Active, true)
        };
        assert_eq!(suspension(&new), None);
    }

    #[test]
    fn where_the_tenant_bars_support_the_page_promises_no_support_session() {
        let mut draft = draft(OrganizationStatus::Active, true);
        for status in OrganizationStatus::ALL {
            for (tenant, ends, barred) in [
                (TenantStatus::Closed, true, Some("closed")),
                (TenantStatus::Closed, false, Some("closed")),
                (TenantStatus::Suspended, true, Some("suspended")),
                (TenantStatus::Suspended, false, None),
                (TenantStatus::Trial, true, None),
            ] {
                draft.tenant.status = tenant;
                draft.end_when_suspended = ends;
                if let Some((organization, _)) = &mut draft.organization {
                    organization.status = *status;
                }
                let said = suspension(&draft).unwrap();
                let says =
                    |word| said.starts_with(&format!("The tenant is {word}. No support session"));
                assert_eq!(barred.is_some_and(says), barred.is_some(), "{said}");
                let of_all = said.contains("any of its organizations");
                assert_eq!(of_all, barred.is_some(), "{tenant} {ends}: {said}");
            }
        }
    }
}
