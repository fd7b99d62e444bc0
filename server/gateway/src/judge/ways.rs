//! How a request can name a tenant under these rules, for whoever tries whether that can be abused.

use app::domain::TenantId;
use http::HeaderName;

use super::RuleSet;
use crate::config::TenantBinding;

impl RuleSet {
    /// How a request's tenant is established.
    pub fn tenant_binding(&self) -> TenantBinding {
        self.binding
    }

    /// The tenant's host name at the upstream, where tenants have their own and this one can.
    pub fn tenant_host_of(&self, tenant: &TenantId) -> Option<String> {
        self.tenant_host.as_ref()?.of(tenant.as_str())
    }

    /// Query parameters that can name a tenant.
    pub fn tenant_parameters(&self) -> &[String] {
        &self.tenant.query
    }

    /// Header fields that can name a tenant.
    pub fn tenant_headers(&self) -> &[HeaderName] {
        &self.tenant.headers
    }
}
