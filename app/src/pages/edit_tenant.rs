//! Adding a tenant, and changing its values.

use leptos::prelude::*;

use crate::{
    api::{self, ApiError},
    components::{
        Field, FormLoaded, FormPage, ReasonField, Refused, Settled, Suggestions, TextField,
        choices, labelled, resume, use_named,
    },
    domain::{
        flash::Flash,
        shown::in_sentence,
        tenants::{
            ManagedTenant, TenantChoices, TenantForm, TenantKind, TenantMaster, TenantsAbout,
        },
    },
    paths,
};

const FIELDS: &[&str] = &[
    "id", "slug", "name", "kind", "country", "plan", "region", "contact", "reason",
];

/// Why nothing can be changed here, if so.
pub(super) const fn why_not(master: TenantMaster, may_manage: bool) -> Option<&'static str> {
    match (master, may_manage) {
        (TenantMaster::Platform, _) => {
            Some("The platform manages tenants. Make this change there.")
        }
        (TenantMaster::Console, false) => Some("You can’t change tenants. Ask a super admin."),
        (TenantMaster::Console, true) => None,
    }
}

#[component]
pub fn NewTenantPage() -> impl IntoView {
    let about = Resource::new(|| (), |()| api::tenants_about());
    view! {
        <FormLoaded
            resource=about
            loading="Loading the form…"
            show=|about: TenantsAbout, flash| {
                let why_not = why_not(about.master, about.may_manage);
                let kept = flash.as_ref().and_then(Flash::kept).unwrap_or_default();
                let refused = Refused::of(flash);
                let new_id = new_id(&kept, &refused, about.new_id);
                let choices = about.choices;
                let about = move || {
                    why_not.unwrap_or("The tenant is pending until you approve it.")
                };
                view! {
                    <FormPage
                        title="New tenant".to_owned()
                        about=move || view! { <p>{about()}</p> }
                        action=paths::forms::NEW_TENANT.to_owned()
                        back=paths::MANAGED_TENANTS.to_owned()
                        submit=why_not.is_none().then(|| "Add tenant".to_owned())
                        refused=refused.clone()
                        fields=FIELDS
                    >
                        <input type="hidden" name="new_id" value=new_id/>
                        <Fields form=kept refused is_new=true/>
                        {suggestions(choices)}
                    </FormPage>
                }
                    .into_any()
            }
        />
    }
}

/// The plans and regions that tenants have.
fn suggestions(choices: TenantChoices) -> impl IntoView {
    view! {
        <Suggestions id="plans" values=choices.plans/>
        <Suggestions id="regions" values=choices.regions/>
    }
}

/// The ID that the form carries. It stays when the form is sent again, unless it was refused.
fn new_id(kept: &TenantForm, refused: &Refused, fresh: String) -> String {
    match refused.names(&["id", "new_id"]) || kept.new_id.is_empty() {
        true => fresh,
        false => kept.new_id.clone(),
    }
}

#[component]
pub fn EditTenantPage() -> impl IntoView {
    let managed = use_named("tenant", |id| api::managed_tenant(id, None));
    let others = Resource::new(|| (), |()| api::tenants_about());
    view! {
        <FormLoaded
            resource=managed
            loading="Loading the tenant…"
            show=move |managed: ManagedTenant, flash| {
                view! { <Edit managed others flash/> }.into_any()
            }
        />
    }
}

#[component]
fn Edit(
    managed: ManagedTenant,
    /// Has the plans and regions of other tenants.
    others: Resource<Result<TenantsAbout, ApiError>>,
    flash: Option<Flash>,
) -> impl IntoView {
    let tenant = managed.tenant;
    let why_not = why_not(managed.master, managed.may_manage);
    let (form, refused) = resume(flash, TenantForm::of(&tenant, managed.seen));
    let about = move || why_not.map(|why| view! { <p>{why}</p> });
    view! {
        <FormPage
            title=format!("Edit {}", in_sentence(&tenant.name))
            about
            action=paths::tenant_form(paths::forms::EDIT_TENANT, &tenant.id)
            back=paths::managed_tenant(&tenant.id)
            submit=why_not.is_none().then(|| "Save".to_owned())
            refused=refused.clone()
            fields=FIELDS
        >
            <input type="hidden" name="seen" value=form.seen.clone()/>
            <input type="hidden" name="id" value=tenant.id.to_string()/>
            <Fields form refused is_new=false/>
            <Settled resource=others show=|about| Some(suggestions(about.ok()?.choices))/>
        </FormPage>
    }
}

#[component]
fn Fields(form: TenantForm, refused: Refused, is_new: bool) -> impl IntoView {
    let kind = Signal::stored(form.kind);
    let kinds = labelled(TenantKind::ALL, TenantKind::label);
    let id = is_new.then(|| {
        view! {
            <TextField
                name="id"
                label="Tenant ID"
                optional=true
                hint=|| "The platform’s ID of the tenant. It never changes. Leave it empty to get one."
                autocapitalize="none"
                value=form.id
                error=refused.error("id")
            />
        }
    });
    let reason = (!is_new).then(|| {
        view! {
            <ReasonField value=form.reason refused=refused.clone()/>
        }
    });
    view! {
        <TextField name="name" label="Name" value=form.name error=refused.error("name")/>
        <TextField
            name="slug"
            label="Slug"
            hint=|| "A short name that people type: a–z, 0–9 and hyphens."
            autocapitalize="none"
            value=form.slug
            error=refused.error("slug")
        />
        {id}
        <Field id="kind" label="Type" optional=true error=refused.error("kind") let:control>
            <select
                id=control.id
                name="kind"
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                <option value="">"Not set"</option>
                {choices(kinds, kind)}
            </select>
        </Field>
        <TextField name="country" label="Country" optional=true value=form.country error=refused.error("country")/>
        <TextField
            name="plan"
            label="Plan"
            optional=true
            list="plans"
            value=form.plan
            error=refused.error("plan")
        />
        <TextField
            name="region"
            label="Region"
            optional=true
            list="regions"
            value=form.region
            error=refused.error("region")
        />
        <TextField
            name="contact"
            label="Contact"
            optional=true
            hint=|| "An e-mail address."
            autocapitalize="none"
            value=form.contact
            error=refused.error("contact")
        />
        {reason}
    }
    .into_any()
}
