//! Organizations of a tenant.

use super::*;

#[tokio::test]
async fn an_organization_is_added_and_changed_with_a_reason() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let (admin, acme) = (super_admin(1), id("acme"));
        let save = async |form| service.set_organization(&admin, &acme, form).await;
        assert!(
            save(organization("EMEA"))
                .await
                .unwrap()
                .audit_event
                .is_some()
        );
        assert_eq!(save(organization("EMEA")).await.unwrap().audit_event, None);
        let taken = save(organization("Other")).await.unwrap_err();
        assert!(taken.field("id").is_some());
        let organizations = managed(&console, "acme").await.organizations;
        let (_, seen) = organizations
            .into_iter()
            .find(|(one, _)| one.name == "EMEA")
            .unwrap();
        let changed = OrganizationForm {
            status: "suspended".into(),
            reason: REASON.into(),
            seen,
            ..organization("EMEA")
        };
        assert!(save(changed.clone()).await.unwrap().audit_event.is_some());
        let late = OrganizationForm {
            name: "Late".into(),
            ..changed
        };
        assert_eq!(save(late).await.unwrap_err().code, ProblemCode::Conflict);
        let nowhere = service
            .set_organization(&admin, &id("none"), organization("X"))
            .await;
        assert_eq!(nowhere.unwrap_err().code, ProblemCode::NotFound);
    }
}
