//! Who may manage tenants, and where.

use super::*;
use crate::services::testing::{anonymous, staff, support_admin, worlds};

#[tokio::test]
async fn only_a_super_admin_with_a_recent_sign_in_manages_tenants() {
    for console in consoles().await {
        let long_ago = noon() - TimeDelta::minutes(10);
        let roles = [Role::SuperAdmin];
        let refused = [
            (anonymous(), ProblemCode::Unauthenticated),
            (staff(1, &[], noon()), ProblemCode::Forbidden),
            (support_admin(1), ProblemCode::Forbidden),
            (staff(1, &roles, long_ago), ProblemCode::SignInTooOld),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
        ];
        let service: &dyn ManageTenantsPort = &console.tenants;
        let acme = id("acme");
        for (context, code) in refused {
            let edit = edited(&console, "acme").await;
            let new = TenantForm {
                id: "new".into(),
                slug: "new".into(),
                name: "New".into(),
                ..TenantForm::default()
            };
            let settings = settings(&console, "acme").await;
            let codes = [
                service.add(&context, new).await.map(drop),
                service.edit(&context, &acme, edit).await.map(drop),
                service
                    .set_settings(&context, &acme, settings)
                    .await
                    .map(drop),
                service
                    .set_organization(&context, &acme, organization("EMEA"))
                    .await
                    .map(drop),
                service
                    .set_status(&context, to(&console, "suspended", &["acme"]).await)
                    .await
                    .map(drop),
            ]
            .map(|done| done.unwrap_err().code);
            assert_eq!(codes, [code; 5], "{}", console.engine);
        }
        assert!(actions(&console, "acme").await.is_empty());
        assert!(feed(&console, 0).await.is_empty());
    }
}

#[tokio::test]
async fn a_tenants_key_and_a_stranger_see_no_other_tenant_and_no_feed() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let other = service.one(&key(Some("bolt")), &id("acme"), None).await;
        assert_eq!(other.unwrap_err().code, ProblemCode::NotFound);
        let nobody = service.one(&anonymous(), &id("acme"), None).await;
        assert_eq!(nobody.unwrap_err().code, ProblemCode::Unauthenticated);
        for (context, organization, code) in [
            (key(Some("bolt")), "x", ProblemCode::NotFound),
            (anonymous(), "x", ProblemCode::Unauthenticated),
            (super_admin(1), "none", ProblemCode::NotFound),
        ] {
            let organization = Some(organization.parse().unwrap());
            let draft = service
                .organization_draft(&context, &id("acme"), organization)
                .await;
            assert_eq!(draft.unwrap_err().code, code);
        }
        for (context, code) in [
            (key(Some("acme")), ProblemCode::Forbidden),
            (anonymous(), ProblemCode::Unauthenticated),
        ] {
            let fed = console.tenants.feed(&context, None, 50).await;
            assert_eq!(fed.unwrap_err().code, code);
            let about = service.about(&context).await;
            assert_eq!(about.unwrap_err().code, code);
        }
        let own = service
            .one(&key(Some("acme")), &id("acme"), None)
            .await
            .unwrap();
        assert!(!own.may_manage);
    }
}

#[tokio::test]
async fn there_is_one_master() {
    for console in worlds().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let edit = edited(&console, "acme").await;
        let edited = service.edit(&super_admin(1), &id("acme"), edit).await;
        assert_eq!(edited.unwrap_err().code, ProblemCode::Conflict);
        let status = to(&console, "suspended", &["acme"]).await;
        let changed = service.set_status(&super_admin(1), status).await;
        assert_eq!(changed.unwrap_err().code, ProblemCode::Conflict);
    }
    for console in consoles().await {
        let registered = console
            .tenants
            .register_tenant(&platform_key(), &id("acme"), registration("acme", "Other"))
            .await;
        assert_eq!(registered.unwrap_err().code, ProblemCode::Conflict);
        assert_eq!(console.stored("acme").await.tenant.name, "acme");
    }
}
