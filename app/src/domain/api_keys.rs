//! Keys of the REST interface and the rights they carry.

mod forms;

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use self::forms::*;
use super::{ApiKeyId, AuditEventId, TenantId, Timestamp, page::Page, tenants::TenantRef};

/// A key that wasn't used for this long is shown as unused.
pub const UNUSED_AFTER: TimeDelta = TimeDelta::days(90);

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

    /// What it allows, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Read => "Read tenants, health, support sessions, access logs and audit logs.",
            Self::RegisterTenants => "Register tenants, organizations and user sessions.",
            Self::SendTelemetry => "Send records of API calls, from which health is worked out.",
            Self::ForceLogout => "End all user sessions of a tenant.",
            Self::IntrospectIdentities => {
                "Check whether an identity that the gateway signed is still valid."
            }
            Self::CompleteAccessLog => "Report how requests ended that a proxy forwarded.",
        }
    }
}

text_enum! {
    /// Whether a key works.
    pub enum ApiKeyState {
        /// It works.
        Active = "active" as "Active",
        /// It has expired.
        Expired = "expired" as "Expired",
        /// It was revoked.
        Revoked = "revoked" as "Revoked",
    }
}

/// A key of the REST API. Only a hash of its secret is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Who made it, as named at the time. Empty if that wasn't kept.
    pub created_by: String,
    /// From when on it doesn't work any more; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The networks that it may be used from. Empty for everywhere.
    pub allowed_addresses: Vec<IpNet>,
    /// How often per minute it may read, and how often report, on each node; `None` for the configured limits.
    pub requests_per_minute: Option<u32>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The client's address then; empty if unknown.
    pub last_used_from: String,
    /// Since when uses are noted: later than `created_at` for keys of earlier versions.
    pub uses_noted_since: DateTime<Utc>,
    /// When its secret was last replaced.
    pub rotated_at: Option<DateTime<Utc>>,
    /// Until when the previous secret works, after a rotation.
    pub previous_until: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// How a key is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiKeyUse {
    /// Within [`UNUSED_AFTER`].
    Recent,
    /// Not within [`UNUSED_AFTER`].
    NotSince(Timestamp),
    /// Not since uses are noted. What was before isn't known.
    NoneNoted(Timestamp),
    /// Never.
    Never,
}

impl ApiKey {
    /// Whether it works at an instant.
    pub fn state(&self, now: Timestamp) -> ApiKeyState {
        if self.revoked_at.is_some() {
            ApiKeyState::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            ApiKeyState::Expired
        } else {
            ApiKeyState::Active
        }
    }

    /// How it is used.
    pub fn usage(&self, now: Timestamp) -> ApiKeyUse {
        match self.last_used_at {
            Some(at) if now - at < UNUSED_AFTER => ApiKeyUse::Recent,
            Some(at) => ApiKeyUse::NotSince(at),
            None if self.uses_noted_since > self.created_at => {
                let since = self.uses_noted_since;
                match now - since < UNUSED_AFTER {
                    true => ApiKeyUse::NoneNoted(since),
                    false => ApiKeyUse::NotSince(since),
                }
            }
            None => ApiKeyUse::Never,
        }
    }

    /// Until when its previous secret still works, if it does.
    pub fn overlap(&self, now: Timestamp) -> Option<Timestamp> {
        let is_active = self.state(now) == ApiKeyState::Active;
        self.previous_until
            .filter(|until| is_active && *until > now)
    }

    /// Whether it may be used from an address. An unknown address is in no network.
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        let is_in = |address: IpAddr| {
            let address = address.to_canonical();
            self.allowed_addresses
                .iter()
                .any(|network| network.contains(&address))
        };
        self.allowed_addresses.is_empty() || address.is_some_and(is_in)
    }
}

/// A key that was just made, or whose secret was just replaced: the one time that the secret is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyMade {
    /// The key as stored.
    pub key: ApiKey,
    /// The secret. `None` where a repeated submit found the act already done: a secret is shown once.
    pub secret: Option<String>,
    /// The event of this act. `None` where nothing was done now.
    pub audit_event_id: Option<AuditEventId>,
    /// The instant for which the state of the key holds.
    pub at: DateTime<Utc>,
}

impl std::fmt::Debug for ApiKeyMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyMade")
            .field("key", &self.key.id)
            .finish_non_exhaustive()
    }
}

/// A key that was just revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    /// The key as stored.
    pub key: ApiKey,
    /// The event of this act.
    pub audit_event_id: AuditEventId,
}

/// Everything that the page of a key shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyDetail {
    /// The key.
    pub key: ApiKey,
    /// Its tenant's name, if it is a tenant's key and the tenant is still known.
    pub tenant_name: Option<String>,
    /// The configured limit per minute for what a key reads; 0 for none.
    pub configured_requests: u64,
    /// The configured limit per minute for what a key reports; 0 for none.
    pub configured_reports: u64,
    /// The instant for which states and uses hold.
    pub at: DateTime<Utc>,
    /// Names a form on this page.
    pub idempotency_key: String,
}

/// What the form that makes a key needs to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyDraft {
    /// The configured limit per minute for what a key reads; 0 for none.
    pub configured_requests: u64,
    /// The configured limit per minute for what a key reports; 0 for none.
    pub configured_reports: u64,
    /// The viewer's address; empty if unknown.
    pub address: String,
    /// Names the form.
    pub idempotency_key: String,
}

/// Which keys to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiKeyFilter {
    /// Part of the name, or the ID.
    pub search: Option<String>,
    /// Only keys in this state.
    pub state: Option<ApiKeyState>,
    /// Only keys that were never used or not within [`UNUSED_AFTER`].
    pub unused: bool,
    /// Only keys of this tenant.
    pub tenant_id: Option<TenantId>,
}

/// How many keys are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyCounts {
    /// Keys that work.
    pub active: u64,
    /// Keys that work and were never used or not within [`UNUSED_AFTER`].
    pub unused: u64,
    /// Keys that have expired.
    pub expired: u64,
    /// Keys that were revoked.
    pub revoked: u64,
}

/// A page of keys with the figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiKeyList {
    /// The keys, newest first.
    pub keys: Page<ApiKey>,
    /// The figures of all keys.
    pub counts: ApiKeyCounts,
    /// The names of the tenants of these keys.
    pub tenants: Vec<TenantRef>,
    /// The instant for which states and uses hold.
    pub at: DateTime<Utc>,
}

#[cfg(test)]
mod tests;
