//! A page of the audit log costs with what it shows, not with the number of deeds.

use app::domain::{
    access_log::RequestOutcome,
    audit::{OF_REQUEST, RESPONSE, RecordedResponse},
};

use super::*;
use crate::listing::PageAt;

/// A plan that costs with the number of deeds.
const READS_ALL_DEEDS: [&str; 4] = [
    "SCAN d",
    "SCAN audit_deeds",
    "LIST SUBQUERY",
    "Scan on audit_deeds",
];

/// So many requests, each with an answer, by as many browsers as leave more deeds than a list names.
async fn append_requests(store: &Store, count: u64) {
    for number in 0..count {
        for is_answer in [false, true] {
            let mut event = new_event(Some("acme"), 2 * number + u64::from(is_answer), noon());
            event.origin.user_agent = Some(format!("browser {number}"));
            if is_answer {
                event.action = AuditAction::SupportSessionResponse(RecordedResponse::Unknown {
                    outcome: RequestOutcome::Unknown,
                });
            }
            append(store, event).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_list_with_one_row_a_request_is_read_in_the_order_of_an_index() {
    let acme = AuditReach::Tenant("acme".parse().unwrap());
    let filter = AuditFilter {
        without_answers: true,
        ..AuditFilter::default()
    };
    for (engine, test) in both().await {
        append_one_of_each(&test.store).await;
        for (reach, index) in [
            (&AuditReach::All, TIME),
            (&AuditReach::Tenants, TIME),
            (&acme, CHAIN),
        ] {
            let mut reader = test.store.read().await.unwrap();
            let listing = listed(&mut reader.db(), reach, &filter).await;
            let (sql, values) = listing.first_page::<AuditEvent>();
            let plan = plan(&test.store, "one row", &sql, &values).await;
            let index = index[usize::from(test.store.engine() == Engine::Postgres)];
            assert!(plan.contains(index), "{engine}: {reach}: {plan}");
            let plan = plan.replace("Incremental Sort", "");
            for bad in ["TEMP B-TREE", "Sort  (cost"]
                .iter()
                .chain(&READS_ALL_DEEDS)
            {
                assert!(!plan.contains(bad), "{engine}: {reach}: {plan}");
            }
        }
    }
}

#[tokio::test]
async fn one_request_has_one_row_however_many_deeds_there_are() {
    for (engine, test) in both().await {
        append_requests(&test.store, 230).await;
        let mut reader = test.store.read().await.unwrap();
        let mut db = reader.db();
        for reach in [AuditReach::All, AuditReach::Tenant("acme".parse().unwrap())] {
            for category in [None, Some(AuditCategory::SupportSession)] {
                let filter = AuditFilter {
                    category,
                    without_answers: true,
                    ..AuditFilter::default()
                };
                let page = PageAt::first(200);
                let first = db.list_audit_events(&reach, &filter, page).await.unwrap();
                assert_eq!((first.items.len(), first.total), (200, 230), "{engine}");
                let next = PageAt {
                    position: first.next.unwrap(),
                    limit: 200,
                };
                let rest = db.list_audit_events(&reach, &filter, next).await.unwrap();
                let all = [first.items, rest.items].concat();
                assert_eq!(all.len(), 230, "{engine}");
                assert!(
                    all.iter().all(|event| event.action == OF_REQUEST),
                    "{engine}"
                );
                let exported = db.list_audit_events_to_export(&reach, &filter, None).await;
                assert_eq!(exported.unwrap().len(), 230, "{engine}");
                let both = AuditFilter {
                    without_answers: false,
                    ..filter.clone()
                };
                let page = PageAt::first(1);
                let both = db.list_audit_events(&reach, &both, page).await.unwrap();
                assert_eq!(both.total, 460, "{engine}");

                let listing = listed(&mut db, &reach, &filter).await;
                let (sql, values) = listing.first_page::<AuditEvent>();
                let plan = plan(&test.store, "many deeds", &sql, &values).await;
                for bad in READS_ALL_DEEDS {
                    assert!(!plan.contains(bad), "{engine}: {plan}");
                }
            }
        }
        // Of answers alone there are as many.
        let answers = AuditFilter {
            action: Some(RESPONSE.into()),
            ..AuditFilter::default()
        };
        let page = PageAt::first(1);
        let answers = db.list_audit_events(&AuditReach::All, &answers, page).await;
        assert_eq!(answers.unwrap().total, 230, "{engine}");
    }
}
