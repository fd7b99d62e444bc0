//! Adding a tenant, and changing its values.

use super::*;

#[tokio::test]
async fn a_new_tenant_is_pending_and_the_second_of_two_clicks_adds_none() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let form = TenantForm {
            id: "new".into(),
            slug: "new".into(),
            name: "New".into(),
            kind: "government".into(),
            country: "NO".into(),
            plan: "Starter".into(),
            contact: "ops@new.example".into(),
            ..TenantForm::default()
        };
        let admin = super_admin(1);
        let (added_id, added) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(added_id, id("new"));
        assert!(added.audit_event.is_some());
        let (_, again) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(again.audit_event, None);
        let tenant = console.stored("new").await.tenant;
        assert_eq!(tenant.status, TenantStatus::Pending);
        assert_eq!(tenant.country.as_deref(), Some("NO"));
        let other = TenantForm {
            name: "Other".into(),
            slug: "other".into(),
            ..form.clone()
        };
        let refused = service.add(&admin, other).await.unwrap_err();
        assert!(refused.field("id").is_some());
        let same_slug = TenantForm {
            id: String::new(),
            ..form
        };
        let refused = service.add(&admin, same_slug).await.unwrap_err();
        assert!(refused.field("slug").is_some());
        assert_eq!(
            actions(&console, "new").await.len(),
            1,
            "{}",
            console.engine
        );
        assert_eq!(feed(&console, 0).await, [("new".to_owned(), 1)]);
    }
}

#[tokio::test]
async fn a_form_without_an_id_that_is_sent_twice_adds_one_tenant() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let admin = super_admin(1);
        let about = service.about(&admin).await.unwrap();
        assert_ne!(about.new_id, service.about(&admin).await.unwrap().new_id);
        let form = TenantForm {
            new_id: about.new_id.clone(),
            slug: "new".into(),
            name: "New".into(),
            ..TenantForm::default()
        };
        let core = Core {
            store: console.store.again_written().await,
            ..console.core.clone()
        };
        let other_node = TenantsService::new(core, Arc::clone(&console.gates));
        let (first, second) = tokio::join!(
            service.add(&admin, form.clone()),
            ManageTenantsPort::add(&other_node, &admin, form.clone())
        );
        let recorded = [first.unwrap(), second.unwrap()].map(|(added, done)| {
            assert_eq!(added.as_str(), about.new_id);
            done.audit_event.is_some()
        });
        assert_eq!(recorded.iter().filter(|is_new| **is_new).count(), 1);

        let approve = to(&console, "onboarding", &[&about.new_id]).await;
        service.set_status(&admin, approve).await.unwrap();
        let (_, late) = service.add(&admin, form.clone()).await.unwrap();
        assert_eq!(late.audit_event, None, "{}", console.engine);
        assert!(
            late.message.ends_with("is onboarding now."),
            "{}",
            late.message
        );

        let other = TenantForm {
            slug: "other".into(),
            name: "Other".into(),
            ..form.clone()
        };
        let refused = service.add(&admin, other.clone()).await.unwrap_err();
        let why = refused.field("id").unwrap();
        assert!(why.contains("this form has added already"), "{why}");
        for (new_id, field) in [("acme", Some("new_id")), ("", None)] {
            let sent = TenantForm {
                new_id: new_id.into(),
                ..other.clone()
            };
            let refused = service.add(&admin, sent).await.err();
            let named = field.map(|field| refused.as_ref().unwrap().field(field).is_some());
            assert_ne!(named, Some(false), "{refused:?}");
            assert_eq!(refused.is_some(), field.is_some());
        }
        assert_eq!(feed(&console, 0).await.len(), 2, "{}", console.engine);
    }
}

#[tokio::test]
async fn of_two_people_who_edit_a_tenant_at_once_the_second_is_told() {
    for console in consoles().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let (first, second) = (
            edited(&console, "acme").await,
            edited(&console, "acme").await,
        );
        let named = |name: &str, form: &TenantForm| TenantForm {
            name: name.into(),
            ..form.clone()
        };
        let acme = id("acme");
        let (one, two) = (super_admin(1), super_admin(2));
        let done = service.edit(&one, &acme, named("First", &first)).await;
        assert!(done.unwrap().audit_event.is_some());
        let late = service.edit(&two, &acme, named("Second", &second)).await;
        assert_eq!(late.unwrap_err().code, ProblemCode::Conflict);
        assert_eq!(console.stored("acme").await.tenant.name, "First");
        let repeated = service.edit(&one, &acme, named("First", &first)).await;
        assert_eq!(repeated.unwrap().audit_event, None);
        let recorded = actions(&console, "acme").await;
        assert_eq!(
            recorded,
            [(
                "tenant.changed".to_owned(),
                serde_json::json!({
                    "changed": {"name": {"from": "acme", "to": "First"}},
                    "reason": REASON,
                })
            )]
        );
    }
}
