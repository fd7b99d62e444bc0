//! Saved views of lists.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::saved_views::{FilteredList, SavedView};

/// The caller's own views of a list, by name.
#[server(prefix = "/_fn", endpoint = "saved_views", protocol = Json)]
pub async fn saved_views(list: FilteredList) -> Result<Vec<SavedView>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.saved_views.list(&context, list).await?)
}
