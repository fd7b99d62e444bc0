//! The `[gateway.probe]` table: two tenants with which to test that the upstream keeps tenants
//! apart. It is not part of the rules.

use app::domain::{TenantId, scopes::ScopeName};
use serde::Deserialize;

/// The targets of `support-console gateway probe`. Command-line flags take precedence.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// The staff member in whose name the probe runs: e-mail address or identifier.
    pub staff: Option<String>,
    /// The scopes of its support sessions; `read_only` without any.
    pub scopes: Vec<ScopeName>,
    /// The path for each tenant's session, with `{tenant_id}` in place of the tenant.
    pub path: Option<String>,
    /// The two tenants to keep apart.
    pub tenants: Vec<ProbeTenantConfig>,
}

/// One of the two tenants.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeTenantConfig {
    /// The platform's ID of the tenant.
    pub id: TenantId,
    /// A text in this tenant's answer that is in no other tenant's.
    pub canary: String,
    /// The path for this tenant's session, instead of the common one.
    pub path: Option<String>,
}
