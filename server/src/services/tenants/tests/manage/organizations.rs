//! Organizations of a tenant.

use app::{
    domain::{
        support_sessions::SupportSessionForm,
        tenants::{ORGANIZATIONS_SHOWN, Organization, OrganizationDraft},
    },
    ports::CreateSupportSessions as _,
};

use super::*;
use crate::services::testing::{form, support_admin};

async fn draft(console: &World, organization: &str) -> OrganizationDraft {
    let service: &dyn ManageTenantsPort = &console.tenants;
    let organization = organization.parse().unwrap();
    let draft = service
        .organization_draft(&super_admin(1), &id("acme"), Some(organization))
        .await;
    draft.unwrap()
}

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
        let (_, seen) = draft(&console, "emea").await.organization.unwrap();
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

#[tokio::test]
async fn a_suspension_says_before_and_after_how_many_support_sessions_it_ends() {
    for end_when_suspended in [false, true] {
        let mut config = managing();
        config.support_sessions.end_when_suspended = end_when_suspended;
        for console in worlds_with(config).await {
            let in_x = console.open(SupportSessionForm {
                organization_id: "x".into(),
                ..form()
            });
            let in_x = in_x.await.id;
            let support = console.support_sessions();
            let whole = support.create(&support_admin(2), &id("acme"), form()).await;
            let whole = whole.unwrap().session.id;

            let before = draft(&console, "x").await;
            assert_eq!(before.active_support_sessions, 1, "{}", console.engine);
            assert_eq!(before.end_when_suspended, end_when_suspended);
            let (x, seen) = before.organization.unwrap();
            let suspended = OrganizationForm {
                status: "suspended".into(),
                reason: REASON.into(),
                ..OrganizationForm::of(&x, seen)
            };
            let service: &dyn ManageTenantsPort = &console.tenants;
            let done = service
                .set_organization(&super_admin(1), &id("acme"), suspended)
                .await;
            let said = match end_when_suspended {
                true => "X saved. 1 support session revoked.",
                false => "X saved.",
            };
            assert_eq!(done.unwrap().message, said, "{}", console.engine);

            let left = draft(&console, "x").await.active_support_sessions;
            assert_eq!(left, u64::from(!end_when_suspended));
            let mut reader = console.core.store.read().await.unwrap();
            for (session, why) in [(in_x, Some("organization suspended")), (whole, None)] {
                let stored = reader.db().lookup_support_session(session).await.unwrap();
                let revocation = stored.unwrap().revocation;
                let reason = revocation.and_then(|revocation| revocation.reason);
                let why = why.filter(|_| end_when_suspended);
                assert_eq!(reason.as_deref(), why, "{}", console.engine);
            }
            drop(reader);
            let recorded = console.actions("tenant:acme").await.into_iter();
            let revoked = recorded.filter(|action| action == "support_session.revoked");
            assert_eq!(revoked.count(), usize::from(end_when_suspended));
        }
    }
}

#[tokio::test]
async fn an_organization_beyond_the_listed_ones_is_found_and_changed() {
    for console in consoles().await {
        let numbered = |number: u32| Organization {
            id: format!("Org-{number}").parse().unwrap(),
            name: format!("Zürich {number:04}"),
            slug: format!("org-{number}"),
            status: OrganizationStatus::Active,
            created_at: noon(),
        };
        let many: Vec<_> = (0..=ORGANIZATIONS_SHOWN).map(numbered).collect();
        console
            .write(many, |many, tx| {
                Box::pin(async move {
                    for one in many {
                        tx.set_organization(&id("acme"), one).await?;
                    }
                    Ok::<_, StoreError>(())
                })
            })
            .await;
        let service: &dyn ManageTenantsPort = &console.tenants;
        let found = async |tenant: &str, text: Option<&str>| {
            let text = text.map(str::to_owned);
            let managed = service.one(&super_admin(1), &id(tenant), text).await;
            let organizations = managed.unwrap().organizations.into_iter();
            let ids = organizations.map(|one| one.id.to_string());
            ids.collect::<Vec<_>>()
        };
        let last = format!("Org-{ORGANIZATIONS_SHOWN}");
        let listed = found("acme", None).await;
        assert_eq!(listed.len(), 1000, "{}", console.engine);
        assert!(!listed.contains(&last));
        for text in [" ZURICH 1000 ", "zürich 1000", "ich 1000", last.as_str()] {
            let hits = found("acme", Some(text)).await;
            assert_eq!(hits, [last.as_str()], "{}: {text}", console.engine);
        }
        for nothing in ["org-1000", "%", "z_rich", "Org-"] {
            let hits = found("acme", Some(nothing)).await;
            assert!(hits.is_empty(), "{}: {nothing}", console.engine);
        }
        assert!(found("bolt", Some("zurich")).await.is_empty());

        let (one, seen) = draft(&console, &last).await.organization.unwrap();
        let renamed = OrganizationForm {
            name: "Basel".into(),
            reason: REASON.into(),
            ..OrganizationForm::of(&one, seen)
        };
        let done = service
            .set_organization(&super_admin(1), &id("acme"), renamed)
            .await;
        assert_eq!(done.unwrap().message, "Basel saved.");
        assert!(found("acme", None).await.contains(&last));
    }
}
