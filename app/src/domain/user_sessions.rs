//! User sessions: tenant users' sign-ins on the platform, as the platform reports them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    TenantId, TenantUserId, Timestamp, UserSessionId,
    problem::{FieldProblems, Problem},
    tenants::{is_storable, storable},
};

/// The platform's input when a tenant user has signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UserSessionRegistration {
    /// The person who signed in.
    pub user: TenantUserId,
    /// When the person signed in.
    pub issued_at: DateTime<Utc>,
    /// When the sign-in expires.
    pub expires_at: DateTime<Utc>,
}

impl UserSessionRegistration {
    /// The same, or every field that is not as it must be.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        problems.take("issued_at", storable(self.issued_at));
        if !is_storable(self.expires_at) || self.expires_at <= self.issued_at {
            problems.add(
                "expires_at",
                "must be later than issued_at, and before the year 10000",
            );
        }
        problems.finish()?;
        Ok(self)
    }
}

/// A tenant user's sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSession {
    /// The platform's identifier, unique within the tenant.
    pub id: UserSessionId,
    /// The tenant that the person belongs to.
    pub tenant_id: TenantId,
    /// The person who signed in.
    pub user: TenantUserId,
    /// When the person signed in.
    pub issued_at: DateTime<Utc>,
    /// When the sign-in expires.
    pub expires_at: DateTime<Utc>,
    /// When it ended early, if it did.
    pub ended_at: Option<DateTime<Utc>>,
}

/// The question whether a user session is still good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UserSessionQuery {
    /// The tenant that the person belongs to.
    pub tenant_id: TenantId,
    /// The platform's ID of the user session.
    pub user_session_id: UserSessionId,
}

/// The answer in the shape of RFC 7662: only `active` if the user session is not active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSessionIntrospection {
    /// Whether the user session is known, not expired and not ended.
    pub active: bool,
    /// The person, only if the user session is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<TenantUserId>,
    /// When the sign-in expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The first whole second at or after a force logout. A user session issued at or before it is
/// dead, even if the platform reports it later: platforms stamp sign-ins to the second.
pub fn logout_cutoff(at: Timestamp) -> Timestamp {
    let whole = at.timestamp() + i64::from(at.timestamp_subsec_nanos() > 0);
    Timestamp::from_timestamp(whole, 0).unwrap_or(at)
}

/// The data for the dialog "Force Logout All Sessions".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForceLogoutDraft {
    /// The tenant whose users would be signed out.
    pub tenant: super::tenants::Tenant,
    /// How many user sessions would end now.
    pub active_user_sessions: u64,
    /// A second submit with the same key changes nothing.
    pub idempotency_key: String,
}

/// What a person fills in to end all user sessions of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ForceLogoutForm {
    /// The tenant's slug, typed to confirm.
    pub slug: String,
    /// From [`ForceLogoutDraft::idempotency_key`].
    pub idempotency_key: String,
}

/// The answer to a force logout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForceLogoutAnswer {
    /// What was done, now or by the first of several submits.
    pub result: ForceLogoutResult,
    /// A fresh form, where this one had been sent before: nothing was done now.
    pub again: Option<ForceLogoutDraft>,
}

/// What a force logout did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForceLogoutResult {
    /// The tenant whose users were signed out.
    pub tenant_id: TenantId,
    /// How many user sessions ended.
    pub ended: u64,
    /// When the user sessions ended.
    pub at: DateTime<Utc>,
    /// The event in the tenant's audit log.
    pub audit_event_id: super::AuditEventId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cutoff_is_rounded_up_to_the_second() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            logout_cutoff(at("2026-11-22T10:00:00.000001Z")),
            at("2026-11-22T10:00:01Z")
        );
        assert_eq!(
            logout_cutoff(at("2026-11-22T10:00:00Z")),
            at("2026-11-22T10:00:00Z")
        );
    }
}
