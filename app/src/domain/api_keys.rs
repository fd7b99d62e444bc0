//! Keys of the REST interface and the rights they carry.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{ApiKeyId, TenantId};

text_enum! {
    /// One right of a key.
    pub enum ApiRight {
        /// Read everything within the key's reach.
        Read = "read",
        /// Register tenants, organizations and user sessions (platform keys only).
        RegisterTenants = "tenants:write",
        /// Send telemetry (platform keys only).
        SendTelemetry = "telemetry:write",
        /// End all user sessions of a tenant (platform keys only).
        ForceLogout = "user_sessions:logout",
        /// Ask whether an identity that the gateway has signed is still good.
        IntrospectIdentities = "identities:introspect",
        /// Tell how requests ended that a proxy carried (platform keys only).
        CompleteAccessLog = "access_log:complete",
    }
}

impl ApiRight {
    /// Whether a tenant's key may carry it.
    pub const fn is_for_tenants(self) -> bool {
        matches!(self, Self::Read | Self::IntrospectIdentities)
    }
}

/// A key of the REST API. Only a hash of its secret is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiKey {
    /// The key's ID, made by our server.
    pub id: ApiKeyId,
    /// The key's purpose, chosen by its creator.
    pub name: String,
    /// The one tenant whose data it reads; `None` for a platform key.
    pub tenant_id: Option<TenantId>,
    /// The key's rights, sorted and without duplicates.
    pub rights: Vec<ApiRight>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}
