//! What the pages tell of the configuration.

use serde::{Deserialize, Serialize};

use super::{health::Thresholds, scopes::Scope};

/// The part of the configuration that staff members may read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// How health is decided.
    pub thresholds: Thresholds,
    /// The scopes there are; `read_only` first.
    pub scopes: Vec<Scope>,
    /// Where the gateway listens.
    pub gateway_url: String,
    /// Where the console listens.
    pub console_url: String,
    /// Whether a ticket is mandatory for a support session.
    pub require_ticket: bool,
    /// The gateway's rules: their SHA-256 in hexadecimal. Empty without a gateway.
    pub rule_set: String,
}
