//! What is typed to make a key or to replace its secret.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::ApiRight;
use crate::domain::{
    TenantId,
    problem::{FieldProblems, Problem},
    support_sessions::whole_number,
    tenants::tenant_in_filter,
    text::clean,
};

/// The longest name of a key, in characters.
pub const KEY_NAME_MAX: usize = 100;
/// The longest lifetime of a key that expires, in days.
pub const KEY_DAYS_MAX: u32 = 3_650;
/// The most networks that a key can be limited to.
pub const KEY_ADDRESSES_MAX: usize = 50;
/// The highest limit that a key can have.
pub const KEY_REQUESTS_MAX: u32 = 1_000_000;
/// The longest that the previous secret works after a rotation, in hours.
pub const OVERLAP_HOURS_MAX: u32 = 720;

/// A key to be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewApiKey {
    /// The key's purpose, 1–100 characters.
    pub name: String,
    /// The one tenant whose data it reads; `None` for a platform key.
    pub tenant_id: Option<TenantId>,
    /// Empty means read-only. A tenant's key can only add the right to introspect identities.
    pub rights: Vec<ApiRight>,
    /// After how many days it expires; `None` for never.
    pub expires_in_days: Option<u32>,
    /// The networks that it may be used from. Empty for everywhere.
    pub allowed_addresses: Vec<IpNet>,
    /// Its own limit per minute, instead of the configured ones.
    pub requests_per_minute: Option<u32>,
    /// Names the form, so that a form that is sent twice makes one key.
    pub form_key: Option<String>,
}

impl NewApiKey {
    /// The key with its name trimmed and its rights sorted, if it may be made.
    ///
    /// # Errors
    ///
    /// Names every field that is not in order.
    pub fn validated(mut self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        self.name = problems.checked("name", clean(&self.name, 1, KEY_NAME_MAX, false));
        if self.rights.is_empty() {
            self.rights.push(ApiRight::Read);
        }
        self.rights.sort();
        self.rights.dedup();
        if self.tenant_id.is_some() && !self.rights.iter().all(|right| right.is_for_tenants()) {
            problems.add(
                "rights",
                "a tenant's key can only have the rights read and identities:introspect",
            );
        }
        check_days(&mut problems, self.expires_in_days);
        if self.allowed_addresses.len() > KEY_ADDRESSES_MAX {
            let message = format!("must be at most {KEY_ADDRESSES_MAX} addresses and networks");
            problems.add("allowed_addresses", message);
        }
        self.allowed_addresses.sort();
        self.allowed_addresses.dedup();
        if self
            .requests_per_minute
            .is_some_and(|most| !(1..=KEY_REQUESTS_MAX).contains(&most))
        {
            problems.add("requests_per_minute", between(1, KEY_REQUESTS_MAX));
        }
        problems.finish()?;
        Ok(self)
    }
}

/// When a key expires once its secret is replaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NextExpiry {
    /// When it would have expired.
    #[default]
    Unchanged,
    /// Never.
    Never,
    /// After this many days from now.
    InDays(u32),
}

/// The replacement of a key's secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyRotation {
    /// For how many hours the present secret goes on working; 0 ends it, and any secret before it, at once.
    pub overlap_hours: u32,
    /// When the key expires.
    pub expiry: NextExpiry,
    /// Names the form, so that a form that is sent twice replaces one secret.
    pub form_key: Option<String>,
}

impl KeyRotation {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Names every field that is not in order.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        if self.overlap_hours > OVERLAP_HOURS_MAX {
            problems.add("overlap_hours", between(0, OVERLAP_HOURS_MAX));
        }
        if let NextExpiry::InDays(days) = self.expiry {
            check_days(&mut problems, Some(days));
        }
        problems.finish()?;
        Ok(self)
    }
}

/// The form that makes a key, as submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiKeyForm {
    /// The key's purpose.
    pub name: String,
    /// The tenant's ID, or empty for a platform key.
    pub tenant: String,
    /// The names of its rights.
    pub rights: Vec<String>,
    /// Days, or empty for never.
    pub expires_in_days: String,
    /// Addresses and networks, separated by blanks, commas or lines.
    pub allowed_addresses: String,
    /// A number, or empty for the configured limits.
    pub requests_per_minute: String,
    /// Made with the page.
    pub idempotency_key: String,
}

impl ApiKeyForm {
    /// The key that is asked for.
    ///
    /// # Errors
    ///
    /// Names every field that is not in order.
    pub fn validate(&self) -> Result<NewApiKey, Problem> {
        let mut problems = FieldProblems::default();
        let tenant = self.tenant.trim();
        let tenant_id = match tenant {
            "" => None,
            _ => problems.take("tenant", tenant_in_filter(tenant)),
        };
        let rights = self.rights.iter();
        let rights: Result<Vec<ApiRight>, _> = rights.map(|right| right.parse()).collect();
        let new = NewApiKey {
            name: self.name.clone(),
            tenant_id,
            rights: problems.checked("rights", rights),
            expires_in_days: number(&mut problems, "expires_in_days", &self.expires_in_days),
            allowed_addresses: problems.checked(
                "allowed_addresses",
                parse_addresses(&self.allowed_addresses),
            ),
            requests_per_minute: number(
                &mut problems,
                "requests_per_minute",
                &self.requests_per_minute,
            ),
            form_key: form_key(&self.idempotency_key),
        };
        match (problems.finish(), new.validated()) {
            (Ok(()), validated) => validated,
            (Err(unread), Err(others)) => {
                Err(Problem::invalid([unread.fields, others.fields].concat()))
            }
            (Err(unread), Ok(_)) => Err(unread),
        }
    }
}

/// The form that replaces a key's secret, as submitted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RotateKeyForm {
    /// Hours.
    pub overlap_hours: String,
    /// Days, or empty for never.
    pub expires_in_days: String,
    /// Made with the page.
    pub idempotency_key: String,
}

impl RotateKeyForm {
    /// The rotation that is asked for.
    ///
    /// # Errors
    ///
    /// Names every field that is not in order.
    pub fn validate(&self) -> Result<KeyRotation, Problem> {
        let mut problems = FieldProblems::default();
        let overlap = whole_number(&self.overlap_hours).and_then(|hours| u32::try_from(hours).ok());
        let overlap = overlap.ok_or_else(|| between(0, OVERLAP_HOURS_MAX));
        let days = number(&mut problems, "expires_in_days", &self.expires_in_days);
        let rotation = KeyRotation {
            overlap_hours: problems.checked("overlap_hours", overlap),
            expiry: days.map_or(NextExpiry::Never, NextExpiry::InDays),
            form_key: form_key(&self.idempotency_key),
        };
        problems.finish()?;
        rotation.validated()
    }
}

/// Reads addresses and networks. A single address is a network of one.
///
/// # Errors
///
/// Names the first that can't be read.
pub fn parse_addresses(text: &str) -> Result<Vec<IpNet>, String> {
    let parts = text.split(|c: char| c.is_whitespace() || c == ',');
    parts
        .filter(|part| !part.is_empty())
        .map(parse_network)
        .collect()
}

/// Reads an address or a network.
///
/// # Errors
///
/// What is wrong with it.
pub fn parse_network(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(address.to_canonical()));
    }
    let network: IpNet = text.parse().map_err(|_| {
        format!("has {text}, which is no address and no network such as 203.0.113.0/24")
    })?;
    if network.trunc() != network {
        let meant = network.trunc();
        return Err(format!(
            "has {text}, which names one address in a network. Write {meant}"
        ));
    }
    Ok(network)
}

fn number(problems: &mut FieldProblems, field: &str, text: &str) -> Option<u32> {
    if text.trim().is_empty() {
        return None;
    }
    let number = whole_number(text).and_then(|number| u32::try_from(number).ok());
    problems.take(field, number.ok_or("must be a whole number, or empty"))
}

fn check_days(problems: &mut FieldProblems, days: Option<u32>) {
    if days.is_some_and(|days| !(1..=KEY_DAYS_MAX).contains(&days)) {
        problems.add("expires_in_days", between(1, KEY_DAYS_MAX));
    }
}

fn between(least: u32, most: u32) -> String {
    format!("must be a whole number between {least} and {most}")
}

fn form_key(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|key| !key.is_empty() && key.len() <= 100)
}
