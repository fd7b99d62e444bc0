//! Every order of the pages for managing tenants, read to its end and back.

use app::domain::{
    page::Direction,
    tenants::{Tenant, TenantSort},
    user_sessions::UserSessionRegistration,
};
use store::testing::fill;

use super::*;
use crate::services::{
    testing::{cli, super_admin},
    user_sessions::UserSessionsService,
};

const SORTS: [TenantSort; 6] = [
    TenantSort::Name,
    TenantSort::Status,
    TenantSort::Plan,
    TenantSort::Region,
    TenantSort::Created,
    TenantSort::UserSessions,
];
const NAMES: [&str; 7] = ["acme", "Acme", "ÁCME", "bolt", "Zeta", "zeta", "École"];
const PLANS: [Option<&str>; 4] = [None, Some("Team"), Some("team"), Some("Starter")];
const REGIONS: [Option<&str>; 3] = [Some("eu"), None, Some("EU")];

/// Tenants with values of which many are equal, some missing and some told apart by case only.
fn tenants() -> Vec<Tenant> {
    let statuses = TenantStatus::ALL.iter().cycle();
    let tenants = (0..26).zip(statuses).map(|(n, status)| Tenant {
        id: id(&match n % 2 {
            0 => format!("T{n}"),
            _ => format!("t{n}"),
        }),
        slug: format!("t{n}"),
        name: NAMES[n % NAMES.len()].into(),
        status: *status,
        kind: None,
        country: None,
        plan: PLANS[n % PLANS.len()].map(str::to_owned),
        region: REGIONS[n % REGIONS.len()].map(str::to_owned),
        contact: None,
        created_at: noon() - TimeDelta::days([3, 60, 0, 3, 60][n % 5]),
    });
    tenants.collect()
}

async fn register(console: &World, tenant: Tenant) {
    let registration = TenantRegistration {
        slug: tenant.slug,
        name: tenant.name,
        status: tenant.status,
        kind: tenant.kind,
        country: tenant.country,
        plan: tenant.plan,
        region: tenant.region,
        contact: tenant.contact,
        created_at: Some(tenant.created_at),
    };
    let (tenants, key) = (&console.tenants, platform_key());
    let registered = tenants.register_tenant(&key, &tenant.id, registration);
    registered.await.unwrap();
}

/// How many of a tenant's user sessions are active.
fn users(tenant: &Tenant) -> usize {
    let number: usize = tenant.slug[1..].parse().unwrap();
    number % 4
}

/// Signs users in. One more has left each tenant since, and the sign-in of another has expired.
async fn sign_in(console: &World, tenants: &[Tenant]) {
    let service = UserSessionsService::new(console.core.clone());
    let (key, now) = (platform_key(), console.core.now());
    for tenant in tenants {
        for n in 0..users(tenant) + 2 {
            let session = format!("s{n}").parse().unwrap();
            let minutes = if n == 0 { 1 } else { 600 };
            let registration = UserSessionRegistration {
                user: "usr".parse().unwrap(),
                issued_at: now,
                expires_at: now + TimeDelta::minutes(minutes),
            };
            let register = service.register(&key, &tenant.id, &session, registration);
            register.await.unwrap();
            if n == 1 {
                service.end(&key, &tenant.id, &session).await.unwrap();
            }
        }
    }
    console.clock.advance(TimeDelta::hours(1));
}

/// A place in an order. Missing values come first.
fn place(sort: TenantSort, tenant: &Tenant) -> (String, String) {
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let key = match sort {
        TenantSort::Name => store::sort_key(&tenant.name),
        TenantSort::Status => tenant.status.as_str().to_owned(),
        TenantSort::Plan => some(&tenant.plan),
        TenantSort::Region => some(&tenant.region),
        TenantSort::UserSessions => users(tenant).to_string(),
        _ => tenant.created_at.to_rfc3339(),
    };
    (key, tenant.id.to_string())
}

/// The list's IDs, from its first page to the last. On the way back each page is as it was.
async fn paged(console: &World, filter: &TenantFilter) -> Vec<String> {
    let read = async |cursor| {
        let page = PageRequest {
            limit: Some(3),
            cursor,
        };
        let (tenants, filter) = (&console.tenants, filter.clone());
        tenants.list(&cli(), filter, page).await.unwrap()
    };
    let mut pages = vec![read(None).await];
    while let Some(next) = pages.last().and_then(|page| page.next_cursor.clone()) {
        assert!(pages.len() < 20, "{}: no end", console.engine);
        pages.push(read(Some(next)).await);
    }
    let last = pages.first().and_then(|page| page.last_cursor.clone());
    let mut back = match last {
        Some(last) => read(Some(last)).await,
        None => read(None).await,
    };
    for page in pages.iter().rev() {
        assert_eq!(back.items, page.items, "{}: {filter:?}", console.engine);
        assert_eq!(back.first_row, page.first_row, "{}", console.engine);
        if let Some(previous) = back.previous_cursor.clone() {
            back = read(Some(previous)).await;
        }
    }
    assert_eq!(back.items, pages[0].items, "{}: {filter:?}", console.engine);
    let rows = pages.into_iter().flat_map(|page| page.items);
    rows.map(|row| row.tenant.id.to_string()).collect()
}

/// Whether a tenant fits a filter.
type Fits = fn(&Tenant) -> bool;

#[tokio::test]
async fn every_order_is_paged_to_its_end_and_back_whatever_is_filtered() {
    let all = TenantFilter::default;
    let team = TenantFilter {
        plan: Some("Team".into()),
        ..all()
    };
    let eu = TenantFilter {
        region: Some(" eu ".into()),
        created: Some(app::domain::tenants::CreatedWithin::Week),
        search: Some("t".into()),
        ..all()
    };
    let active = TenantFilter {
        status: Some(TenantStatus::Active),
        ..all()
    };
    let filters: [(TenantFilter, Fits); 4] = [
        (all(), |_| true),
        (team, |tenant| tenant.plan.as_deref() == Some("Team")),
        (eu, |tenant| {
            let is_new = tenant.created_at >= noon() - TimeDelta::days(7);
            tenant.region.as_deref() == Some("eu") && is_new
        }),
        (active, |tenant| tenant.status == TenantStatus::Active),
    ];
    for console in both().await {
        for tenant in tenants() {
            register(&console, tenant).await;
        }
        sign_in(&console, &tenants()).await;
        for (sort, (filter, matches)) in SORTS
            .into_iter()
            .flat_map(|sort| filters.iter().map(move |filter| (sort, filter)))
        {
            let mut expected: Vec<_> = tenants().into_iter().filter(matches).collect();
            expected.sort_by_key(|tenant| place(sort, tenant));
            assert!(expected.len() > 3, "more than a page");
            for direction in [Direction::Ascending, Direction::Descending] {
                let filter = TenantFilter {
                    sort,
                    direction,
                    ..filter.clone()
                };
                let found = paged(&console, &filter).await;
                let expected = expected.iter().map(|tenant| tenant.id.to_string());
                let expected: Vec<_> = match direction {
                    Direction::Ascending => expected.collect(),
                    Direction::Descending => expected.rev().collect(),
                };
                assert_eq!(found, expected, "{}: {filter:?}", console.engine);
            }
        }
    }
}

#[tokio::test]
async fn an_order_that_reads_every_tenant_takes_no_place_of_other_pages() {
    for console in both().await {
        console.register("acme", "Acme").await;
        let admin = super_admin(1);
        let listed = async |sort| {
            let filter = TenantFilter {
                sort,
                ..TenantFilter::default()
            };
            let listed = console.tenants.list(&admin, filter, PageRequest::default());
            let number = listed.await.map(|page| page.items.len());
            number.map_err(|problem| problem.code)
        };
        let store = &console.core.store;
        let exporting = fill(store, Lane::Exports).await;
        let by_users = listed(TenantSort::UserSessions).await;
        assert_eq!(
            by_users,
            Err(ProblemCode::Unavailable),
            "{}",
            console.engine
        );
        assert_eq!(listed(TenantSort::Name).await, Ok(1), "{}", console.engine);
        drop(exporting);
        let _looking = fill(store, Lane::Pages).await;
        let by_users = listed(TenantSort::UserSessions).await;
        assert_eq!(by_users, Ok(1), "{}", console.engine);
    }
}
