//! The gateway's rules.

use leptos::{
    prelude::*,
    server_fn::{Http, codec::Post},
};

use super::{Answer, ApiError, StrictJson};
use crate::domain::rules::RulesInForce;

/// The active rules; `None` without a gateway.
#[server(prefix = "/_fn", endpoint = "gateway_rules", protocol = Http<Post<StrictJson>, Post<Answer>>)]
pub async fn gateway_rules() -> Result<Option<RulesInForce>, ApiError> {
    let (console, context) = super::asked()?;
    Ok(console.rules.in_force(&context).await?)
}
