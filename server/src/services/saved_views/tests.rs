use super::*;
use crate::services::testing::{anonymous, key, support_admin, worlds};

fn form(list: FilteredList, id: &str, name: &str, address: &str) -> SavedViewForm {
    SavedViewForm {
        list: list.to_string(),
        id: id.into(),
        name: name.into(),
        address: address.into(),
        delete: String::new(),
    }
}

fn delete(id: &str) -> SavedViewForm {
    SavedViewForm {
        delete: "1".into(),
        ..form(AUDIT, id, "", "/audit")
    }
}

const AUDIT: FilteredList = FilteredList::Audit;

#[tokio::test]
async fn a_view_is_kept_renamed_and_deleted_by_its_owner_alone() {
    for world in worlds().await {
        let engine = world.engine;
        let views = SavedViewsService::new(world.core.clone());
        let (ada, bo) = (support_admin(1), support_admin(2));
        let keep = form(
            AUDIT,
            "",
            "Refused",
            "/audit?outcome=failure&cursor=abc&flash=x",
        );
        assert_eq!(
            views.change(&ada, keep).await.unwrap(),
            "View \"Refused\" saved."
        );
        let kept = views.list(&ada, AUDIT).await.unwrap();
        assert_eq!(kept.len(), 1, "{engine}");
        // Neither the page nor anything else that is no filter.
        assert_eq!(kept[0].address, "/audit?outcome=failure", "{engine}");
        assert!(views.list(&bo, AUDIT).await.unwrap().is_empty(), "{engine}");
        assert!(
            views
                .list(&ada, FilteredList::SupportSessions)
                .await
                .unwrap()
                .is_empty()
        );

        let id = kept[0].id.to_string();
        let rename = form(AUDIT, &id, "Mine now", "/audit");
        for (asked, what) in [(rename, "rename"), (delete(&id), "delete")] {
            let refused = views.change(&bo, asked).await;
            assert_eq!(
                refused.unwrap_err().code,
                ProblemCode::Conflict,
                "{engine}: {what}"
            );
        }
        views
            .change(&ada, form(AUDIT, &id, "Failures", "/audit"))
            .await
            .unwrap();
        let renamed = views.list(&ada, AUDIT).await.unwrap();
        assert_eq!(
            (renamed[0].name.as_str(), renamed[0].address.as_str()),
            ("Failures", "/audit?outcome=failure")
        );
        views.change(&ada, delete(&id)).await.unwrap();
        assert!(
            views.list(&ada, AUDIT).await.unwrap().is_empty(),
            "{engine}"
        );
    }
}

#[tokio::test]
async fn there_is_an_end_to_views_and_a_name_is_taken_once() {
    for world in worlds().await {
        let engine = world.engine;
        let views = SavedViewsService::new(world.core.clone());
        let ada = support_admin(1);
        for number in 0..SAVED_VIEWS_MAX {
            let keep = form(
                AUDIT,
                "",
                &format!("View {number}"),
                "/audit?outcome=failure",
            );
            views.change(&ada, keep).await.unwrap();
        }
        let one_more = views
            .change(&ada, form(AUDIT, "", "One more", "/audit"))
            .await;
        assert!(one_more.unwrap_err().field("name").is_some(), "{engine}");
        // The same name takes the new filter.
        views
            .change(&ada, form(AUDIT, "", "View 0", "/audit?actor=Bo"))
            .await
            .unwrap();
        let kept = views.list(&ada, AUDIT).await.unwrap();
        assert_eq!(kept.len() as u64, SAVED_VIEWS_MAX, "{engine}");
        assert_eq!(kept[0].address, "/audit?actor=Bo", "{engine}");
        let id = kept[0].id.to_string();
        let taken = views
            .change(&ada, form(AUDIT, &id, "View 1", "/audit"))
            .await;
        assert_eq!(taken.unwrap_err().code, ProblemCode::Conflict, "{engine}");
    }
}

#[tokio::test]
async fn only_staff_members_have_views() {
    for world in worlds().await {
        let views = SavedViewsService::new(world.core.clone());
        for (context, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(None), ProblemCode::Forbidden),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let listed = views.list(&context, AUDIT).await.unwrap_err();
            let kept = views
                .change(&context, form(AUDIT, "", "x", "/audit"))
                .await
                .unwrap_err();
            assert_eq!([listed.code, kept.code], [code, code], "{}", world.engine);
        }
    }
}
