use app::domain::{
    health::Health,
    page::Direction,
    tenants::{TenantFilter, TenantSort, TenantStatus},
};
use store::{
    listing::{Listed, PageAt},
    tenants::StoredTenant,
};

use crate::services::testing::{World, both, calls, noon};

async fn list(console: &World, filter: &TenantFilter, page: &PageAt) -> Listed<StoredTenant> {
    let mut reader = console.core.store.read().await.unwrap();
    let mut db = reader.db();
    db.list_tenants(None, filter, page, noon()).await.unwrap()
}

fn by(sort: TenantSort, direction: Direction) -> TenantFilter {
    TenantFilter {
        sort,
        direction,
        ..TenantFilter::default()
    }
}

fn ids(listed: &Listed<StoredTenant>) -> Vec<String> {
    listed
        .items
        .iter()
        .map(|t| t.tenant.id.to_string())
        .collect()
}

async fn found(console: &World, search: &str) -> Vec<String> {
    let filter = TenantFilter {
        search: Some(search.into()),
        ..by(TenantSort::Name, Direction::Ascending)
    };
    ids(&list(console, &filter, &PageAt::first(200)).await)
}

/// Tenants of these IDs and names, and which of them are found, in order.
async fn expect_found(names: &[(&str, &str)], searches: &[(&str, &[&str])]) {
    for console in both().await {
        for (id, name) in names {
            console.register(id, name).await;
        }
        for (search, expected) in searches {
            assert_eq!(
                found(&console, search).await,
                *expected,
                "{} {search:?}",
                console.engine
            );
        }
    }
}

/// Letters that become many when they are folded.
#[tokio::test]
async fn a_name_that_grows_when_it_is_folded_is_kept_and_found() {
    let grows: String = (0x3300..=0x33ff)
        .chain(std::iter::repeat_n(0xfdfa, 20))
        .filter_map(char::from_u32)
        .cycle()
        .skip(76)
        .take(200)
        .collect();
    for console in both().await {
        console.register("a1", &grows).await;
        assert_eq!(
            found(&console, "صلى الله").await,
            ["a1"],
            "{}",
            console.engine
        );
    }
}

#[tokio::test]
async fn search_finds_the_same_on_both_engines() {
    let names = [
        ("a1", "Ñandú Logistics"),
        ("a2", "nandu farm"),
        ("a3", "İstanbul Kargo"),
        ("a4", "100% Natural"),
        ("a5", "snake_case GmbH"),
        ("a6", "Back\\slash"),
        ("a7", "ﬁne Wine"),
        ("a8", "x"),
        ("a9", "שלום בע\"מ"),
        ("b1", "O’Brien & Söhne"),
        ("b2", "Müller–Lüdenscheidt  KG"),
        ("b3", "Nguyễn Thị Hoa"),
        ("b4", "Łódź ½"),
        ("b5", "شركة ٣٤"),
    ];
    let searches: [(&str, &[&str]); 26] = [
        ("ñandú", &["a1"]),
        ("ÑANDÚ", &["a1"]),
        ("n\u{303}andu\u{301}", &["a1"]),
        ("İstanbul", &["a3"]),
        ("i\u{307}stanbul", &["a3"]),
        ("%", &["a4"]),
        ("_", &["a5"]),
        ("\\", &["a6"]),
        ("fine", &["a7"]),
        ("x", &["a8"]),
        ("A8", &["a8"]),
        ("שלום", &["a9"]),
        ("o'brien", &["b1"]),
        ("o`brien & sohne", &["b1"]),
        ("o‘brien & söhne", &["b1"]),
        ("müller-lüdenscheidt kg", &["b2"]),
        ("muller\u{2011}lüdenscheidt\u{a0}\u{3000}kg", &["b2"]),
        ("nguyên", &["b3"]),
        ("nguyen thị", &["b3"]),
        ("nguyèn", &[]),
        ("nguyên_", &[]),
        ("n%â", &[]),
        ("łodz", &["b4"]),
        ("1/2", &["b4"]),
        ("شركه 34", &["b5"]),
        ("شـركـة", &["b5"]),
    ];
    expect_found(&names, &searches).await;
}

#[tokio::test]
async fn names_are_found_as_people_of_another_keyboard_type_them() {
    let names = [
        ("a1", "Straße AG"),
        ("a2", "Σίσυφος"),
        ("a3", "İstanbul Lojistik"),
        ("a4", "Strand AG"),
    ];
    let searches: [(&str, &[&str]); 8] = [
        ("istanbul", &["a3"]),
        ("ISTANBUL", &["a3"]),
        ("strasse", &["a1"]),
        ("STRASSE", &["a1"]),
        ("straße", &["a1"]),
        ("ΣΙΣΥΦΟΣ", &["a2"]),
        ("σισυφος", &["a2"]),
        ("ΣΊΣΥΦΟΣ", &["a2"]),
    ];
    expect_found(&names, &searches).await;
}

#[tokio::test]
async fn worst_health_is_first_and_then_the_most_urgent_cause() {
    for console in both().await {
        for id in ["quiet", "fine", "failing", "busier", "noisy", "never"] {
            console.register(id, id).await;
        }
        console
            .ingest(vec![
                calls("quiet", noon(), 200, 3),
                calls("fine", noon(), 200, 100),
                calls("failing", noon(), 500, 100),
                calls("busier", noon(), 500, 200),
                calls("noisy", noon(), 500, 4_000),
                calls("noisy", noon(), 200, 6_000),
            ])
            .await;
        let listed = list(&console, &TenantFilter::default(), &PageAt::first(50)).await;
        assert_eq!(
            ids(&listed),
            ["busier", "failing", "noisy", "quiet", "never", "fine"],
            "{}",
            console.engine
        );

        let critical = TenantFilter {
            health: Some(Health::Critical),
            status: Some(TenantStatus::Active),
            ..by(TenantSort::ErrorRate, Direction::Descending)
        };
        assert_eq!(list(&console, &critical, &PageAt::first(50)).await.total, 3);
        let last_seen = by(TenantSort::LastSeen, Direction::Ascending);
        assert_eq!(
            ids(&list(&console, &last_seen, &PageAt::first(1)).await),
            ["never"]
        );

        let mut reader = console.core.store.read().await.unwrap();
        let counts = reader.db().count_tenants_by_health(None).await.unwrap();
        assert_eq!(
            (
                counts.total,
                counts.healthy,
                counts.warning,
                counts.critical,
                counts.unknown
            ),
            (6, 1, 0, 3, 2)
        );
    }
}

#[tokio::test]
async fn paging_loses_and_doubles_nothing_while_tenants_arrive() {
    for console in both().await {
        for n in 0..25 {
            console
                .register(&format!("t{n:02}"), &format!("Tenant {n:02}"))
                .await;
        }
        let filter = by(TenantSort::Name, Direction::Ascending);
        let mut page = PageAt::first(4);
        let mut seen = Vec::new();
        loop {
            let listed = list(&console, &filter, &page).await;
            seen.extend(ids(&listed));
            // One arrives before the place where we are, and one behind it.
            let n = seen.len();
            console
                .register(&format!("early{n}"), &format!("Aaa {n:02}"))
                .await;
            console
                .register(&format!("late{n}"), &format!("Zzz {n:02}"))
                .await;
            let Some(next) = listed.next else { break };
            page.position = next;
            assert!(n < 200, "{} goes on for ever", console.engine);
        }
        let old: Vec<_> = seen
            .iter()
            .filter(|id| id.starts_with('t'))
            .cloned()
            .collect();
        let expected: Vec<_> = (0..25).map(|n| format!("t{n:02}")).collect();
        assert_eq!(old, expected, "{}", console.engine);
        let mut each_once = seen.clone();
        each_once.sort();
        each_once.dedup();
        assert_eq!(
            each_once.len(),
            seen.len(),
            "{} doubles a row",
            console.engine
        );
    }
}
