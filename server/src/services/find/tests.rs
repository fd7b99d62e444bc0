use std::time::Duration;

use app::domain::{
    access_log::RequestOutcome, audit::AuditAction, caller::Caller, page::PageRequest,
    problem::ProblemCode, support_sessions::SupportSessionForm,
};
use gateway::ports::{Completion, Recorder as _};
use store::access_log::WrittenBy;
use uuid::Uuid;

use super::*;
use crate::services::{
    access_log::StoreRecorder,
    testing::{Opened, World, anonymous, form, key, super_admin, support_admin, worlds},
};

struct Scene {
    world: World,
    find: FindService,
    opened: Opened,
    request: RequestId,
}

/// A request in a support session in `acme` on each engine, answered with 200.
async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for world in worlds().await {
        let opened = world
            .open(SupportSessionForm {
                ttl_minutes: "15".into(),
                ..form()
            })
            .await;
        let request = make_request(&world, &opened, Duration::from_millis(5)).await;
        scenes.push(Scene {
            find: FindService {
                core: world.core.clone(),
                support_sessions: world.support_sessions(),
                audit: AuditService::new(world.core.clone()),
            },
            request,
            opened,
            world,
        });
    }
    scenes
}

async fn make_request(world: &World, opened: &Opened, duration: Duration) -> RequestId {
    let by = WrittenBy {
        node: "a node".into(),
        boot: "boot".into(),
    };
    let (recorder, written) = StoreRecorder::start(world.core.clone(), by);
    let intent = world.intent(opened.id, opened.token_hash);
    recorder.begin(intent.clone()).await.unwrap();
    recorder.complete(Completion {
        request_id: intent.request_id,
        support_session_id: intent.support_session_id,
        tenant_id: intent.tenant_id,
        at: intent.at,
        status: Some(200),
        outcome: RequestOutcome::Done,
        refusal: None,
        duration,
        request_bytes: 0,
        response_bytes: 7,
        tally: None,
    });
    drop(recorder);
    written.await.unwrap();
    intent.request_id
}

/// A proxy that only asks may say anything of how long a request took.
#[tokio::test]
async fn a_duration_that_no_request_can_have_hides_nothing() {
    for scene in scenes().await {
        let ages = Duration::from_millis(i64::MAX.unsigned_abs());
        let request = make_request(&scene.world, &scene.opened, ages).await;
        let detail = scene.find.request(&support_admin(1), request).await;
        let actions: Vec<_> = detail
            .unwrap()
            .events
            .into_iter()
            .map(|e| e.action)
            .collect();
        assert_eq!(
            actions.first().map(String::as_str),
            Some("support_session.request")
        );
    }
}

#[tokio::test]
async fn a_pasted_identifier_leads_to_what_it_names() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let by = support_admin(1);
        let find = async |text: &str| scene.find.by_id(&by, text).await.unwrap();
        let session = find(&format!(" {}, ", scene.opened.id)).await.unwrap();
        assert_eq!(
            session.named,
            Named::SupportSession(scene.opened.id),
            "{engine}"
        );
        assert!(
            session.title.contains(" in "),
            "{engine}: {}",
            session.title
        );
        let request = find(&scene.request.to_string().to_uppercase())
            .await
            .unwrap();
        assert_eq!(request.named, Named::Request(scene.request), "{engine}");
        assert_eq!(request.title, "GET /v1/feed");
        let detail = scene.find.request(&by, scene.request).await.unwrap();
        let event = detail.events[0].id;
        let found = find(&event.to_string()).await.unwrap();
        assert_eq!(found.named, Named::AuditEvent(event), "{engine}");
        let tenant = find("acme").await.unwrap();
        assert_eq!(tenant.named, Named::Tenant("acme".parse().unwrap()));
        for unknown in [
            "",
            "no such thing",
            "ACME",
            "01937e2c-7b6a-7cc0-8000-00000000dead",
        ] {
            assert_eq!(find(unknown).await, None, "{engine}: {unknown}");
        }
    }
}

#[tokio::test]
async fn a_request_is_shown_with_its_session_and_both_its_events() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let detail = scene.find.request(&support_admin(1), scene.request).await;
        let detail = detail.unwrap();
        let (entry, session) = detail.made.unwrap();
        assert_eq!(entry.status, Some(200), "{engine}");
        assert_eq!(session.id, scene.opened.id);
        let actions: Vec<_> = detail.events.iter().map(|e| e.action.as_str()).collect();
        let expected = ["support_session.request", "support_session.response"];
        assert_eq!(actions, expected, "{engine}");

        // And the audit log's filter finds the same.
        let by = support_admin(1);
        let filter = AuditFilter {
            request_id: Some(scene.request),
            ..AuditFilter::default()
        };
        let page = scene.find.audit.list(&by, filter, PageRequest::default());
        let listed: Vec<_> = page
            .await
            .unwrap()
            .items
            .into_iter()
            .map(|e| e.action)
            .collect();
        assert_eq!(
            listed,
            ["support_session.response", "support_session.request"],
            "{engine}"
        );
    }
}

#[tokio::test]
async fn the_events_of_one_session_are_a_filter_of_the_log() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let other = scene.world.open(form()).await;
        make_request(&scene.world, &other, Duration::ZERO).await;
        let of = |tenant_id| AuditFilter {
            session_id: Some(scene.opened.id),
            tenant_id,
            ..AuditFilter::default()
        };
        let listed = async |context, filter| {
            let page = scene
                .find
                .audit
                .list(context, filter, PageRequest::default());
            page.await
                .map(|page| page.items.into_iter().map(|e| e.action).collect::<Vec<_>>())
        };
        let expected = [
            "support_session.response",
            "support_session.request",
            "support_session.created",
        ];
        let (staff, own, elsewhere) = (support_admin(1), key(Some("acme")), key(Some("bolt")));
        assert_eq!(
            listed(&staff, of(None)).await.unwrap(),
            expected,
            "{engine}"
        );
        assert_eq!(listed(&own, of(None)).await.unwrap(), expected, "{engine}");
        let bolt = Some("bolt".parse().unwrap());
        assert!(
            listed(&staff, of(bolt)).await.unwrap().is_empty(),
            "{engine}"
        );
        let refused = listed(&elsewhere, of(None)).await.unwrap_err();
        assert_eq!(
            refused.field("session"),
            Some("no such support session"),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn an_act_at_the_console_is_found_by_its_request_too() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let id = RequestId::from_uuid(Uuid::from_u128(0x0193_7e2c_7b6a_7cc0_8000_0000_0000_0aaa));
        let mut by = super_admin(1);
        by.origin.request_id = Some(id.to_string());
        let core = &scene.world.core;
        let action = AuditAction::StaffSignedOut {
            everywhere: false,
            ended: 1,
        };
        core.append(core.event(&by, None, "staff", action))
            .await
            .unwrap();
        let detail = scene.find.request(&by, id).await.unwrap();
        assert_eq!(detail.made, None, "{engine}");
        assert_eq!(detail.events.len(), 1, "{engine}");
        // Events without a tenant are a super admin's.
        let refused = scene.find.request(&support_admin(1), id).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::NotFound, "{engine}");
        assert_eq!(
            scene
                .find
                .by_id(&support_admin(1), &id.to_string())
                .await
                .unwrap(),
            None
        );
    }
}

#[tokio::test]
async fn nobody_finds_what_they_may_not_see() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let ids = [
            scene.opened.id.to_string(),
            scene.request.to_string(),
            "acme".to_owned(),
        ];
        for id in &ids {
            let refused = scene.find.by_id(&anonymous(), id).await.unwrap_err();
            assert_eq!(refused.code, ProblemCode::Unauthenticated, "{engine}: {id}");
            let elsewhere = scene.find.by_id(&key(Some("bolt")), id).await.unwrap();
            assert_eq!(elsewhere, None, "{engine}: {id}");
            assert!(
                scene
                    .find
                    .by_id(&key(Some("acme")), id)
                    .await
                    .unwrap()
                    .is_some(),
                "{engine}: {id}"
            );
        }
        let refused = scene
            .find
            .request(&anonymous(), scene.request)
            .await
            .unwrap_err();
        assert_eq!(refused.code, ProblemCode::Unauthenticated, "{engine}");
        let refused = scene
            .find
            .request(&key(Some("bolt")), scene.request)
            .await
            .unwrap_err();
        assert_eq!(refused.code, ProblemCode::NotFound, "{engine}");
        let mut no_role = support_admin(1);
        if let Caller::Staff(staff) = &mut no_role.caller {
            staff.roles.clear();
        }
        let refused = scene.find.by_id(&no_role, "acme").await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Forbidden, "{engine}");
    }
}

#[tokio::test]
async fn part_of_a_name_finds_a_few_of_each_kind_for_staff_alone() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        let by = support_admin(1);
        let found = scene.find.by_name(&by, " ACM ").await.unwrap();
        let tenants: Vec<_> = found
            .tenants
            .iter()
            .map(|tenant| tenant.id.as_str())
            .collect();
        assert_eq!(tenants, ["acme"], "{engine}");
        let sessions: Vec<_> = found.sessions.iter().map(|session| session.id).collect();
        assert_eq!(sessions, [scene.opened.id], "{engine}");
        assert_eq!(found.named, None, "{engine}");
        let named = scene
            .find
            .by_name(&by, &scene.request.to_string())
            .await
            .unwrap();
        assert!(named.named.is_some(), "{engine}");
        for nothing in ["", "  ", "nothing is called so"] {
            let found = scene.find.by_name(&by, nothing).await.unwrap();
            assert_eq!(found, Matches::default(), "{engine} {nothing:?}");
        }
        let too_long = scene.find.by_name(&by, &"a".repeat(201)).await.unwrap_err();
        assert_eq!(too_long.code, ProblemCode::InvalidInput, "{engine}");
        for (context, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let refused = scene.find.by_name(&context, "acme").await.unwrap_err();
            assert_eq!(refused.code, code, "{engine}");
        }
    }
}

#[tokio::test]
async fn names_that_begin_with_the_text_come_first_and_others_fill_up() {
    for scene in scenes().await {
        let engine = scene.world.engine;
        for (id, name) in [
            ("t1", "Harbor Finch"),
            ("t2", "Finch and Sons"),
            ("t3", "Fïnch"),
            ("t4", "Atlas"),
            ("finch-5", "Beta"),
        ] {
            scene.world.register(id, name).await;
        }
        let by = support_admin(1);
        let found = async |text: &str| {
            let found = scene.find.by_name(&by, text).await.unwrap();
            let ids = found
                .tenants
                .into_iter()
                .map(|tenant| tenant.id.to_string());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(
            found("finch").await,
            ["t3", "t2", "finch-5", "t1"],
            "{engine}"
        );
        // With its accent it names only the one that has it.
        assert_eq!(found("FÏNCH").await, ["t3"], "{engine}");
        assert_eq!(found("%").await, Vec::<String>::new(), "{engine}");
        for number in 0..9 {
            scene
                .world
                .register(&format!("n{number}"), &format!("Finch {number}"))
                .await;
        }
        assert_eq!(found("finch ").await.len(), 5, "{engine}");
    }
}
