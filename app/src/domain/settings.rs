//! The part of the configuration that pages show.

use serde::{Deserialize, Serialize};

use super::{health::Thresholds, scopes::Scope};

/// The part of the configuration that staff members may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How health is decided.
    pub thresholds: Thresholds,
    /// The known scopes, `read_only` first.
    pub scopes: Vec<Scope>,
    /// The gateway's public address.
    pub gateway_url: String,
    /// The console's public address.
    pub console_url: String,
    /// Whether a ticket is mandatory for a support session.
    pub require_ticket: bool,
    /// The gateway's rules: their SHA-256 in hexadecimal. Empty without a gateway.
    pub rule_set: String,
}
