//! Managing tenants: who is their master, the forms, and what their pages show.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Organization, Tenant, TenantHealth, TenantKind, TenantRegistration, TenantStatus};
use crate::domain::{
    TenantId,
    form::Marked,
    health::Thresholds,
    page::Page,
    problem::{FieldProblems, Problem},
    text::{REASON_MAX, REASON_MIN, clean},
};

/// How many tenants get another status at once: a page of the list. They stand in an address.
pub const CHANGED_MAX: usize = 50;

text_enum! {
    /// Who decides what a tenant is called, and its plan, region and status.
    #[derive(Default)]
    pub enum TenantMaster {
        /// The platform registers tenants. The console shows them.
        #[default]
        Platform = "platform" as "The platform",
        /// The console manages tenants. The platform asks for the changes.
        Console = "console" as "This console",
    }
}

text_enum! {
    /// How long ago a tenant was created at most.
    pub enum CreatedWithin {
        /// A week.
        Week = "7d" as "Last 7 days",
        /// A month.
        Month = "30d" as "Last 30 days",
        /// A quarter.
        Quarter = "90d" as "Last 90 days",
    }
}

impl CreatedWithin {
    /// As a length of time.
    pub const fn span(self) -> TimeDelta {
        match self {
            Self::Week => TimeDelta::days(7),
            Self::Month => TimeDelta::days(30),
            Self::Quarter => TimeDelta::days(90),
        }
    }
}

/// A page of the list of tenants, for managing them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedTenants {
    /// One page.
    pub tenants: Page<TenantHealth>,
    /// How many user sessions are active in those that have any.
    pub user_sessions: BTreeMap<TenantId, u64>,
    /// Who manages tenants.
    pub master: TenantMaster,
    /// Whether the caller may manage them here.
    pub may_manage: bool,
}

/// What holds for the list of tenants, whatever it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantsAbout {
    /// Who manages tenants.
    pub master: TenantMaster,
    /// Whether the caller may manage them here.
    pub may_manage: bool,
    /// What the list can be filtered by.
    pub choices: TenantChoices,
    /// The ID of a tenant that is added without one: a UUID for each form.
    pub new_id: String,
}

/// What tenants are filtered by, beside fixed words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantChoices {
    /// The first 100 plans that any tenant has, by name.
    pub plans: Vec<String>,
    /// The first 100 regions that any tenant has, by name.
    pub regions: Vec<String>,
}

/// A tenant with everything that its page for managing it shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedTenant {
    /// The tenant as it is now.
    pub tenant: Tenant,
    /// What the console keeps of it.
    pub settings: super::TenantSettings,
    /// For forms: tells this state of the tenant from others.
    pub seen: String,
    /// Its first [`ORGANIZATIONS_SHOWN`](super::ORGANIZATIONS_SHOWN) organizations by name, or of
    /// those that were found.
    pub organizations: Vec<Organization>,
    /// How many user sessions are active now.
    pub active_user_sessions: u64,
    /// How many support sessions are active now.
    pub active_support_sessions: u64,
    /// Who manages tenants.
    pub master: TenantMaster,
    /// Whether support sessions end, and none can be created, while the tenant is suspended.
    pub end_when_suspended: bool,
    /// The thresholds where the tenant has none of its own.
    pub configured: Thresholds,
    /// Whether the caller may manage tenants and change their settings.
    pub may_manage: bool,
    /// The address for managing the tenant on the platform, if configured.
    pub manage_url: Option<String>,
}

/// A tenant that is about to get another status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusRow {
    /// The tenant as it is now.
    pub tenant: Tenant,
    /// What tells this state of it from others.
    pub seen: String,
    /// How many user sessions are active now.
    pub active_user_sessions: u64,
    /// How many support sessions are active now.
    pub active_support_sessions: u64,
}

/// The tenants that are about to get another status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusDraft {
    /// Those that may get it.
    pub tenants: Vec<StatusRow>,
    /// Who manages tenants.
    pub master: TenantMaster,
    /// Whether the caller may manage them here.
    pub may_manage: bool,
    /// Whether support sessions end, and none can be created, while a tenant is suspended.
    pub end_when_suspended: bool,
    /// Those that may not, each with the reason.
    pub refused: Vec<(Tenant, String)>,
}

/// An organization that is about to be added or changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrganizationDraft {
    /// The tenant as it is now.
    pub tenant: Tenant,
    /// The organization as it is now, with what tells this state of it from others. `None` for a new
    /// one.
    pub organization: Option<(Organization, String)>,
    /// How many support sessions are active in the organization now.
    pub active_support_sessions: u64,
    /// Who manages tenants.
    pub master: TenantMaster,
    /// Whether support sessions in the organization end, and none can be created, while it is
    /// suspended.
    pub end_when_suspended: bool,
    /// Whether the caller may manage tenants here.
    pub may_manage: bool,
}

/// The form of a new tenant or of a changed one, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TenantForm {
    /// The ID, which stays.
    pub id: String,
    /// The ID of a new tenant if `id` is empty, so that a form that is sent twice adds one tenant.
    pub new_id: String,
    /// The short name that people type.
    pub slug: String,
    /// The name that people read.
    pub name: String,
    /// A [`TenantKind`], or empty.
    pub kind: String,
    /// The country, or empty.
    pub country: String,
    /// The plan, or empty.
    pub plan: String,
    /// The region, or empty.
    pub region: String,
    /// An e-mail address, or empty.
    pub contact: String,
    /// Why a tenant is changed.
    pub reason: String,
    /// The state of the tenant for which the form was made; empty for a new one.
    pub seen: String,
}

impl TenantForm {
    /// The form that holds a tenant's values, for that state of it.
    pub fn of(tenant: &Tenant, seen: String) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            id: tenant.id.to_string(),
            new_id: String::new(),
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            kind: tenant.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            country: text(&tenant.country),
            plan: text(&tenant.plan),
            region: text(&tenant.region),
            contact: text(&tenant.contact),
            reason: String::new(),
            seen,
        }
    }

    /// The values as a registration with this status, and the reason, which a new tenant needs not.
    ///
    /// # Errors
    ///
    /// Every field that is not as it must be.
    pub fn validate(&self, status: TenantStatus) -> Result<(TenantRegistration, String), Problem> {
        let mut problems = FieldProblems::default();
        let kind = match self.kind.as_str() {
            "" => None,
            word => problems.take("kind", word.parse::<TenantKind>()),
        };
        let contact = self.contact.trim();
        if !contact.is_empty() && !is_address(contact) {
            problems.add(
                "contact",
                "must be an e-mail address, such as ops@example.com",
            );
        }
        let reason = match self.seen.is_empty() {
            true => String::new(),
            false => problems.checked("reason", clean(&self.reason, REASON_MIN, REASON_MAX, true)),
        };
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let registration = TenantRegistration {
            slug: self.slug.trim().to_owned(),
            name: self.name.clone(),
            status,
            kind,
            country: some(&self.country),
            plan: some(&self.plan),
            region: some(&self.region),
            contact: some(&self.contact),
            created_at: None,
        };
        let registration = problems.also(registration.validated());
        problems.finish()?;
        let registration = registration.ok_or_else(|| Problem::invalid(Vec::new()))?;
        Ok((registration, reason))
    }
}

impl Marked for TenantForm {
    fn take_rest(&mut self, typed: &Self) {
        self.reason.clone_from(&typed.reason);
    }

    fn label(field: &str, value: &str) -> Option<&'static str> {
        let kind = value.parse::<TenantKind>().ok();
        kind.filter(|_| field == "kind").map(TenantKind::label)
    }
}

/// Whether a text looks like an e-mail address. Only a message proves that it is one.
fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    let is_plain = !text.contains(char::is_whitespace);
    is_plain && parts.is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}

/// The form that gives tenants another status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusForm {
    /// The tenants.
    pub id: Vec<String>,
    /// The states of the tenants for which the form was made, each as `state id`.
    pub seen: Vec<String>,
    /// The new status.
    pub to: String,
    /// Why, 10–500 characters after trimming.
    pub reason: String,
    /// Where one tenant is closed: its slug, typed again.
    pub slug: String,
}

impl StatusForm {
    /// The chosen tenants, each once, in the order in which they are locked, and the new status.
    ///
    /// # Errors
    ///
    /// If nothing is chosen, too much, or what is no tenant.
    pub fn chosen(&self) -> Result<(Vec<TenantId>, TenantStatus), Problem> {
        let mut problems = FieldProblems::default();
        let mut ids = Vec::with_capacity(self.id.len().min(CHANGED_MAX));
        for id in &self.id {
            ids.extend(problems.take("id", super::tenant_in_filter(id)));
        }
        ids.sort_unstable();
        ids.dedup();
        match ids.len() {
            0 => problems.add("id", "select at least one tenant"),
            many if many > CHANGED_MAX => {
                problems.add("id", format!("select at most {CHANGED_MAX} tenants"));
            }
            _ => {}
        }
        let to = problems.take("to", self.to.parse());
        if ids.len() > 1 && to == Some(TenantStatus::Closed) {
            problems.add("id", "close one tenant at a time: its slug is typed again");
        }
        problems.finish()?;
        Ok((ids, to.unwrap_or(TenantStatus::Active)))
    }

    /// What stands in a form for the state of a tenant.
    pub fn mark(seen: &str, id: &TenantId) -> String {
        format!("{seen} {id}")
    }

    /// The state of a tenant for which the form was made.
    pub fn seen(&self, id: &TenantId) -> Option<&str> {
        let marks = self.seen.iter().filter_map(|mark| mark.split_once(' '));
        marks
            .into_iter()
            .find_map(|(seen, of)| (of == id.as_str()).then_some(seen))
    }

    /// The reason.
    ///
    /// # Errors
    ///
    /// If it is too short or too long.
    pub fn reason(&self) -> Result<String, Problem> {
        clean(&self.reason, REASON_MIN, REASON_MAX, true)
            .map_err(|error| Problem::invalid_field("reason", error))
    }
}

/// What became of the chosen tenants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusChanged {
    /// How many got the status now.
    pub changed: usize,
    /// How many had it already.
    pub unchanged: usize,
    /// How many support sessions were revoked.
    pub support_sessions_ended: usize,
    /// How many user sessions were ended.
    pub user_sessions_ended: u64,
    /// Where it is recorded, if it is one tenant.
    pub audit_event: Option<crate::domain::AuditEventId>,
}

impl StatusChanged {
    /// `2 tenants are suspended now. 1 was already. 3 user sessions ended.`
    pub fn in_words(&self, to: TenantStatus) -> String {
        let status = to.label().to_lowercase();
        if self.changed == 0 {
            return match self.unchanged {
                1 => format!("The tenant was {status} already."),
                _ => format!("The tenants were {status} already."),
            };
        }
        let mut words = match self.changed {
            1 => format!("1 tenant is {status} now."),
            many => format!("{many} tenants are {status} now."),
        };
        let mut say = |count: u64, one: &str, many: &str| {
            if count > 0 {
                let what = if count == 1 { one } else { many };
                words = format!("{words} {count} {what}.");
            }
        };
        say(self.unchanged as u64, "was already", "were already");
        let support = self.support_sessions_ended as u64;
        say(
            support,
            "support session revoked",
            "support sessions revoked",
        );
        say(
            self.user_sessions_ended,
            "user session ended",
            "user sessions ended",
        );
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form::differing;

    fn form() -> TenantForm {
        TenantForm {
            id: "acme".into(),
            slug: " acme ".into(),
            name: " Acme ".into(),
            kind: "business".into(),
            plan: " ".into(),
            contact: "ops@acme.example".into(),
            ..TenantForm::default()
        }
    }

    #[test]
    fn a_conflict_shows_the_words_of_a_choice_and_texts_as_they_are() {
        let typed = TenantForm {
            name: "business".into(),
            ..form()
        };
        let present = TenantForm {
            kind: "government".into(),
            ..form()
        };
        let differing = differing(&typed, &present, TenantForm::label);
        assert_eq!(
            differing["kind"],
            format!("“{}”", TenantKind::Business.label())
        );
        assert_eq!(differing["name"], "“business”");
        assert_eq!(differing.len(), 2);
    }

    #[test]
    fn a_new_tenant_needs_no_reason_and_a_change_does() {
        let (new, _) = form().validate(TenantStatus::Pending).unwrap();
        assert_eq!((new.name.as_str(), new.slug.as_str()), ("Acme", "acme"));
        assert_eq!((new.kind, new.plan), (Some(TenantKind::Business), None));
        let change = TenantForm {
            seen: "x".into(),
            reason: "short".into(),
            ..form()
        };
        let problem = change.validate(TenantStatus::Active).unwrap_err();
        assert!(problem.field("reason").is_some());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let wrong = TenantForm {
            slug: "No Slug".into(),
            name: String::new(),
            kind: "circus".into(),
            contact: "nobody".into(),
            ..form()
        };
        let problem = wrong.validate(TenantStatus::Pending).unwrap_err();
        for field in ["slug", "name", "kind", "contact"] {
            assert!(problem.field(field).is_some(), "{field}");
        }
    }

    #[test]
    fn chosen_tenants_are_each_named_once_and_in_order() {
        let form = |ids: &[&str], to: &str| StatusForm {
            id: ids.iter().map(|id| (*id).to_owned()).collect(),
            to: to.to_owned(),
            ..StatusForm::default()
        };
        let (ids, to) = form(&["b", "a", "b"], "suspended").chosen().unwrap();
        assert_eq!(
            ids.iter().map(TenantId::as_str).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(to, TenantStatus::Suspended);
        assert!(form(&[], "suspended").chosen().is_err());
        assert!(form(&["a b"], "suspended").chosen().is_err());
        assert!(form(&["a"], "gone").chosen().is_err());
        assert!(form(&["a", "a"], "closed").chosen().is_ok());
        assert!(form(&["a", "b"], "closed").chosen().is_err());
        let many: Vec<_> = (0..=CHANGED_MAX).map(|n| n.to_string()).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(form(&many, "suspended").chosen().is_err());
    }

    #[test]
    fn the_result_counts_what_has_ended() {
        let changed = StatusChanged {
            changed: 2,
            unchanged: 1,
            user_sessions_ended: 3,
            ..StatusChanged::default()
        };
        assert_eq!(
            changed.in_words(TenantStatus::Suspended),
            "2 tenants are suspended now. 1 was already. 3 user sessions ended."
        );
    }
}
