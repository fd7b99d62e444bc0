//! Organizations: the named parts of tenants.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{is_slug, storable};
use crate::domain::{
    OrganizationId,
    form::Marked,
    problem::{FieldProblems, Problem},
    text::{REASON_MAX, REASON_MIN, clean},
};

/// How many organizations of a tenant its pages list, by name. The REST interface lists all of them.
pub const ORGANIZATIONS_SHOWN: u32 = 1000;

text_enum! {
    /// Whether an organization is in use.
    pub enum OrganizationStatus {
        /// The organization is in use.
        Active = "active" as "Active",
        /// Switched off by the platform.
        Suspended = "suspended" as "Suspended",
    }
}

/// A named part of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Organization {
    /// The platform's identifier, unique within the tenant.
    pub id: OrganizationId,
    /// The name that people read.
    pub name: String,
    /// A short name that people type.
    pub slug: String,
    /// Whether the organization is in use.
    pub status: OrganizationStatus,
    /// When the organization was created.
    pub created_at: DateTime<Utc>,
}

/// The platform's input for registering or changing an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OrganizationRegistration {
    /// The name, 1–200 characters.
    pub name: String,
    /// 1–63 of `a–z`, `0–9` and inner hyphens.
    pub slug: String,
    /// Whether the organization is in use.
    pub status: OrganizationStatus,
    /// When the organization was created. Defaults to the time of the first registration.
    #[serde(default)]
    pub created_at: Option<DateTime<Utc>>,
}

impl OrganizationRegistration {
    /// The same registration with trimmed texts, or every field that is not as it must be.
    pub fn validated(self) -> Result<Self, Problem> {
        let mut problems = FieldProblems::default();
        let name = problems.checked("name", clean(&self.name, 1, 200, false));
        if !is_slug(&self.slug) {
            problems.add("slug", "must be 1 to 63 of a–z, 0–9 and inner hyphens");
        }
        problems.take_some("created_at", self.created_at, storable);
        problems.finish()?;
        Ok(Self { name, ..self })
    }
}

/// The form of a new organization or of a changed one, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationForm {
    /// The ID, which stays.
    pub id: String,
    /// The short name that people type.
    pub slug: String,
    /// The name that people read.
    pub name: String,
    /// An [`OrganizationStatus`].
    pub status: String,
    /// Why an organization is changed.
    pub reason: String,
    /// The state of the organization for which the form was made; empty for a new one.
    pub seen: String,
}

impl OrganizationForm {
    /// The form that holds an organization's values.
    pub fn of(organization: &Organization, seen: String) -> Self {
        Self {
            id: organization.id.to_string(),
            slug: organization.slug.clone(),
            name: organization.name.clone(),
            status: organization.status.to_string(),
            reason: String::new(),
            seen,
        }
    }

    /// The ID, the values as a registration, and the reason, which a new one needs not.
    ///
    /// # Errors
    ///
    /// Every field that is not as it must be.
    pub fn validate(&self) -> Result<(OrganizationId, OrganizationRegistration, String), Problem> {
        let mut problems = FieldProblems::default();
        let id = problems.take("id", self.id.trim().parse::<OrganizationId>());
        let status = problems.take("status", self.status.parse::<OrganizationStatus>());
        let reason = match self.seen.is_empty() {
            true => String::new(),
            false => problems.checked("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true)),
        };
        let registration = OrganizationRegistration {
            name: self.name.clone(),
            slug: self.slug.trim().to_owned(),
            status: status.unwrap_or(OrganizationStatus::Active),
            created_at: None,
        };
        let registration = problems.also(registration.validated());
        problems.finish()?;
        match (id, registration) {
            (Some(id), Some(registration)) => Ok((id, registration, reason)),
            _ => Err(Problem::invalid(Vec::new())),
        }
    }
}

impl Marked for OrganizationForm {
    fn take_rest(&mut self, typed: &Self) {
        self.reason.clone_from(&typed.reason);
    }

    fn label(field: &str, value: &str) -> Option<&'static str> {
        let status = value.parse::<OrganizationStatus>().ok();
        let status = status.filter(|_| field == "status");
        status.map(OrganizationStatus::label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = OrganizationForm {
            id: "a b".into(),
            slug: "No".into(),
            status: "gone".into(),
            seen: "x".into(),
            ..OrganizationForm::default()
        };
        let problem = wrong.validate().unwrap_err();
        for field in ["id", "slug", "name", "status", "reason"] {
            assert!(problem.field(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_new_organization_needs_no_reason() {
        let form = OrganizationForm {
            id: "org-1".into(),
            slug: " emea ".into(),
            name: " EMEA ".into(),
            status: "active".into(),
            ..OrganizationForm::default()
        };
        let (id, registration, reason) = form.validate().unwrap();
        assert_eq!((id.as_str(), reason.as_str()), ("org-1", ""));
        assert_eq!(registration.slug, "emea");
        assert_eq!(registration.name, "EMEA");
    }
}
