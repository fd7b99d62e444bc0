//! The demo's tenants, determined by the seed.

use app::domain::{
    Timestamp,
    tenants::{OrganizationRegistration, OrganizationStatus, TenantKind, TenantRegistration},
};
use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use super::{fates::Fate, names};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tenant {
    pub(super) id: String,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) plan: &'static str,
    pub(super) region: &'static str,
    pub(super) fate: Fate,
    /// Calls a day in good times.
    pub(super) calls_per_day: u32,
    /// How long it has been a customer when the demo starts.
    pub(super) age: TimeDelta,
    pub(super) organizations: Vec<Organization>,
    /// The token of the tenant's own programs. Worthless outside the demo.
    pub(super) token: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
}

impl Tenant {
    pub(super) fn registration(&self, started: Timestamp) -> TenantRegistration {
        TenantRegistration {
            slug: self.slug.clone(),
            name: self.name.clone(),
            status: self.fate.status(),
            kind: Some(TenantKind::Business),
            country: None,
            plan: Some(self.plan.to_owned()),
            region: Some(self.region.to_owned()),
            contact: Some(format!("it@{}.example", self.slug)),
            created_at: Some(started - self.age),
        }
    }
}

impl Organization {
    pub(super) fn registration(
        &self,
        tenant: &Tenant,
        started: Timestamp,
    ) -> OrganizationRegistration {
        OrganizationRegistration {
            name: self.name.clone(),
            slug: names::slug(&self.name),
            status: OrganizationStatus::Active,
            created_at: Some(started - tenant.age),
        }
    }
}

/// Every tenant of the demo, shuffled.
pub(super) fn tenants(seed: u64) -> Vec<Tenant> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut fates: Vec<Fate> = Fate::CAST
        .iter()
        .flat_map(|(fate, count)| std::iter::repeat_n(*fate, *count))
        .collect();
    fates.shuffle(&mut rng);
    let names = names_in(&mut rng, fates.len());
    fates
        .into_iter()
        .zip(names)
        .enumerate()
        .map(|(number, (fate, name))| tenant(&mut rng, number, fate, name))
        .collect()
}

fn names_in(rng: &mut StdRng, count: usize) -> Vec<String> {
    let mut made: Vec<String> = names::FIRST
        .iter()
        .flat_map(|first| {
            names::SECOND
                .iter()
                .map(move |second| format!("{first} {second}"))
        })
        .collect();
    made.shuffle(rng);
    let mut all: Vec<String> = names::WRITTEN.iter().map(ToString::to_string).collect();
    all.extend(made);
    all.truncate(count);
    all.shuffle(rng);
    all
}

fn tenant(rng: &mut StdRng, number: usize, fate: Fate, name: String) -> Tenant {
    let (low, high) = fate.calls_per_day();
    // Ids as platforms make them: opaque, and in no order.
    let id = format!("tnt_{:08x}", rng.random::<u32>());
    let slug = match names::slug(&name) {
        slug if slug.len() < 3 => format!("tenant-{number:03}"),
        slug => slug,
    };
    let age = match fate {
        Fate::New => TimeDelta::minutes(rng.random_range(20..600)),
        Fate::Onboarding | Fate::Pending => TimeDelta::hours(rng.random_range(20..60)),
        Fate::Trial => TimeDelta::days(rng.random_range(9..28)),
        _ => TimeDelta::days(rng.random_range(40..1_900)),
    };
    let mut parts = names::ORGANIZATIONS;
    parts.shuffle(rng);
    let count = rng.random_range(1..=4);
    let organizations = parts[..count]
        .iter()
        .map(|name| Organization {
            id: format!("org_{:08x}", rng.random::<u32>()),
            name: (*name).to_owned(),
        })
        .collect();
    Tenant {
        token: format!("demo-{:016x}", rng.random::<u64>()),
        plan: pick(rng, &["Starter", "Team", "Business", "Enterprise"]),
        region: pick(rng, &["eu-central", "eu-north", "us-east", "ap-south"]),
        calls_per_day: if high == 0 {
            0
        } else {
            rng.random_range(low..=high)
        },
        id,
        slug,
        name,
        fate,
        age,
        organizations,
    }
}

/// One of `choices`.
pub(super) fn pick<T: Copy>(rng: &mut StdRng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_tenants_and_another_seed_others() {
        assert_eq!(tenants(7), tenants(7));
        assert_ne!(tenants(7), tenants(8));
    }

    #[test]
    fn there_are_enough_tenants_and_the_platform_may_register_each() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        for seed in 0..5 {
            let tenants = tenants(seed);
            assert!(tenants.len() >= 200);
            for tenant in &tenants {
                tenant.registration(now).validated().unwrap();
                assert!(tenant.id.parse::<app::domain::TenantId>().is_ok());
                for organization in &tenant.organizations {
                    organization.registration(tenant, now).validated().unwrap();
                }
            }
            let unique =
                |of: fn(&Tenant) -> &String| tenants.iter().map(of).collect::<HashSet<_>>().len();
            assert_eq!(unique(|tenant| &tenant.id), tenants.len());
            assert_eq!(unique(|tenant| &tenant.slug), tenants.len());
            assert_eq!(unique(|tenant| &tenant.token), tenants.len());
        }
    }

    #[test]
    fn the_demo_is_light_all_tenants_together_stay_under_twenty_calls_a_second() {
        for seed in 0..5 {
            let calls: u32 = tenants(seed)
                .iter()
                .map(|tenant| tenant.calls_per_day)
                .sum();
            assert!(calls < 20 * 86_400, "{calls}");
        }
    }
}
