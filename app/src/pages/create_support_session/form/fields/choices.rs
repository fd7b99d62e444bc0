//! Fields that offer a choice.

use leptos::prelude::*;

use super::FieldError;
use crate::{
    components::{CheckBoxes, Field, Suggestions, TextField},
    domain::{
        OrganizationId,
        scopes::Scope,
        shown::in_sentence,
        tenants::{Organization, OrganizationStatus},
    },
    pages::tenant::organizations::first_of_all,
};

/// The scopes with what each of them permits.
#[component]
pub fn ScopesField(
    scopes: Vec<Scope>,
    /// Whether scopes that write are among them.
    may_write: bool,
    kept: Vec<String>,
    error: FieldError,
) -> impl IntoView {
    let choice = move |scope: Scope| {
        let name = scope.name.to_string();
        let chosen = kept.contains(&name);
        view! {
            <label>
                <input type="checkbox" name="scopes" value=name.clone() checked=chosen/>
                <span>
                    <code>{name}</code>
                    <small>{scope.description}</small>
                </span>
            </label>
        }
    };
    view! {
        <CheckBoxes
            name="scopes"
            legend="Scopes"
            hint=(!may_write).then_some("Support may only read in this tenant.")
            error
        >
            {scopes.into_iter().map(choice).collect_view()}
        </CheckBoxes>
    }
    .into_any()
}

/// The organization that access is restricted to.
#[component]
pub fn OrganizationField(
    organizations: Vec<Organization>,
    /// Those in which no session can be created.
    barred: Vec<OrganizationId>,
    /// The identifier that is chosen at first; empty for the whole tenant.
    kept: String,
    error: FieldError,
) -> impl IntoView {
    if first_of_all(organizations.len() as u64).is_some() {
        return named_organization(organizations, kept, error);
    }
    let option = move |organization: Organization| {
        let selected = organization.id.as_str() == kept;
        let is_barred = barred.contains(&organization.id);
        let suspended = match organization.status {
            OrganizationStatus::Active => "",
            OrganizationStatus::Suspended if is_barred => " (suspended, no support sessions)",
            OrganizationStatus::Suspended => " (suspended)",
        };
        // One that was chosen before can be sent again and is refused. If it were disabled, the browser would leave it
        // out, which means the whole tenant.
        let is_disabled = is_barred && !selected;
        view! {
            <option value=organization.id.to_string() selected=selected disabled=is_disabled>
                {in_sentence(&organization.name)}
                {suspended}
            </option>
        }
    };
    view! {
        <Field
            id="organization_id"
            label="Organization"
            optional=true
            hint=|| "Restricts access to this organization's data."
            error=error
            let:control
        >
            <select
                id=control.id
                name="organization_id"
                aria-describedby=control.described_by
                aria-invalid=control.invalid
            >
                <option value="">"Whole tenant"</option>
                {organizations.into_iter().map(option).collect_view()}
            </select>
        </Field>
    }
    .into_any()
}

/// The same where a tenant has too many to choose from: the server looks for what is typed.
fn named_organization(
    organizations: Vec<Organization>,
    kept: String,
    error: FieldError,
) -> AnyView {
    let names: Vec<_> = organizations.into_iter().map(|one| one.name).collect();
    view! {
        <TextField
            name="organization_id"
            label="Organization"
            optional=true
            hint=|| "Name or ID. Restricts access to this organization's data. Empty: whole tenant."
            autocapitalize="none"
            list="organization-names"
            value=kept
            error
        />
        <Suggestions id="organization-names" values=names/>
    }
    .into_any()
}

/// Whether only requests from one's own address are let through.
#[component]
pub fn CreatorIpField(
    /// The address that the console sees.
    ip: String,
    kept: bool,
    error: FieldError,
) -> impl IntoView {
    view! {
        <CheckBoxes name="creator_ip_only" legend="IP address" error>
            <label>
                <input type="checkbox" name="creator_ip_only" value="yes" checked=kept/>
                <span>
                    "Only from my IP address" " " <code>{ip}</code>
                    <small>"Requests from any other address are refused and recorded."</small>
                </span>
            </label>
        </CheckBoxes>
    }
    .into_any()
}
