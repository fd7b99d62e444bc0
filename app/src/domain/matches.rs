//! What a text is part of the name of.

use serde::{Deserialize, Serialize};

use super::{SupportSessionId, TenantId, find::Found, staff::StaffRef};

/// A few of each kind that the caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matches {
    /// What the text names by its identifier.
    pub named: Option<Found>,
    /// By name, slug or identifier.
    pub tenants: Vec<TenantMatch>,
    /// Active ones, by tenant or staff member.
    pub sessions: Vec<SessionMatch>,
    /// By name.
    pub staff: Vec<StaffRef>,
}

/// A tenant to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantMatch {
    /// The platform's identifier.
    pub id: TenantId,
    /// Its name.
    pub name: String,
}

/// An active support session to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionMatch {
    /// The session's ID.
    pub id: SupportSessionId,
    /// Who acts.
    pub staff_name: String,
    /// Where.
    pub tenant_name: String,
    /// Why.
    pub reason: String,
}
