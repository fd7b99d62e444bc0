//! The signed-in staff member, and what the configuration says to staff.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::{
    flash::Flash,
    page::PageRequest,
    settings as config, signed_in,
    staff::{StaffFilter, StaffList},
};

#[server(prefix = "/_fn", endpoint = "signed_in", protocol = Json)]
pub async fn signed_in() -> Result<Option<signed_in::SignedIn>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.signed_in(&context).await?)
}

#[server(prefix = "/_fn", endpoint = "any_staff", protocol = Json)]
pub async fn any_staff() -> Result<bool, ApiError> {
    let (console, _) = super::asked()?;
    Ok(console.staff.any_staff().await?)
}

#[server(prefix = "/_fn", endpoint = "settings", protocol = Json)]
pub async fn settings() -> Result<config::Settings, ApiError> {
    use crate::domain::policy::{Act, authorise, unauthenticated};

    let (console, context) = super::asked()?;
    let signed_in = console.staff.signed_in(&context).await?;
    let now = signed_in.ok_or_else(unauthenticated)?.now;
    authorise(&context.caller, Act::ReadTenants, now)?;
    Ok((*console.settings).clone())
}

/// One page of staff members.
#[server(prefix = "/_fn", endpoint = "list_staff", protocol = Json)]
pub async fn list_staff(filter: StaffFilter, page: PageRequest) -> Result<StaffList, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.list(&context, filter, page).await?)
}

/// Takes the message that a plain form left for this page. It can be taken once.
#[server(prefix = "/_fn", endpoint = "take_flash", protocol = Json)]
pub async fn take_flash(id: String) -> Result<Option<Flash>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.flash.take(&context, &id).await)
}
