//! Adding an organization of a tenant, and changing one.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::edit_tenant::why_not;
use crate::{
    api,
    components::{
        Field, FormLoaded, FormPage, ReasonField, Refused, TextField, choices, labelled, resume,
        use_named,
    },
    domain::{
        flash::Flash,
        shown::in_sentence,
        tenants::{ManagedTenant, OrganizationForm, OrganizationStatus},
    },
    paths,
};

const FIELDS: &[&str] = &["id", "slug", "name", "status", "reason"];

#[component]
pub fn OrganizationPage() -> impl IntoView {
    let managed = use_named("tenant", api::managed_tenant);
    let query = use_query_map();
    view! {
        <FormLoaded
            resource=managed
            loading="Loading the organization…"
            show=move |managed: ManagedTenant, flash| {
                let id = query.with_untracked(|query| query.get("organization"));
                view! { <Form managed id flash/> }.into_any()
            }
        />
    }
}

#[component]
fn Form(managed: ManagedTenant, id: Option<String>, flash: Option<Flash>) -> impl IntoView {
    let tenant = managed.tenant;
    let mut known = managed.organizations.into_iter();
    let known = known.find(|(one, _)| id.as_deref() == Some(one.id.as_str()));
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
    let why_not = why_not(managed.master, managed.may_manage);
    let about = move || why_not.map(|why| view! { <p>{why}</p> });
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
