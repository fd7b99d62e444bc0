//! What can be recorded, and what is told with each action. Tenants filter by the names and read
//! the metadata, so neither may change: `docs/audit-format.md` lists them.
//!
//! Events are read with any text as their action: other versions know other actions.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;

use super::{AuditCategory, AuditFilter, ExportFormat, ExportedList};
use crate::domain::{
    StaffId, Timestamp,
    access_log::{ForwardAuthProfile, Refusal, RequestEnd, RequestOutcome},
    api_keys::ApiRight,
    scopes::ScopeName,
    staff::{LinkPurpose, Role},
    support_sessions::{SessionCreated, SessionHolder},
    tenants::{Organization, Tenant},
};

/// What the events of one action have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActionKind {
    /// The action's name.
    pub name: &'static str,
    /// What its events are about.
    pub category: AuditCategory,
    /// The kind of thing it is done to.
    pub resource_type: &'static str,
    /// What it means, for `docs/audit-format.md`.
    pub meaning: &'static str,
}

impl ActionKind {
    const fn new(
        name: &'static str,
        category: AuditCategory,
        resource_type: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            category,
            resource_type,
            meaning: meaning.trim_ascii(),
        }
    }
}

/// Defines [`AuditAction`]: by category and kind of resource, each action's meaning, name and
/// metadata.
macro_rules! audit_actions {
    ($( $category:ident on $resource:literal {
        $( #[doc = $meaning:literal] $name:literal => $variant:ident $metadata:tt )+
    } )+) => {
        /// What was done, with its metadata.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "metadata is documented where tenants look for it")]
        pub enum AuditAction {
            $( $( #[doc = $meaning] $variant $metadata, )+ )+
        }

        impl AuditAction {
            /// Every kind of action.
            pub const ALL: &'static [ActionKind] = &[
                $( $( ActionKind::new($name, AuditCategory::$category, $resource, $meaning), )+ )+
            ];

            /// What kind of action this is.
            pub const fn kind(&self) -> ActionKind {
                match self {
                    $( $( Self::$variant { .. } => {
                        ActionKind::new($name, AuditCategory::$category, $resource, $meaning)
                    } )+ )+
                }
            }
        }
    };
}

audit_actions! {
    SupportSession on "support_session" {
        /// A support session was created.
        "support_session.created" => SupportSessionCreated(SessionCreated)
        /// A lost token was replaced. The old one no longer works.
        "support_session.token_replaced" => SupportSessionTokenReplaced {}
        /// The tenant was opened in a browser.
        "support_session.opened_in_browser" => SupportSessionOpenedInBrowser {}
        /// The total number of requests the session may make was raised.
        "support_session.budget_raised" => SupportSessionBudgetRaised {
            requests_total: u64,
            requests_total_before: u64,
            requests_forwarded: u64,
            reason: String,
            #[serde(flatten)]
            holder: SessionHolder,
        }
        /// The session was ended early.
        "support_session.revoked" => SupportSessionRevoked {
            reason: Option<String>,
            #[serde(flatten)]
            holder: SessionHolder,
            revoked_by: Option<StaffId>,
            revoked_by_name: String,
        }
        /// The session ended by itself.
        "support_session.expired" => SupportSessionExpired {
            expired_at: Timestamp,
            was_due_at: Timestamp,
            cause: ExpiryCause,
            idle_minutes: Option<u64>,
            #[serde(flatten)]
            holder: SessionHolder,
        }
        /// The session and its access log were deleted, because they were too old to be kept.
        "support_session.deleted" => SupportSessionDeleted {
            created_at: Timestamp,
            requests: u64,
            #[serde(flatten)]
            holder: SessionHolder,
        }
        /// A request was recorded, before it was forwarded.
        "support_session.request" => SupportSessionRequest {
            seq: u64,
            method: String,
            path: String,
            query: Option<String>,
            scope: Option<ScopeName>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            left_out: Vec<String>,
        }
        /// A request was refused. Nothing was forwarded.
        "support_session.request_refused" => SupportSessionRequestRefused {
            seq: u64,
            method: String,
            path: String,
            query: Option<String>,
            status: u16,
            refusal: Refusal,
        }
        /// How a recorded request ended.
        "support_session.response" => SupportSessionResponse(RecordedResponse)
    }
    UserSession on "tenant" {
        /// Every user session of the tenant was ended.
        "user_session.force_logout" => UserSessionsForceLogout { ended: u64 }
    }
    Tenant on "tenant" {
        /// A tenant was registered.
        "tenant.registered" => TenantRegistered(Tenant)
        /// A tenant's registration was changed.
        "tenant.changed" => TenantChanged {
            changed: FieldChanges,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<String>,
        }
        /// Nothing recorded of the tenant is deleted any more.
        "tenant.legal_hold_placed" => TenantLegalHoldPlaced { reason: String }
        /// What is recorded of the tenant is deleted again when it is too old to be kept.
        "tenant.legal_hold_released" => TenantLegalHoldReleased { reason: String }
    }
    Tenant on "organization" {
        /// An organization was registered.
        "organization.registered" => OrganizationRegistered(Organization)
        /// An organization's registration was changed.
        "organization.changed" => OrganizationChanged {
            changed: FieldChanges,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<String>,
        }
    }
    Staff on "staff" {
        /// A staff member was added.
        "staff.added" => StaffAdded { email: String, name: String, roles: Vec<Role> }
        /// Someone was invited with a one-time link.
        "staff.invited" => StaffInvited { email: String, name: String, roles: Vec<Role>, expires_at: Timestamp }
        /// A staff member was given another one-time link. A reset ends the old password and every sign-in.
        "staff.link_made" => StaffLinkMade { email: String, purpose: LinkPurpose, expires_at: Timestamp, ended: u64 }
        /// A one-time link was revoked.
        "staff.link_revoked" => StaffLinkRevoked { email: String, purpose: LinkPurpose }
        /// A staff member chose a password with a one-time link.
        "staff.link_used" => StaffLinkUsed { purpose: LinkPurpose }
        /// A staff member's roles were changed.
        "staff.roles_changed" => StaffRolesChanged { email: String, from: Vec<Role>, to: Vec<Role> }
        /// A staff member's access was withdrawn.
        "staff.deactivated" => StaffDeactivated { email: String }
        /// A staff member's access was given back.
        "staff.reactivated" => StaffReactivated { email: String }
        /// A staff member was given another password.
        "staff.password_reset" => StaffPasswordReset { email: String, must_change: bool }
        /// A staff member changed the password.
        "staff.password_changed" => StaffPasswordChanged { staff_sessions_ended: usize }
        /// A staff member signed in.
        "staff.signed_in" => StaffSignedIn { method: ProofMethod }
        /// Someone failed to sign in.
        "staff.sign_in_failed" => StaffSignInFailed { why: SignInFailure, left_out: u64 }
        /// Failed sign-ins that have no event of their own were counted.
        "staff.sign_ins_counted" => StaffSignInsCounted(CountedSignIns)
        /// A super admin ended every sign-in of a staff member.
        "staff.sign_ins_ended" => StaffSignInsEnded { email: String, ended: u64 }
        /// A staff member signed out.
        "staff.signed_out" => StaffSignedOut { everywhere: bool, ended: u64 }
    }
    ApiKey on "api_key" {
        /// An API key was created.
        "api_key.created" => ApiKeyCreated {
            name: String,
            rights: Vec<ApiRight>,
            #[serde(skip_serializing_if = "Option::is_none")]
            expires_at: Option<Timestamp>,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            allowed_addresses: Vec<IpNet>,
            #[serde(skip_serializing_if = "Option::is_none")]
            requests_per_minute: Option<u32>,
        }
        /// The secret of an API key was replaced. The previous one works until `previous_until`.
        "api_key.rotated" => ApiKeyRotated {
            name: String,
            previous_until: Timestamp,
            expires_at: Option<Timestamp>,
        }
        /// An API key was revoked.
        "api_key.revoked" => ApiKeyRevoked { name: String }
    }
    System on "identity_key" {
        /// A key that signs identities was added.
        "identity_key.added" => IdentityKeyAdded(KeyRotation)
        /// A key that signs identities took over from the one before it.
        "identity_key.promoted" => IdentityKeyPromoted(KeyRotation)
        /// A retired key that signed identities was removed.
        "identity_key.removed" => IdentityKeyRemoved(KeyRotation)
    }
    System on "audit_log" {
        /// The audit log was exported.
        "audit.exported" => AuditExported { format: ExportFormat, filter: AuditFilter }
        /// A list of the console was exported.
        "list.exported" => ListExported {
            list: ExportedList,
            format: ExportFormat,
            filter: String,
            from: Option<Timestamp>,
            to: Option<Timestamp>,
        }
        /// The events recorded before an instant were copied to an archive.
        "audit.archived" => AuditArchived { before: Timestamp, events: u64, sha256: String, unsound: Vec<String> }
        /// This chain's events recorded before an instant were deleted, because they were too old to be kept.
        "audit.pruned" => AuditPruned { before: Timestamp, last_seq: u64, last_hash: String }
    }
    System on "store" {
        /// The store was copied to a file with this name. `keys` says whether a copy of the keys was asked for too.
        "store.backed_up" => StoreBackedUp { file: String, keys: bool }
        /// The store was restored from a backup. Every support session in it was revoked.
        "store.restored" => StoreRestored {
            epoch: i64,
            seen: Option<StoreMark>,
            found: StoreMark,
        }
    }
}

text_enum! {
    /// Why a support session ended by itself.
    pub enum ExpiryCause {
        /// Nobody used it.
        Idle = "idle",
        /// Its time-to-live was over.
        Ttl = "ttl",
    }
}

/// How a recorded request ended, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RecordedResponse {
    /// The gateway relayed the answer.
    Relayed(RequestEnd),
    /// The platform's own proxy carried the request and reported how it ended.
    #[expect(
        missing_docs,
        reason = "metadata is documented where tenants look for it"
    )]
    Reported {
        status: u16,
        outcome: RequestOutcome,
        duration_ms: u64,
        response_bytes: u64,
        reported_by: ForwardAuthProfile,
    },
    /// Nothing is known but this.
    #[expect(
        missing_docs,
        reason = "metadata is documented where tenants look for it"
    )]
    Unknown { outcome: RequestOutcome },
}

/// The fields that were changed.
pub type FieldChanges = BTreeMap<String, FieldChange>;

/// A changed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its value before.
    pub from: serde_json::Value,
    /// Its value now.
    pub to: serde_json::Value,
}

text_enum! {
    /// How a staff member proved who they are.
    pub enum ProofMethod {
        /// With a password.
        Password = "password",
    }
}

text_enum! {
    /// Why a sign-in failed. Never shown to the person who tries.
    pub enum SignInFailure {
        /// No staff member has this address.
        UnknownAccount = "unknown_account",
        /// The password was wrong.
        WrongPassword = "wrong_password",
        /// The staff member may not enter any more.
        Deactivated = "deactivated",
        /// The password was right, but changed while it was being checked.
        Outdated = "outdated",
        /// A one-time link was unknown, used, revoked or too old.
        UnknownLink = "unknown_link",
    }
}

/// Failed sign-ins that have no event of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CountedSignIns {
    /// How many they were.
    pub count: u64,
    /// When the first of them failed.
    pub first_at: Timestamp,
    /// When the last of them failed.
    pub last_at: Timestamp,
    /// Where the most of them came from.
    pub networks: Vec<NetworkCount>,
    /// How many came from anywhere else.
    pub elsewhere: u64,
    /// The node that has counted them.
    pub node: String,
}

/// Failed sign-ins from one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkCount {
    /// Its addresses, as a prefix.
    pub network: String,
    /// How many of them came from there.
    pub count: u64,
}

/// A change of the keys that sign identities. It is recorded before it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum KeyRotation {
    /// What is about to be done.
    Begun {
        /// Whether upstreams were given no time to learn of it.
        at_once: bool,
    },
    /// What had been recorded could not be done.
    Failed {
        /// What went wrong.
        why: String,
    },
}

/// A position in the history of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StoreMark {
    /// How often the store has been restored; none before its first start.
    pub epoch: Option<i64>,
    /// The newest change.
    pub change: i64,
}

#[cfg(test)]
mod tests;
