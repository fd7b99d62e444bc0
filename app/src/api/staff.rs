//! Who is signed in, and what the configuration tells staff members.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::{flash::Flash, settings as config, signed_in};

/// Who asks; `None` for nobody.
#[server(prefix = "/_fn", endpoint = "signed_in", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn signed_in() -> Result<Option<signed_in::SignedIn>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.staff.signed_in(&context).await?)
}

/// Whether there is any staff member at all; told to anyone.
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

/// Takes what a plain form left for this page, once.
#[server(prefix = "/_fn", endpoint = "take_flash", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn take_flash(id: String) -> Result<Option<Flash>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.flash.take(&context, &id).await)
}
