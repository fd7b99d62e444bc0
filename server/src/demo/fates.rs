//! A tenant's fate in the demo, and its resulting traffic.

use app::domain::tenants::TenantStatus;
use chrono::TimeDelta;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Many calls, few errors.
    Busy,
    Steady,
    /// A handful of calls a day.
    Quiet,
    /// Its integration has sent invalid requests for 20 minutes.
    Failing,
    /// Not one call since yesterday.
    Silent,
    New,
    /// Switched off by the platform some weeks ago.
    Suspended,
    Pending,
    /// Is being set up: first attempts.
    Onboarding,
    /// Tries the platform out.
    Trial,
    /// Calls much less than last week.
    Reduced,
    /// More errors than is normal, for days.
    Elevated,
}

/// For how long a failing tenant has been failing when the demo starts.
pub(super) const FAILING_FOR: TimeDelta = TimeDelta::minutes(20);

impl Fate {
    /// Every fate with how many tenants meet it.
    pub(super) const CAST: [(Self, usize); 12] = [
        (Self::Busy, 28),
        (Self::Steady, 98),
        (Self::Quiet, 20),
        (Self::Failing, 7),
        (Self::Silent, 8),
        (Self::New, 7),
        (Self::Suspended, 10),
        (Self::Pending, 6),
        (Self::Onboarding, 8),
        (Self::Trial, 14),
        (Self::Reduced, 8),
        (Self::Elevated, 10),
    ];

    /// The status that the platform registers it with.
    pub(super) const fn status(self) -> TenantStatus {
        match self {
            Self::Suspended => TenantStatus::Suspended,
            Self::Pending => TenantStatus::Pending,
            Self::Onboarding => TenantStatus::Onboarding,
            Self::Trial => TenantStatus::Trial,
            _ => TenantStatus::Active,
        }
    }

    /// The range of its calls a day in good times.
    pub(super) const fn calls_per_day(self) -> (u32, u32) {
        match self {
            Self::Busy => (9_000, 21_000),
            Self::Steady => (700, 3_200),
            Self::Quiet => (28, 90),
            Self::Failing => (6_000, 9_500),
            Self::Silent => (600, 2_600),
            Self::New | Self::Pending => (0, 0),
            Self::Suspended => (400, 1_500),
            Self::Onboarding => (3, 14),
            Self::Trial => (60, 420),
            Self::Reduced => (1_500, 3_500),
            Self::Elevated => (2_500, 4_500),
        }
    }

    /// The share of its usual calls that it makes, `ago` before the demo's start; negative is after
    /// it.
    pub(super) fn activity(self, ago: TimeDelta) -> f64 {
        match self {
            Self::Silent if ago < TimeDelta::hours(26) => 0.0,
            Self::Suspended if ago < TimeDelta::days(3) => 0.0,
            Self::Reduced if ago < TimeDelta::hours(25) => 0.28,
            Self::Onboarding if ago > TimeDelta::days(2) => 0.0,
            _ => 1.0,
        }
    }

    /// The share of its calls that the platform answers with an error, `ago` before the start.
    pub(super) fn error_share(self, ago: TimeDelta) -> f64 {
        match self {
            Self::Failing if ago <= FAILING_FOR => 0.62,
            Self::Elevated => 0.088,
            Self::Onboarding => 0.2,
            Self::Trial => 0.02,
            _ => 0.007,
        }
    }
}
