//! The `[gateway.probe]` table: two tenants by which it is tried whether the upstream keeps tenants
//! apart. It is no part of the rules.

use app::domain::{TenantId, scopes::ScopeName};
use serde::Deserialize;

/// What `support-console gateway probe` asks for. Flags of the command win.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// The staff member in whose name it is done: e-mail address or identifier.
    pub staff: Option<String>,
    /// The scopes of its support sessions; `read_only` without any.
    pub scopes: Vec<ScopeName>,
    /// What each tenant's session asks for; `{tenant_id}` stands for the tenant.
    pub path: Option<String>,
    /// The two tenants.
    pub tenants: Vec<ProbeTenantConfig>,
}

/// One of the two tenants.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeTenantConfig {
    /// The tenant.
    pub id: TenantId,
    /// A text in this tenant's answer that is in no other tenant's.
    pub canary: String,
    /// What this tenant's session asks for, instead of the path for both.
    pub path: Option<String>,
}
