//! The gateway's rules as staff members see them, and what other rules would have decided.

use serde::{Deserialize, Serialize};

use super::{RequestId, SupportSessionId, TenantId, Timestamp, access_log::Refusal};

/// How many of the latest requests a dry run may judge again.
pub const DRY_RUN_REQUESTS: [u32; 3] = [100, 1_000, 10_000];
/// How many changed decisions a dry run lists.
pub const DRY_RUN_LISTED: usize = 200;
/// The longest rule file that a dry run takes, in bytes.
pub const RULE_FILE_MAX: usize = 32 * 1024;

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// SHA-256 of the rules, in hexadecimal: equal on nodes with the same rules.
    pub hash: String,
    /// The rules as a configuration file says them (TOML).
    pub file: String,
    /// What the rules can't keep, each in a sentence.
    pub warnings: Vec<String>,
}

/// What other rules would have decided about requests that were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// Which rules these would be.
    pub hash: String,
    /// How many of the latest requests were looked at.
    pub requests: u64,
    /// How many would be decided as they were.
    pub unchanged: u64,
    /// How many were let through and would be refused.
    pub newly_refused: u64,
    /// How many were refused and would be let through.
    pub newly_permitted: u64,
    /// How many were refused for what no record tells: a field of the header, the end of the
    /// session, a path that can be read in two ways.
    pub not_judged: u64,
    /// The changed decisions, the latest first, at most [`DRY_RUN_LISTED`].
    pub changes: Vec<DryRunChange>,
    /// What the rules can't keep, each in a sentence.
    pub warnings: Vec<String>,
}

/// A request that would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRunChange {
    /// The request.
    pub request_id: RequestId,
    /// Its support session.
    pub support_session_id: SupportSessionId,
    /// That session's tenant.
    pub tenant_id: TenantId,
    /// When it was recorded.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Why it would be refused; `None` if it would be let through.
    pub refusal: Option<Refusal>,
    /// The reason in a sentence, or the scope that would let it through.
    pub because: String,
}
