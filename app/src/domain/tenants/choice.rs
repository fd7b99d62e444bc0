//! Choosing a tenant by name, slug or ID.

use serde::{Deserialize, Serialize};

use crate::domain::{TenantId, named::several_called, problem::Problem};

/// The field that names a tenant, in every filter.
pub const TENANT_FIELD: &str = "tenant";

/// How many tenants are suggested at most.
pub const SUGGESTED_MAX: u32 = 8;

/// A tenant as people tell it from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantRef {
    /// The platform's ID of the tenant.
    pub id: TenantId,
    /// The short name that people type.
    pub slug: String,
    /// The name that people read.
    pub name: String,
}

/// The tenant that a text names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChosenTenant {
    /// The tenant.
    pub tenant: TenantRef,
    /// What a field shows for it: its name, or its ID if other tenants have that name. It names the
    /// same tenant again when it is sent.
    pub text: String,
}

/// No tenant that the caller may see has this ID, slug or name. The error repeats the text.
pub fn no_tenant(text: &str) -> Problem {
    Problem::invalid_field(TENANT_FIELD, no_tenant_message(text))
}

/// The message of [`no_tenant`].
pub fn no_tenant_message(text: &str) -> String {
    format!("no tenant \"{text}\". Enter a tenant's name or ID")
}

/// Several tenants have this name or slug.
pub fn several_tenants(text: &str, tenants: &[TenantRef]) -> Problem {
    let ids: Vec<_> = tenants.iter().map(|tenant| tenant.id.to_string()).collect();
    Problem::invalid_field(TENANT_FIELD, several_called("tenants", text, &ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_tenants_of_one_name_are_told_by_their_ids() {
        let tenants: Vec<_> = ["a", "b", "c", "d", "e"]
            .map(|id| TenantRef {
                id: id.parse().unwrap(),
                slug: id.into(),
                name: "Acme".into(),
            })
            .into();
        let told = |tenants: &[TenantRef]| {
            let problem = several_tenants("Acme", tenants);
            problem.field(TENANT_FIELD).unwrap().to_owned()
        };
        assert_eq!(
            told(&tenants[..2]),
            "several tenants are called \"Acme\". Enter the ID of one: a, b"
        );
        assert!(told(&tenants).ends_with("a, b, c, d, …"));
    }
}
