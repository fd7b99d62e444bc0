//! The gateway's rules.

use leptos::prelude::*;

use super::{ApiError, Json};
use crate::domain::rules::RulesInForce;

#[server(prefix = "/_fn", endpoint = "gateway_rules", protocol = Json)]
pub async fn gateway_rules() -> Result<Option<RulesInForce>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.rules.in_force(&context).await?)
}
