//! What an identifier names.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::{
    RequestId,
    find::{Found, RecordedRequest},
    matches::Matches,
};

/// What a pasted identifier of a tenant, support session, audit event or request names, if the caller
/// may see it. [`crate::paths::named`] is its address.
#[server(prefix = "/_fn", endpoint = "find_by_id", protocol = Json)]
pub async fn find_by_id(text: String) -> Result<Option<Found>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.find.by_id(&context, &text).await?)
}

/// One request with its support session and audit events.
#[server(prefix = "/_fn", endpoint = "request_detail", protocol = Json)]
pub async fn request_detail(id: RequestId) -> Result<RecordedRequest, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.find.request(&context, id).await?)
}

/// A few tenants, active support sessions and staff members that a text is part of the name of, and what it names by its
/// identifier.
#[server(prefix = "/_fn", endpoint = "find_by_name", protocol = Json)]
pub async fn find_by_name(text: String) -> Result<Matches, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.find.by_name(&context, &text).await?)
}
