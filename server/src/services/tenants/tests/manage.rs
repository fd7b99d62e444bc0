//! Managing tenants: attacks first, then what each act does and ends.

mod access;
mod lifecycle;
mod list;
mod organizations;
mod settings;
mod values;

use app::{
    domain::{
        staff::Role,
        tenants::{
            ManagedTenant, OrganizationForm, SettingsForm, StatusForm, TenantForm, TenantMaster,
        },
    },
    ports::ManageTenantsPort,
};
use gateway::scopes::{AllowConfig, ScopeConfig};

use super::*;
use crate::{
    config::Config,
    services::testing::{key, super_admin, worlds_with},
};

const REASON: &str = "The contract was signed today";

/// A configuration in which the console manages tenants, and a scope writes.
fn managing() -> Config {
    let mut config = Config::default();
    config.tenants.master = TenantMaster::Console;
    config.scopes.push(ScopeConfig {
        name: "invoices:export".parse().unwrap(),
        description: "Export invoices".into(),
        allow: vec![AllowConfig {
            methods: vec!["POST".into()],
            paths: vec!["/v1/exports".into()],
            body: gateway::scopes::BodyKnowledge::Opaque,
            upgrade: None,
        }],
        deny: Vec::new(),
    });
    config
}

pub(super) async fn consoles() -> Vec<World> {
    worlds_with(managing()).await
}

async fn managed(console: &World, tenant: &str) -> ManagedTenant {
    let service: &dyn ManageTenantsPort = &console.tenants;
    service
        .one(&super_admin(1), &id(tenant), None)
        .await
        .unwrap()
}

async fn to(console: &World, status: &str, ids: &[&str]) -> StatusForm {
    let service: &dyn ManageTenantsPort = &console.tenants;
    let mut seen = Vec::new();
    for tenant in ids {
        if let Ok(shown) = service.one(&super_admin(1), &id(tenant), None).await {
            seen.push(StatusForm::mark(&shown.seen, &shown.tenant.id));
        }
    }
    StatusForm {
        id: ids.iter().map(|id| (*id).to_owned()).collect(),
        seen,
        to: status.into(),
        reason: REASON.into(),
        slug: ids.first().map(|id| (*id).to_owned()).unwrap_or_default(),
    }
}

pub(super) async fn edited(console: &World, tenant: &str) -> TenantForm {
    let managed = managed(console, tenant).await;
    TenantForm {
        reason: REASON.into(),
        ..TenantForm::of(&managed.tenant, managed.seen)
    }
}

async fn settings(console: &World, tenant: &str) -> SettingsForm {
    let managed = managed(console, tenant).await;
    SettingsForm {
        reason: REASON.into(),
        ..SettingsForm::of(&managed.settings, managed.seen)
    }
}

fn organization(name: &str) -> OrganizationForm {
    OrganizationForm {
        id: "emea".into(),
        slug: "emea".into(),
        name: name.into(),
        status: "active".into(),
        ..OrganizationForm::default()
    }
}

async fn feed(console: &World, after: i64) -> Vec<(String, i64)> {
    let cursor = format!("0.{after}");
    let fed = console.tenants.feed(&key(None), Some(&cursor), 50).await;
    let fed = fed.unwrap().items.into_iter();
    fed.map(|fed| (fed.tenant.id.to_string(), fed.seq))
        .collect()
}
