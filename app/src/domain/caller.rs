//! Who asks. Every use case takes a caller and decides by it.

use super::{
    ApiKeyId, OrganizationId, StaffId, StaffSessionId, SupportSessionId, TenantId, Timestamp,
    api_keys::ApiRight, staff::Role,
};

/// Who asks, as established by the server from a cookie, a key or the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Nobody has been established.
    Anonymous,
    /// A staff member with a living staff session.
    Staff(StaffCaller),
    /// A key of the REST interface.
    Key(KeyCaller),
    /// A staff member in a support session, by its token.
    Support(SupportCaller),
    /// An operating-system user at the command line of the server.
    Cli {
        /// The user's name.
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
    /// Who.
    pub staff_id: StaffId,
    /// The name at the time.
    pub name: String,
    /// The roles as the store had them when this request began.
    pub roles: Vec<Role>,
    /// The sign-in.
    pub staff_session_id: StaffSessionId,
    /// When the person last proved to be who it is.
    pub signed_in_at: Timestamp,
    /// Nothing but changing the password is allowed.
    pub must_change_password: bool,
}

/// A key of the REST interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCaller {
    /// Which key.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// The one tenant it reads; `None` for a platform key.
    pub tenant_id: Option<TenantId>,
    /// Its rights.
    pub rights: Vec<ApiRight>,
}

/// A staff member in a support session, as the server has established it for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportCaller {
    /// The support session.
    pub support_session_id: SupportSessionId,
    /// The tenant that it is confined to.
    pub tenant_id: TenantId,
    /// The organization that it is confined to, if it is.
    pub organization_id: Option<OrganizationId>,
    /// Who really acts.
    pub staff_id: StaffId,
    /// That staff member's name.
    pub staff_name: String,
    /// When the session expires by itself.
    pub expires_at: Timestamp,
}

/// Where a request comes from, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's IP address.
    pub ip: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The request's identifier.
    pub request_id: Option<String>,
}

/// A caller with where the request comes from: what every use case is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Who asks.
    pub caller: Caller,
    /// From where.
    pub origin: Origin,
}
