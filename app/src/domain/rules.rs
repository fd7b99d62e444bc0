//! The gateway's rules as staff members see them, and what other rules would have decided.

use serde::{Deserialize, Serialize};

use super::{RequestId, SupportSessionId, TenantId, Timestamp, access_log::Refusal};

/// How many of the latest requests a dry run may judge again.
pub const DRY_RUN_REQUESTS: [u32; 3] = [100, 1_000, 10_000];
/// How many changed decisions a dry run lists.
pub const DRY_RUN_LISTED: usize = 200;
/// The longest rule file that a dry run takes, in bytes.
pub const RULE_FILE_MAX: usize = 32 * 1024;

/// What a person fills in to try other rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DryRunForm {
    /// The changed rule file.
    pub rules: String,
    /// How many of the latest requests to judge again: one of [`DRY_RUN_REQUESTS`].
    pub requests: u32,
}

/// The rules in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// SHA-256 of the rules, in hexadecimal: equal on nodes with the same rules.
    pub hash: String,
    /// The rules as a configuration file says them (TOML).
    pub file: String,
    /// What the rules can't enforce, one sentence each.
    pub warnings: Vec<String>,
}

/// The decisions of other rules about earlier requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// Which rules these would be.
    pub hash: String,
    /// The number of latest requests that were replayed.
    pub requests: u64,
    /// How many would be decided as they were.
    pub unchanged: u64,
    /// Allowed before, refused by the new rules.
    pub newly_refused: u64,
    /// Refused before, allowed by the new rules.
    pub newly_permitted: u64,
    /// Requests that can't be replayed, because the reason for their refusal isn't recorded: a
    /// header, the end of the session, an ambiguous path.
    pub not_judged: u64,
    /// The changed decisions, the latest first, at most [`DRY_RUN_LISTED`].
    pub changes: Vec<DryRunChange>,
    /// What the rules can't enforce, one sentence each.
    pub warnings: Vec<String>,
}

/// A request that would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRunChange {
    /// The request that was permitted.
    pub request_id: RequestId,
    /// The session that the request was made in.
    pub support_session_id: SupportSessionId,
    /// The tenant of that session.
    pub tenant_id: TenantId,
    /// When the request was recorded.
    pub at: Timestamp,
    /// The HTTP method (RFC 9110 §9).
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The new refusal; `None` if the request would be allowed.
    pub refusal: Option<Refusal>,
    /// The reason in a sentence, or the scope that would allow it.
    pub because: String,
}
