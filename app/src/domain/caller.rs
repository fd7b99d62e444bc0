//! The caller. Every use case takes a caller and decides by it.

use super::{
    ApiKeyId, OrganizationId, StaffId, StaffSessionId, SupportSessionId, TenantId, Timestamp,
    api_keys::ApiRight, staff::Role,
};

/// The caller, established by the server from a cookie, a key or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// No caller could be established.
    Anonymous,
    /// A staff member with a living staff session.
    Staff(StaffCaller),
    /// A key of the REST interface.
    Key(KeyCaller),
    /// A staff member in a support session, by its token.
    Support(SupportCaller),
    /// An operating-system user at the command line of the server.
    Cli {
        /// The operating-system user who runs the command.
        user: String,
    },
    /// Support Console itself, as when an expiry is stamped.
    System,
}

impl Caller {
    /// The one tenant whose data the caller can reach, if it is confined to one.
    pub const fn own_tenant(&self) -> Option<&TenantId> {
        match self {
            Self::Key(key) => key.tenant_id.as_ref(),
            Self::Support(support) => Some(&support.tenant_id),
            Self::Anonymous | Self::Staff(_) | Self::Cli { .. } | Self::System => None,
        }
    }
}

/// A signed-in staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffCaller {
    /// The signed-in person.
    pub staff_id: StaffId,
    /// The name at the time.
    pub name: String,
    /// The roles in the store when this request began.
    pub roles: Vec<Role>,
    /// The sign-in that the cookie belongs to.
    pub staff_session_id: StaffSessionId,
    /// When the person last proved their identity.
    pub signed_in_at: Timestamp,
    /// Nothing but changing the password is allowed.
    pub must_change_password: bool,
}

/// A key of the REST interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCaller {
    /// The key that the request carried.
    pub id: ApiKeyId,
    /// The key's name, for the audit log.
    pub name: String,
    /// The one tenant it reads; `None` for a platform key.
    pub tenant_id: Option<TenantId>,
    /// The rights that the policy checks.
    pub rights: Vec<ApiRight>,
    /// Its own limit per minute; `None` for the configured ones.
    pub requests_per_minute: Option<u32>,
}

/// A staff member in a support session, as the server has established it for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportCaller {
    /// The session whose token or cookie was sent.
    pub support_session_id: SupportSessionId,
    /// The tenant that it is confined to.
    pub tenant_id: TenantId,
    /// The organization that it is confined to, if it is.
    pub organization_id: Option<OrganizationId>,
    /// The staff member who acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// When the session expires.
    pub expires_at: Timestamp,
}

/// The origin of a request, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's IP address.
    pub ip: Option<String>,
    /// The client's `User-Agent`, if it sent one.
    pub user_agent: Option<String>,
    /// Our ID of the request, for logs and audit events.
    pub request_id: Option<String>,
    /// The time zone of the client, as its browser names it: `Europe/Berlin`.
    pub zone: Option<String>,
}

/// A caller with where the request comes from: what every use case is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The caller, established by the server.
    pub caller: Caller,
    /// The request's origin, for the audit log.
    pub origin: Origin,
}
