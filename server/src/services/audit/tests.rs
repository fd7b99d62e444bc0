use ::audit::testing::noon;
use app::domain::{api_keys::ApiRight, audit::AuditCategory};
use store::testing::{append, new_event};

use super::*;
use crate::services::testing::{World, anonymous, both, key_with, super_admin, support_admin};

/// Two events of `a`, one of `b`, one without a tenant.
async fn filled() -> Vec<(World, AuditService)> {
    let mut all = Vec::new();
    for test in both().await {
        for (number, tenant) in (0..).zip([Some("a"), Some("b"), None, Some("a")]) {
            append(&test.core.store, new_event(tenant, number, noon()))
                .await
                .unwrap();
        }
        let service = AuditService::new(test.core.clone());
        all.push((test, service));
    }
    all
}

fn of_tenant(id: &str) -> AuditFilter {
    AuditFilter {
        tenant_id: Some(id.parse().unwrap()),
        ..AuditFilter::default()
    }
}

/// The resource ids that a caller sees, sorted; or why not.
async fn seen(
    service: &AuditService,
    context: &Context,
    filter: AuditFilter,
) -> Result<Vec<String>, ProblemCode> {
    let page = service.list(context, filter, PageRequest::default()).await;
    let page = page.map_err(|problem| problem.code)?;
    let mut ids: Vec<_> = page
        .items
        .into_iter()
        .map(|event| event.resource_id)
        .collect();
    ids.sort();
    Ok(ids)
}

#[tokio::test]
async fn each_caller_sees_the_events_within_its_reach_and_no_others() {
    let ids = |ids: &[&str]| Ok(ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
    let read = |tenant| key_with(tenant, &[ApiRight::Read]);
    for (test, service) in filled().await {
        let engine = test.engine;
        let all = AuditFilter::default;
        let cases = [
            (super_admin(1), all(), ids(&["0", "1", "2", "3"])),
            (support_admin(1), all(), ids(&["0", "1", "3"])),
            (support_admin(1), of_tenant("a"), ids(&["0", "3"])),
            (support_admin(1), of_tenant("unknown"), ids(&[])),
            (read(None), all(), ids(&["0", "1", "2", "3"])),
            (read(None), of_tenant("b"), ids(&["1"])),
            (read(Some("a")), all(), ids(&["0", "3"])),
            (read(Some("a")), of_tenant("a"), ids(&["0", "3"])),
            (read(Some("a")), of_tenant("b"), Err(ProblemCode::NotFound)),
            (key_with(Some("a"), &[]), all(), Err(ProblemCode::Forbidden)),
            (
                key_with(None, &[ApiRight::SendTelemetry]),
                all(),
                Err(ProblemCode::Forbidden),
            ),
            (anonymous(), all(), Err(ProblemCode::Unauthenticated)),
        ];
        for (context, filter, expected) in cases {
            let found = seen(&service, &context, filter.clone()).await;
            assert_eq!(found, expected, "{engine}: {:?} {filter:?}", context.caller);
        }
    }
}

#[tokio::test]
async fn an_event_out_of_reach_is_as_one_that_does_not_exist() {
    for (test, service) in filled().await {
        let engine = test.engine;
        let everything = service
            .list(
                &super_admin(1),
                AuditFilter::default(),
                PageRequest::default(),
            )
            .await
            .unwrap();
        for event in everything.items {
            let id = event.id;
            let is_system = event.tenant_id.is_none();
            let is_of_a = event.tenant_id.as_ref().is_some_and(|t| t.as_str() == "a");
            for (context, may) in [
                (super_admin(1), true),
                (support_admin(1), !is_system),
                (key_with(Some("a"), &[ApiRight::Read]), is_of_a),
            ] {
                let found = service.event(&context, id).await;
                let expected = if may {
                    Ok(event.clone())
                } else {
                    Err(Problem::not_found("audit event"))
                };
                assert_eq!(found, expected, "{engine}: {:?}", context.caller);
            }
        }
        let unknown = "01937e2c-7b6a-7cc0-8000-000000000001".parse().unwrap();
        let found = service.event(&super_admin(1), unknown).await;
        assert_eq!(found.unwrap_err().code, ProblemCode::NotFound);
        assert_eq!(
            service.event(&anonymous(), unknown).await.unwrap_err().code,
            ProblemCode::Unauthenticated
        );
    }
}

#[tokio::test]
async fn a_cursor_leads_on_in_its_own_list_and_is_refused_in_every_other() {
    for (test, service) in filled().await {
        let engine = test.engine;
        let admin = super_admin(1);
        let first = PageRequest {
            limit: Some(1),
            cursor: None,
        };
        let page = service.list(&admin, of_tenant("a"), first).await.unwrap();
        let next = PageRequest {
            limit: Some(1),
            cursor: page.next_cursor,
        };
        let second = service
            .list(&admin, of_tenant("a"), next.clone())
            .await
            .unwrap();
        assert_eq!(
            (second.first_row, second.total, second.items.len()),
            (2, 2, 1),
            "{engine}"
        );
        assert_ne!(second.items, page.items);
        let filtered = AuditFilter {
            category: Some(AuditCategory::SupportSession),
            ..of_tenant("a")
        };
        for (context, filter) in [
            (admin.clone(), AuditFilter::default()),
            (admin.clone(), of_tenant("b")),
            (admin, filtered),
            (support_admin(1), of_tenant("a")),
            (key_with(Some("a"), &[ApiRight::Read]), of_tenant("a")),
        ] {
            let refused = service.list(&context, filter, next.clone()).await;
            assert_eq!(
                refused.unwrap_err().code,
                ProblemCode::InvalidCursor,
                "{engine}"
            );
        }
    }
}
