//! Parts of the configuration that are part of the rules.

use serde::{Deserialize, Serialize};

/// How a request's tenant is established.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TenantBinding {
    /// A pattern captures `{tenant_id}` in the path, which must equal the support session's.
    Path,
    /// The upstream takes the tenant only from its host name, which we make from `tenant_host`.
    Host,
    /// The upstream takes the tenant only from our `Support-Tenant` header.
    Identity,
}

/// Whether the upstream confines a request to the organization that we name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationBinding {
    /// It honours our `Support-Organization` header.
    Header,
    /// It does not: only routes that capture `{organization_id}` can be confined.
    #[default]
    None,
}

/// Query parameters and headers that can name a tenant or an organization to the upstream.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SelectorConfig {
    /// Query parameters that name a tenant.
    pub query: Vec<String>,
    /// Headers that name a tenant.
    pub headers: Vec<String>,
    /// Query parameters that name an organization.
    pub organization_query: Vec<String>,
    /// Headers that name an organization.
    pub organization_headers: Vec<String>,
}

/// Secrets that no record shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HiddenConfig {
    /// Path patterns in which `{secret}` marks segments that are secrets.
    pub paths: Vec<String>,
    /// Query parameters whose values are secrets.
    pub query: Vec<String>,
}
