//! Lists: every combination of filters, searching, and paging against a plain model.

use app::domain::{
    TenantId,
    audit::{AuditCategory, AuditEvent, AuditFilter, AuditOutcome},
    page::{COUNTED_MAX, Direction},
};
use proptest::prelude::*;

use super::noon;
use crate::{
    Db, Engine, Priority, Reader, Store, StoreError,
    audit::AuditReach,
    fold,
    listing::{Key, Listed, Listing, PageAt, Position, Wanted},
    record::record,
    testing::{append, both, new_event},
};

#[tokio::test]
async fn every_combination_of_the_audit_filter_is_accepted_by_both_engines() {
    let tenant: TenantId = "a".parse().unwrap();
    let key = || vec![Key::Int(1), Key::Text("system".into()), Key::Int(1)];
    for (engine, test) in both().await {
        let mut reader = test.store.read().await.unwrap();
        for chosen in 0..256_u32 {
            let has = |bit: u32| chosen & (1 << bit) != 0;
            if has(7) && !has(1) {
                continue;
            }
            let filter = AuditFilter {
                category: has(0).then_some(AuditCategory::System),
                action: if has(1) {
                    Some(if has(7) { "a.*" } else { "a.b" }.into())
                } else {
                    None
                },
                actor: has(2).then(|| "x%".into()),
                tenant_id: has(3).then(|| tenant.clone()),
                outcome: has(4).then_some(AuditOutcome::Failure),
                from: has(5).then(noon),
                to: has(6).then(noon),
                ..AuditFilter::default()
            };
            for reach in [
                AuditReach::All,
                AuditReach::Tenants,
                AuditReach::Tenant(tenant.clone()),
            ] {
                for position in [
                    Position::First,
                    Position::After(key(), 1),
                    Position::Before(key(), 1),
                    Position::Last,
                ] {
                    let page = PageAt { position, limit: 5 };
                    let listed = reader.db().list_audit_events(&reach, &filter, &page).await;
                    listed.unwrap_or_else(|e| panic!("{engine}: {filter:?} {reach:?}: {e:?}"));
                }
                for after in [None, Some(("system".to_owned(), 1))] {
                    let exported = reader
                        .db()
                        .list_audit_events_to_export(&reach, &filter, after)
                        .await;
                    exported.unwrap_or_else(|e| panic!("{engine}: {filter:?} {reach:?}: {e:?}"));
                }
            }
        }
    }
}

async fn found(reader: &mut Reader, filter: &AuditFilter) -> Listed<AuditEvent> {
    let page = PageAt::first(50);
    let mut db = reader.db();
    let found = db.list_audit_events(&AuditReach::All, filter, &page);
    found.await.unwrap()
}

#[tokio::test]
async fn search_takes_every_character_literally_and_folds_alike_on_both_engines() {
    const NAMES: [&str; 12] = [
        "100%",
        "100 percent",
        "a_b",
        "axb",
        r"a\b",
        "a\\%b",
        "Ñandú",
        "nandu",
        "İstanbul",
        "istanbul",
        "ﬁrst",
        "z",
    ];
    const SEARCHES: [&str; 12] = [
        "%", "_", "\\", "\\%", "ñ", "Ñ", "n", "İ", "i", "fi", "Z", "a_",
    ];
    for (engine, test) in both().await {
        for (number, name) in (0..).zip(NAMES) {
            let mut event = new_event(Some("a"), number, noon());
            event.actor.name = name.into();
            append(&test.store, event).await.unwrap();
        }
        let mut reader = test.store.read().await.unwrap();
        for search in SEARCHES {
            let filter = AuditFilter {
                actor: Some(search.into()),
                ..AuditFilter::default()
            };
            let found = found(&mut reader, &filter).await;
            let mut found: Vec<_> = found.items.into_iter().map(|e| e.actor.name).collect();
            let mut expected: Vec<_> = NAMES
                .into_iter()
                .filter(|name| fold(name).contains(&fold(search)))
                .collect();
            found.sort();
            expected.sort_unstable();
            assert_eq!(found, expected, "{engine}: {search}");
        }
        let all = NAMES.len() as u64;
        for (action, total) in [
            ("support_session.*", all),
            ("*", all),
            ("support_session.request", all),
            ("support%*", 0),
            ("supportXsession.*", 0),
            ("SUPPORT_SESSION.*", 0),
            ("support_session.request.*", 0),
        ] {
            let filter = AuditFilter {
                action: Some(action.into()),
                ..AuditFilter::default()
            };
            let found = found(&mut reader, &filter).await;
            assert_eq!(found.total, total, "{engine}: {action}");
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    rank: i64,
    id: String,
}

record! { Item { rank; id } }

/// A caller's next step on a page.
#[derive(Debug, Clone, Copy)]
enum Step {
    First,
    Next,
    Previous,
    Last,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::First),
        Just(Step::Next),
        Just(Step::Next),
        Just(Step::Previous),
        Just(Step::Last),
    ];
    prop::collection::vec(step, 1..12)
}

/// The position of a walk through the model: the rows of the page.
fn model(step: Step, at: (usize, usize), total: usize, limit: usize) -> Option<(usize, usize)> {
    let (start, end) = at;
    match step {
        Step::First => Some((0, limit.min(total))),
        Step::Next => (end < total).then(|| (end, (end + limit).min(total))),
        Step::Previous => (start > 0).then(|| (start.saturating_sub(limit), start)),
        Step::Last if end == total => None,
        Step::Last => {
            let rest = total % limit;
            Some((total - if rest == 0 { limit } else { rest }, total))
        }
    }
}

async fn fill(store: &Store, items: Vec<Item>) {
    let collation = match store.engine() {
        Engine::Sqlite => "",
        Engine::Postgres => "COLLATE \"C\"",
    };
    let filled = store.write(Priority::Normal, items, move |items, tx| {
        Box::pin(async move {
            tx.query("DROP TABLE IF EXISTS paged").execute().await?;
            tx.assembled(format!(
                "CREATE TABLE paged (rank BIGINT NOT NULL, id TEXT {collation} NOT NULL)"
            ))
            .execute()
            .await?;
            for item in items {
                tx.query("INSERT INTO paged (rank, id) VALUES ($1, $2)")
                    .bind(item.rank)
                    .bind(item.id.clone())
                    .execute()
                    .await?;
            }
            Ok::<(), StoreError>(())
        })
    });
    filled.await.expect("the table is filled");
}

async fn page(db: &mut Db<'_>, direction: Direction, at: &PageAt) -> Listed<Item> {
    Listing::new("paged", &["rank", "id"], direction)
        .fetch(db, at, |item: &Item| {
            vec![item.rank.into(), (&item.id).into()]
        })
        .await
        .expect("a page")
}

#[test]
fn walking_through_pages_is_walking_through_the_sorted_rows() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = runtime.block_on(both());
    let strategy = (
        prop::collection::vec(0_i64..4, 0..25),
        1_usize..8,
        any::<bool>(),
        steps(),
    );
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(24));
    let result = runner.run(&strategy, |(ranks, limit, ascending, steps)| {
        let direction = if ascending {
            Direction::Ascending
        } else {
            Direction::Descending
        };
        let mut items: Vec<_> = (0..)
            .zip(ranks)
            .map(|(n, rank)| Item {
                rank,
                id: format!("id-{n}"),
            })
            .collect();
        items.sort();
        if !ascending {
            items.reverse();
        }
        for (_, test) in &stores {
            runtime.block_on(async {
                fill(&test.store, items.clone()).await;
                let mut reader = test.store.read().await.unwrap();
                walk(&mut reader.db(), direction, limit, &steps, &items).await;
            });
        }
        Ok(())
    });
    result.unwrap();
}

async fn walk(db: &mut Db<'_>, direction: Direction, limit: usize, steps: &[Step], rows: &[Item]) {
    let total = rows.len();
    let size = u32::try_from(limit).unwrap();
    let mut at = model(Step::First, (0, 0), total, limit).unwrap();
    let mut shown = page(db, direction, &PageAt::first(size)).await;
    for step in steps {
        let position = match step {
            Step::First => Some(Position::First),
            Step::Next => shown.next.clone(),
            Step::Previous => shown.previous.clone(),
            Step::Last => shown.last.clone(),
        };
        let expected = model(*step, at, total, limit);
        assert_eq!(
            position.is_some(),
            expected.is_some(),
            "{step:?} from {at:?} of {total}"
        );
        let (Some(position), Some(expected)) = (position, expected) else {
            continue;
        };
        at = expected;
        let wanted = PageAt {
            position,
            limit: size,
        };
        shown = page(db, direction, &wanted).await;
        assert_eq!(shown.items, rows[at.0..at.1], "{step:?}");
        assert_eq!(shown.total, total as u64);
        let first_row = if total == 0 { 0 } else { at.0 as u64 + 1 };
        assert_eq!(shown.first_row, first_row, "{step:?}");
    }
}

#[tokio::test]
async fn rows_are_counted_to_a_limit_and_for_nobody_who_did_not_ask() {
    let many = i64::try_from(COUNTED_MAX).unwrap() + 50;
    for (engine, test) in both().await {
        fill(&test.store, Vec::new()).await;
        let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
            INSERT INTO paged (rank, id) SELECT i, 'x' FROM n";
        let filled = test.store.write(Priority::Normal, many, move |many, tx| {
            Box::pin(async move { tx.query(rows).bind(*many).execute().await })
        });
        let filled: Result<u64, StoreError> = filled.await;
        assert_eq!(filled.unwrap(), COUNTED_MAX + 50, "{engine}");
        let mut reader = test.store.read().await.unwrap();
        let mut db = reader.db();
        let mut fetch = async |position: Position, change: fn(Wanted) -> Wanted| {
            let wanted = change(PageAt { position, limit: 7 }.into());
            Listing::new("paged", &["rank", "id"], Direction::Ascending)
                .fetch(&mut db, wanted, |item: &Item| {
                    vec![item.rank.into(), (&item.id).into()]
                })
                .await
                .unwrap()
        };
        let first = fetch(Position::First, |wanted| wanted).await;
        assert_eq!((first.total, first.first_row), (COUNTED_MAX + 1, 1));
        let last = fetch(Position::Last, |wanted| wanted).await;
        assert_eq!((last.items.len(), last.first_row), (7, 0), "{engine}");
        assert_eq!(last.items[6].rank, many);
        assert_eq!(last.next, None);
        let before = fetch(last.previous.unwrap(), |wanted| wanted).await;
        assert_eq!((before.items[6].rank, before.first_row), (many - 7, 0));
        let after = fetch(before.next.unwrap(), |wanted| wanted).await;
        assert_eq!((after.items[6].rank, after.first_row), (many, 0));

        let unasked = fetch(Position::First, Wanted::uncounted).await;
        assert_eq!((unasked.total, unasked.first_row), (7, 1));
        assert!(unasked.next.is_some());
        let known = fetch(Position::Last, |wanted| wanted.counted_as(10_050)).await;
        assert_eq!((known.total, known.items.len()), (10_050, 5));
        assert_eq!(known.first_row, 10_046);
    }
}
