//! The tenant's lifecycle status.

text_enum! {
    /// The tenant's lifecycle status.
    pub enum TenantStatus {
        /// In normal use.
        Active = "active" as "Active",
        /// Switched off by the platform.
        Suspended = "suspended" as "Suspended",
        /// Waits for approval.
        Pending = "pending" as "Pending",
        /// Tries the platform out.
        Trial = "trial" as "Trial",
        /// Is being set up.
        Onboarding = "onboarding" as "Onboarding",
        /// Has left the platform, for good.
        Closed = "closed" as "Closed",
    }
}

impl TenantStatus {
    /// Whether no calls at all are what one expects of a tenant in this status.
    pub const fn may_be_silent(self) -> bool {
        matches!(
            self,
            Self::Suspended | Self::Pending | Self::Onboarding | Self::Closed
        )
    }
}
