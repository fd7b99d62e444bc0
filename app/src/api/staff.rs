//! The signed-in staff member, and what the configuration says to staff.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::{flash::Flash, settings as config, signed_in};

/// The signed-in staff member, if any.
#[server(prefix = "/_fn", endpoint = "signed_in", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn signed_in() -> Result<Option<signed_in::SignedIn>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.signed_in(&context).await?)
}

/// Whether any staff member exists. Public, for the first start.
#[server(prefix = "/_fn", endpoint = "any_staff", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn any_staff() -> Result<bool, ApiError> {
    let (console, _) = super::asked()?;
    Ok(console.staff.any_staff().await?)
}

/// The part of the configuration that staff members may read.
#[server(prefix = "/_fn", endpoint = "settings", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn settings() -> Result<config::Settings, ApiError> {
    use crate::domain::policy::{Act, authorise, unauthenticated};

    let (console, context) = super::asked()?;
    let signed_in = console.staff.signed_in(&context).await?;
    let now = signed_in.ok_or_else(unauthenticated)?.now;
    authorise(&context.caller, Act::ReadTenants, now)?;
    Ok((*console.settings).clone())
}

/// Takes the message that a plain form left for this page. It can be taken once.
#[server(prefix = "/_fn", endpoint = "take_flash", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn take_flash(id: String) -> Result<Option<Flash>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.flash.take(&context, &id).await)
}
