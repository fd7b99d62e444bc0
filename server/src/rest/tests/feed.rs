//! What a console that manages tenants gives to the platform.

use std::sync::Arc;

use app::{
    domain::tenants::{OrganizationForm, TenantForm, TenantMaster},
    ports::ManageTenantsPort,
};

use super::*;
use crate::{
    config::Config,
    services::{TenantsService, testing::super_admin},
};

const REASON: &str = "The contract was signed today";
const CHANGES: &str = "/api/v1/tenant-changes";
const ORGANIZATIONS: &str = "/api/v1/tenants/acme/organizations";

/// The same console once it manages tenants.
fn managing(console: &World, app: &App) -> (App, TenantsService) {
    let mut config = Config::default();
    config.tenants.master = TenantMaster::Console;
    let mut core = console.core.clone();
    core.config = Arc::new(config);
    let keys = IdentityKeys::throwaway(&SeededEntropy::new(5));
    let state = AppState::new(core, keys).unwrap();
    let app = App {
        router: router::rest(&state, None),
        keys: app.keys.clone(),
        bodies: state.bodies.clone(),
    };
    (app, state.tenants)
}

/// Changes every value of `acme` that a registration has, except for its status.
async fn edit(tenants: &dyn ManageTenantsPort) {
    let (admin, acme) = (super_admin(1), id("acme"));
    let shown = tenants.one(&admin, &acme, None).await.unwrap();
    let form = TenantForm {
        name: "Acme Care".into(),
        slug: "acme-care".into(),
        kind: "government".into(),
        country: "Chile".into(),
        plan: "Team".into(),
        region: "EU".into(),
        contact: "ops@acme.example".into(),
        reason: REASON.into(),
        ..TenantForm::of(&shown.tenant, shown.seen)
    };
    tenants.edit(&admin, &acme, form).await.unwrap();
}

/// Adds an organization to `acme`, and suspends it.
async fn suspend_organization(tenants: &dyn ManageTenantsPort) {
    let (admin, acme) = (super_admin(1), id("acme"));
    let new = OrganizationForm {
        id: "emea".into(),
        slug: "emea".into(),
        name: "EMEA".into(),
        status: "active".into(),
        ..OrganizationForm::default()
    };
    tenants.set_organization(&admin, &acme, new).await.unwrap();
    let emea = Some("emea".parse().unwrap());
    let draft = tenants.organization_draft(&admin, &acme, emea).await;
    let (organization, seen) = draft.unwrap().organization.unwrap();
    let suspended = OrganizationForm {
        status: "suspended".into(),
        reason: REASON.into(),
        ..OrganizationForm::of(&organization, seen)
    };
    let set = tenants.set_organization(&admin, &acme, suspended).await;
    set.unwrap();
}

async fn read(app: &App, path: &str) -> Value {
    let answer = send(app, request(app, "GET", path, Some("reader"), "")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.json()
}

/// Registers what was read, whose address has its ID.
async fn registered(app: &App, path: &str, read: &Value) -> (StatusCode, Value) {
    let mut body = read.clone();
    let fields = body.as_object_mut().unwrap();
    fields.remove("id").expect("an ID");
    let put = request(app, "PUT", path, Some("platform"), body.to_string());
    let answer = send(app, put).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn what_the_console_has_changed_is_registered_elsewhere_as_it_was_read() {
    for (console, elsewhere) in both().await.into_iter().zip(both().await) {
        console.add_people().await;
        let (console, tenants) = managing(&console, &app(&console).await);
        let elsewhere = app(&elsewhere).await;
        let empty = read(&console, CHANGES).await;
        assert_eq!(empty["items"], json!([]));

        edit(&tenants).await;
        let changes = read(&console, CHANGES).await;
        let acme = &changes["items"][0];
        assert_eq!(acme["name"], "Acme Care", "{changes}");
        assert_eq!(acme["contact"], "ops@acme.example", "{changes}");
        let put = registered(&elsewhere, "/api/v1/tenants/acme", acme).await;
        assert_eq!(put, (StatusCode::OK, acme.clone()));
        let kept = read(&elsewhere, "/api/v1/tenants/acme").await;
        assert_eq!(kept["tenant"], *acme);

        suspend_organization(&tenants).await;
        let next = changes["next_cursor"].as_str().unwrap();
        let changes = read(&console, &format!("{CHANGES}?cursor={next}")).await;
        assert_eq!(changes["items"], json!([acme]), "its tenant has changed");
        let listed = read(&console, ORGANIZATIONS).await;
        let listed = listed["items"].as_array().unwrap();
        let emea = listed.iter().find(|one| one["id"] == "emea").unwrap();
        assert_eq!(emea["status"], "suspended", "{emea}");
        let path = format!("{ORGANIZATIONS}/emea");
        let put = registered(&elsewhere, &path, emea).await;
        assert_eq!(put, (StatusCode::CREATED, emea.clone()));
    }
}
