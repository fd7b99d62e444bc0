//! How the console is configured, and what other thresholds would change.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::settings::{HealthPreview, SettingsDetail, ThresholdsForm};

/// The configuration, the nodes and the store.
#[server(prefix = "/_fn", endpoint = "configuration", protocol = Json)]
pub async fn configuration() -> Result<SettingsDetail, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.configuration.detail(&context).await?)
}

/// What other thresholds of health would change now. Saves nothing.
#[server(prefix = "/_fn", endpoint = "preview_health", protocol = Json)]
pub async fn preview_health(form: ThresholdsForm) -> Result<HealthPreview, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.configuration.preview_health(&context, form).await?)
}
