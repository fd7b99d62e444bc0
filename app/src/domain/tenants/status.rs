//! The tenant's lifecycle status.

text_enum! {
    /// The tenant's lifecycle status.
    pub enum TenantStatus {
        /// In normal use.
        Active = "active",
        /// Switched off by the platform.
        Suspended = "suspended",
        /// Waits for approval.
        Pending = "pending",
        /// Tries the platform out.
        Trial = "trial",
        /// Is being set up.
        Onboarding = "onboarding",
    }
}

impl TenantStatus {
    /// The word shown to people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Pending => "Pending",
            Self::Trial => "Trial",
            Self::Onboarding => "Onboarding",
        }
    }

    /// Whether no calls at all are what one expects of a tenant in this status.
    pub const fn may_be_silent(self) -> bool {
        matches!(self, Self::Suspended | Self::Pending | Self::Onboarding)
    }
}
