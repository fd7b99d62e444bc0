mod choose;
mod feed;
mod history;
mod list;
mod manage;
mod paging;

use app::domain::{
    api_keys::ApiRight,
    audit::AuditCategory,
    problem::ProblemCode,
    tenants::{
        Hours, OrganizationRegistration, OrganizationStatus, TenantRegistration, TenantStatus,
    },
};

use super::*;
use crate::services::testing::{
    World, both, calls, key_with, noon, platform_key, registration, tenant as id,
};

async fn actions(console: &World, tenant: &str) -> Vec<(String, serde_json::Value)> {
    let mut reader = console.core.store.read().await.unwrap();
    let chain = format!("tenant:{tenant}");
    let events = reader.db().list_audit_chain(&chain, 0).await.unwrap();
    assert!(
        events
            .iter()
            .all(|event| event.category == AuditCategory::Tenant)
    );
    events
        .into_iter()
        .map(|event| (event.action, event.metadata))
        .collect()
}

#[tokio::test]
async fn a_registration_is_recorded_once_and_a_change_with_its_fields() {
    for console in both().await {
        let register = async |registration: TenantRegistration| {
            let tenants = &console.tenants;
            tenants
                .register_tenant(&platform_key(), &id("acme"), registration)
                .await
                .unwrap()
        };
        assert!(register(registration("acme", " Acme ")).await.created);
        assert!(!register(registration("acme", "Acme")).await.created);
        console.clock.advance(TimeDelta::hours(1));
        let renamed = register(registration("acme", "Ñew")).await;
        assert_eq!(
            renamed.value.created_at,
            noon(),
            "the first registration's instant stays"
        );
        let actions = actions(&console, "acme").await;
        assert_eq!(actions.len(), 2, "{}: {actions:?}", console.engine);
        assert_eq!(actions[0].0, "tenant.registered");
        assert_eq!(actions[1].0, "tenant.changed");
        assert_eq!(
            actions[1].1,
            serde_json::json!({"changed": {"name": {"from": "Acme", "to": "Ñew"}}})
        );
    }
}

#[tokio::test]
async fn a_slug_belongs_to_one_tenant_even_when_two_ask_at_once() {
    for console in both().await {
        let context = platform_key();
        let (first, second) = (id("a"), id("b"));
        let register = |tenant| {
            console
                .tenants
                .register_tenant(&context, tenant, registration("same", "Same"))
        };
        let (a, b) = tokio::join!(register(&first), register(&second));
        let refused: Vec<_> = [a, b].into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), 1, "{}", console.engine);
        assert!(refused[0].field("slug").is_some(), "{:?}", refused[0]);
    }
}

#[tokio::test]
async fn silence_is_no_longer_critical_once_a_tenant_is_suspended() {
    for console in both().await {
        console.register("acme", "Acme").await;
        console.register("beat", "Beat").await;
        console
            .ingest(vec![calls("acme", noon() - TimeDelta::hours(25), 200, 1)])
            .await;
        console.ingest(vec![calls("beat", noon(), 200, 1)]).await;
        assert_eq!(
            console.stored("acme").await.signals.health.as_str(),
            "critical"
        );
        let suspended = TenantRegistration {
            status: TenantStatus::Suspended,
            ..registration("acme", "Acme")
        };
        console
            .tenants
            .register_tenant(&platform_key(), &id("acme"), suspended)
            .await
            .unwrap();
        assert_eq!(
            console.stored("acme").await.signals.health.as_str(),
            "unknown",
            "{}",
            console.engine
        );
    }
}

#[tokio::test]
async fn the_overview_has_calls_and_errors_of_each_hour_until_now() {
    for console in both().await {
        for tenant in ["acme", "beat", "quiet"] {
            console.register(tenant, tenant).await;
        }
        let ago = |minutes| noon() - TimeDelta::minutes(minutes);
        let records = [
            ("acme", ago(0), 1),
            ("acme", ago(5), 2),
            ("acme", ago(60), 4),
            ("acme", ago(24 * 60), 8),
            ("acme", ago(24 * 60 + 5), 16),
            ("beat", ago(125), 32),
        ];
        let records = records.map(|(tenant, at, count)| calls(tenant, at, 200, count));
        console.ingest(records.to_vec()).await;
        console.ingest(vec![calls("beat", ago(126), 500, 3)]).await;
        let page = PageRequest::default();
        let overview = console
            .tenants
            .overview(&platform_key(), TenantFilter::default(), page)
            .await
            .unwrap();
        let hours = |calls: &[(usize, u64)], errors: &[(usize, u64)]| {
            let filled = |figures: &[(usize, u64)]| {
                let mut hours = vec![0; 24];
                for (hour, figure) in figures {
                    hours[*hour] = *figure;
                }
                hours
            };
            Hours {
                calls: filled(calls),
                errors: filled(errors),
            }
        };
        let expected = [
            (id("acme"), hours(&[(22, 4), (23, 1 + 2)], &[])),
            (id("beat"), hours(&[(21, 32 + 3)], &[(21, 3)])),
        ];
        assert_eq!(overview.hours, expected.into(), "{}", console.engine);
    }
}

#[tokio::test]
async fn organizations_belong_to_a_tenant_that_exists() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let organization = |name: &str| OrganizationRegistration {
            name: name.into(),
            slug: "eu".into(),
            status: OrganizationStatus::Active,
            created_at: None,
        };
        let register = async |tenant: &str, name: &str| {
            let org = "eu".parse().unwrap();
            console
                .tenants
                .register_organization(&platform_key(), &id(tenant), &org, organization(name))
                .await
        };
        assert!(register("acme", "Europe").await.unwrap().created);
        assert!(!register("acme", "Europe").await.unwrap().created);
        assert!(!register("acme", "EU").await.unwrap().created);
        let problem = register("nobody", "Europe").await.unwrap_err();
        assert_eq!(problem.code, ProblemCode::NotFound);
        let page = console
            .tenants
            .organizations(&platform_key(), &id("acme"), PageRequest::default())
            .await
            .unwrap();
        assert_eq!(page.items[0].name, "EU", "{}", console.engine);
        assert_eq!(page.total, 1);
        let told: Vec<_> = actions(&console, "acme")
            .await
            .into_iter()
            .map(|(action, _)| action)
            .collect();
        assert_eq!(
            told,
            [
                "tenant.registered",
                "organization.registered",
                "organization.changed"
            ]
        );
    }
}

#[tokio::test]
async fn the_series_has_96_spans_without_gaps_and_every_call_of_them() {
    for console in both().await {
        console.register("acme", "Acme").await;
        console.clock.set(noon() + TimeDelta::minutes(7));
        console
            .ingest(vec![
                calls("acme", noon() + TimeDelta::minutes(6), 500, 3),
                calls("acme", noon() + TimeDelta::minutes(1), 200, 4),
                calls("acme", noon() - TimeDelta::minutes(15) * 95, 200, 5),
            ])
            .await;
        let detail = console
            .tenants
            .detail(&platform_key(), &id("acme"))
            .await
            .unwrap();
        assert_eq!(detail.calls.len(), 96, "{}", console.engine);
        assert!(
            detail
                .calls
                .windows(2)
                .all(|two| two[1].start - two[0].start == SERIES_SPAN)
        );
        assert_eq!((detail.calls[95].calls, detail.calls[95].errors), (7, 3));
        assert_eq!(detail.calls[95].start, noon());
        assert_eq!(detail.calls[0].calls, 5);
    }
}

#[tokio::test]
async fn a_tenants_key_sees_its_own_tenant_and_figures_only() {
    for console in both().await {
        console.register("acme", "Acme").await;
        console.register("other", "Other").await;
        let own = key_with(Some("acme"), &[ApiRight::Read]);
        let filter = TenantFilter::default();
        let overview = console
            .tenants
            .overview(&own, filter.clone(), PageRequest::default())
            .await
            .unwrap();
        assert_eq!(overview.counts.total, 1, "{}", console.engine);
        assert_eq!(overview.tenants.total, 1);
        let problem = console
            .tenants
            .detail(&own, &id("other"))
            .await
            .unwrap_err();
        assert_eq!(problem.code, ProblemCode::NotFound);
        // A cursor of the whole list is of no use to it.
        let all = console
            .tenants
            .list(
                &platform_key(),
                filter.clone(),
                PageRequest {
                    limit: Some(1),
                    cursor: None,
                },
            )
            .await
            .unwrap();
        let page = PageRequest {
            limit: None,
            cursor: all.next_cursor,
        };
        let problem = console.tenants.list(&own, filter, page).await.unwrap_err();
        assert_eq!(problem.code, ProblemCode::InvalidCursor);
    }
}

#[tokio::test]
async fn a_filter_that_no_tenant_can_match_is_refused_by_name() {
    let all = TenantFilter::default;
    for console in both().await {
        for bad in ["a\0b".to_owned(), "\0".to_owned(), "x".repeat(100_000)] {
            let bad = Some(bad);
            let filters = [
                (
                    "q",
                    TenantFilter {
                        search: bad.clone(),
                        ..all()
                    },
                ),
                (
                    "plan",
                    TenantFilter {
                        plan: bad.clone(),
                        ..all()
                    },
                ),
                (
                    "region",
                    TenantFilter {
                        region: bad,
                        ..all()
                    },
                ),
            ];
            for (field, filter) in filters {
                let page = PageRequest::default();
                let listed = console.tenants.list(&platform_key(), filter, page).await;
                let problem = listed.unwrap_err();
                assert_eq!(
                    problem.code,
                    ProblemCode::InvalidInput,
                    "{}",
                    console.engine
                );
                assert!(
                    problem.field(field).is_some(),
                    "{}: {field}",
                    console.engine
                );
            }
        }
    }
}
