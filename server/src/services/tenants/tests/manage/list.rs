//! The list, and what it is filtered by.

use super::*;
use crate::services::testing::cli;

#[tokio::test]
async fn a_list_is_filtered_by_plan_region_and_age() {
    for console in both().await {
        for (tenant, plan, days) in [("a", "Team", 3), ("b", "Team", 60), ("c", "Starter", 3)] {
            let registration = TenantRegistration {
                plan: Some(plan.into()),
                region: Some("EU".into()),
                created_at: Some(noon() - TimeDelta::days(days)),
                ..registration(tenant, tenant)
            };
            let (key, tenant) = (platform_key(), id(tenant));
            let register = console.tenants.register_tenant(&key, &tenant, registration);
            register.await.unwrap();
        }
        let service: &dyn ManageTenantsPort = &console.tenants;
        let list = async |filter: TenantFilter| {
            let page = PageRequest::default();
            service.list(&cli(), filter, page).await.unwrap()
        };
        let ids = |listed: &app::domain::tenants::ManagedTenants| -> Vec<String> {
            let rows = listed.tenants.items.iter();
            rows.map(|row| row.tenant.id.to_string()).collect()
        };
        let filter = TenantFilter {
            plan: Some("Team".into()),
            sort: TenantSort::Created,
            ..TenantFilter::default()
        };
        let team = list(filter.clone()).await;
        assert_eq!(ids(&team), ["a", "b"], "{}", console.engine);
        let choices = service.about(&cli()).await.unwrap().choices;
        assert_eq!(choices.plans, ["Starter", "Team"]);
        assert_eq!(choices.regions, ["EU"]);
        let new = TenantFilter {
            created: Some(app::domain::tenants::CreatedWithin::Week),
            ..filter
        };
        assert_eq!(ids(&list(new).await), ["a"]);
        let nowhere = TenantFilter {
            region: Some("AP".into()),
            ..TenantFilter::default()
        };
        assert!(ids(&list(nowhere).await).is_empty());
    }
}

/// A tenant on either side of each end.
#[tokio::test]
async fn a_list_of_new_tenants_goes_back_as_far_as_it_says() {
    use app::domain::tenants::CreatedWithin::{Month, Quarter, Week};

    for console in both().await {
        for days in [6, 8, 29, 31, 89, 91] {
            let tenant = format!("d{days:02}");
            let registration = TenantRegistration {
                created_at: Some(noon() - TimeDelta::days(days)),
                ..registration(&tenant, &tenant)
            };
            let (key, tenant) = (platform_key(), id(&tenant));
            let register = console.tenants.register_tenant(&key, &tenant, registration);
            register.await.unwrap();
        }
        let service: &dyn ManageTenantsPort = &console.tenants;
        for (created, expected) in [
            (Some(Week), &["d06"][..]),
            (Some(Month), &["d06", "d08", "d29"]),
            (Some(Quarter), &["d06", "d08", "d29", "d31", "d89"]),
            (None, &["d06", "d08", "d29", "d31", "d89", "d91"]),
        ] {
            let filter = TenantFilter {
                created,
                sort: TenantSort::Created,
                ..TenantFilter::default()
            };
            let listed = service.list(&cli(), filter, PageRequest::default()).await;
            let rows = listed.unwrap().tenants.items.into_iter();
            let ids: Vec<_> = rows.map(|row| row.tenant.id.to_string()).collect();
            assert_eq!(ids, expected, "{} {created:?}", console.engine);
        }
    }
}

#[tokio::test]
async fn a_hundred_plans_are_offered_by_name_and_none_that_is_empty() {
    for console in both().await {
        let service: &dyn ManageTenantsPort = &console.tenants;
        let plans = || {
            let numbered = (0..103).map(|n| match n % 2 {
                0 => format!("Plan {n:03}"),
                _ => format!("plan {n:03}"),
            });
            numbered
                .map(Some)
                .chain([None, Some("Plan 000".to_owned())])
        };
        for (n, plan) in plans().enumerate() {
            let tenant = format!("t{n}");
            let registration = TenantRegistration {
                plan,
                ..registration(&tenant, &tenant)
            };
            let (key, tenant) = (platform_key(), id(&tenant));
            let register = console.tenants.register_tenant(&key, &tenant, registration);
            register.await.unwrap();
        }
        let mut expected: Vec<_> = plans().flatten().collect();
        expected.sort();
        expected.dedup();
        expected.truncate(100);
        let choices = service.about(&cli()).await.unwrap().choices;
        assert_eq!(choices.plans, expected, "{}", console.engine);
        assert!(choices.regions.is_empty(), "{}", console.engine);
    }
}
