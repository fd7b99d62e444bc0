//! The records of the platform's tenants, determined by the seed.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde::Serialize;

use super::super::{
    cast::{Tenant, pick},
    names,
};

/// How many attestations a tenant keeps. Older ones are dropped.
const ATTESTATIONS: usize = 200;

/// A record of an organization of a tenant.
pub(super) trait Owned: Serialize {
    fn id(&self) -> &str;
    /// The organization that it belongs to.
    fn organization_id(&self) -> &str;
}

macro_rules! owned {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? } by $organization:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        pub(super) struct $name { $(pub(super) $field: $type),* }
        impl Owned for $name {
            fn id(&self) -> &str { &self.id }
            fn organization_id(&self) -> &str { &self.$organization }
        }
    )*};
}

owned! {
    /// A part of the tenant.
    Organization { id: String, name: String } by id
    /// A person at the tenant.
    User { id: String, organization_id: String, name: String, email: String, role: &'static str } by organization_id
    /// A bill to the tenant.
    Invoice { id: String, organization_id: String, number: String, total_cents: u32, currency: &'static str, status: &'static str } by organization_id
    /// A statement that the tenant vouches for.
    Attestation { id: String, organization_id: String, subject: String, kind: String, status: String } by organization_id
}

#[derive(Debug, PartialEq)]
pub(super) struct Records {
    pub(super) organizations: Vec<Organization>,
    pub(super) users: Vec<User>,
    pub(super) invoices: Vec<Invoice>,
    pub(super) attestations: Vec<Attestation>,
    next: u32,
}

impl Records {
    pub(super) fn of(tenant: &Tenant, seed: u64) -> Self {
        let number = tenant.token.bytes().fold(seed, |hash, byte| {
            hash.wrapping_mul(131).wrapping_add(u64::from(byte))
        });
        let rng = &mut StdRng::seed_from_u64(number);
        let organizations: Vec<Organization> = tenant
            .organizations
            .iter()
            .map(|own| Organization {
                id: own.id.clone(),
                name: own.name.clone(),
            })
            .collect();
        let place = |rng: &mut StdRng| {
            let index = rng.random_range(0..organizations.len());
            organizations[index].id.clone()
        };
        let users = (0..rng.random_range(8..40)).map(|_| {
            let place = place(rng);
            user(rng, tenant, place)
        });
        let users = users.collect();
        let invoices = (0..24).map(|number| {
            let place = place(rng);
            invoice(rng, number, place)
        });
        let invoices = invoices.collect();
        let attestations = (0..40).map(|_| {
            let place = place(rng);
            attestation(rng, place)
        });
        let attestations = attestations.collect();
        Self {
            organizations,
            users,
            invoices,
            attestations,
            next: 1,
        }
    }

    pub(super) fn attest(
        &mut self,
        organization_id: String,
        subject: String,
        kind: String,
    ) -> Attestation {
        let made = Attestation {
            id: format!("att_new{:06}", self.next),
            organization_id,
            subject,
            kind,
            status: "issued".to_owned(),
        };
        self.next += 1;
        if self.attestations.len() >= ATTESTATIONS {
            self.attestations.remove(0);
        }
        self.attestations.push(made.clone());
        made
    }
}

fn user(rng: &mut StdRng, tenant: &Tenant, organization_id: String) -> User {
    let name = format!("{} {}", pick(rng, &names::GIVEN), pick(rng, &names::FAMILY));
    User {
        id: format!("usr_{:08x}", rng.random::<u32>()),
        organization_id,
        email: format!(
            "{}@{}.example",
            names::slug(&name).replace('-', "."),
            tenant.slug
        ),
        name,
        role: pick(rng, &["member", "member", "member", "manager", "owner"]),
    }
}

fn invoice(rng: &mut StdRng, number: u32, organization_id: String) -> Invoice {
    Invoice {
        id: format!("inv_{:08x}", rng.random::<u32>()),
        organization_id,
        number: format!("2026-{:04}", number + 1),
        total_cents: rng.random_range(1_900..2_400_000),
        currency: pick(rng, &["EUR", "USD", "GBP"]),
        status: pick(rng, &["paid", "paid", "paid", "open", "overdue"]),
    }
}

fn attestation(rng: &mut StdRng, organization_id: String) -> Attestation {
    let subject = format!("{} {}", pick(rng, &names::GIVEN), pick(rng, &names::FAMILY));
    let kind = pick(
        rng,
        &["employment", "degree", "licence", "origin", "inspection"],
    );
    Attestation {
        id: format!("att_{:08x}", rng.random::<u32>()),
        organization_id,
        subject,
        kind: kind.to_owned(),
        status: pick(rng, &["issued", "issued", "issued", "revoked"]).to_owned(),
    }
}
