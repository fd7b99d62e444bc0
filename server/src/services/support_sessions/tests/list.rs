//! The list by time, and in either order.

use app::{
    domain::{
        page::{Direction, Page, PageRequest},
        problem::ProblemCode,
        support_sessions::{
            Revocation, SessionsOfDay, SupportSession, SupportSessionFilter, SupportSessionSort,
        },
        time_range::TimePreset,
    },
    ports::ReadSupportSessions as _,
};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::services::testing::{World, anonymous, key, noon, staff_id, support_admin, worlds};

/// Sessions of 5 minutes that were issued so many minutes after noon, numbered from 1; the second is revoked after 2 minutes.
async fn add(world: &World, minutes: &[i64]) {
    let holder = world.add_staff(staff_id(0xa1), "Ada").await;
    for (number, minutes) in (1..).zip(minutes) {
        let session = world
            .add_session(Uuid::from_u128(number), "acme", &holder)
            .await;
        let issued = noon() + TimeDelta::minutes(*minutes);
        let given = (session.id, issued, number == 2);
        world
            .write(given, |(id, issued, is_revoked), tx| {
                Box::pin(async move {
                    tx.issue_session_at(*id, *issued, *issued + TimeDelta::minutes(5))
                        .await?;
                    if *is_revoked {
                        let revocation = Revocation {
                            at: *issued + TimeDelta::minutes(2),
                            by: None,
                            by_name: "Bo".into(),
                            reason: None,
                            receipts: Vec::new(),
                        };
                        tx.revoke_support_session(*id, &revocation).await?;
                    }
                    Ok(())
                })
            })
            .await;
    }
}

async fn list(
    world: &World,
    filter: &SupportSessionFilter,
    page: PageRequest,
) -> Page<SupportSession> {
    let service = world.support_sessions();
    service
        .page(&support_admin(1), filter.clone(), page)
        .await
        .unwrap()
}

async fn numbers(world: &World, filter: SupportSessionFilter) -> Vec<u128> {
    let page = list(world, &filter, PageRequest::default()).await;
    page.items
        .iter()
        .map(|s| s.id.as_uuid().as_u128())
        .collect()
}

#[tokio::test]
async fn who_was_there_at_an_instant_is_listed() {
    for world in worlds().await {
        add(&world, &[0, 3, 10]).await;
        for (minute, expected) in [
            (-1, vec![]),
            (0, vec![1]),
            (3, vec![2, 1]),
            (4, vec![2, 1]),
            // The first has expired, the second is revoked, at these very instants.
            (5, vec![]),
            (10, vec![3]),
            (15, vec![]),
        ] {
            let filter = SupportSessionFilter {
                active_at: Some(noon() + TimeDelta::minutes(minute)),
                ..SupportSessionFilter::default()
            };
            assert_eq!(
                numbers(&world, filter).await,
                expected,
                "{}: {minute}",
                world.engine
            );
        }
    }
}

#[tokio::test]
async fn a_span_is_of_the_instants_of_issue() {
    for world in worlds().await {
        add(&world, &[0, 3, 10]).await;
        let minutes = |from: i64, to: i64| SupportSessionFilter {
            from: Some(noon() + TimeDelta::minutes(from)),
            to: Some(noon() + TimeDelta::minutes(to)),
            ..SupportSessionFilter::default()
        };
        assert_eq!(
            numbers(&world, minutes(0, 10)).await,
            [2, 1],
            "{}",
            world.engine
        );
        assert_eq!(
            numbers(&world, minutes(10, 11)).await,
            [3],
            "{}",
            world.engine
        );
        world.clock.advance(TimeDelta::minutes(62));
        let named = |time| SupportSessionFilter {
            time: Some(time),
            ..SupportSessionFilter::default()
        };
        assert_eq!(
            numbers(&world, named(TimePreset::LastHour)).await,
            [3, 2],
            "{}",
            world.engine
        );
        assert_eq!(
            numbers(&world, named(TimePreset::Today)).await,
            [3, 2, 1],
            "{}",
            world.engine
        );
        assert!(
            numbers(&world, named(TimePreset::LastMonth))
                .await
                .is_empty(),
            "{}",
            world.engine
        );
    }
}

#[tokio::test]
async fn today_is_the_day_of_the_callers_zone() {
    for world in worlds().await {
        add(&world, &[0, 60]).await;
        world.clock.advance(TimeDelta::hours(2));
        let mut by = support_admin(1);
        let filter = SupportSessionFilter {
            time: Some(TimePreset::Today),
            ..SupportSessionFilter::default()
        };
        let service = world.support_sessions();
        // Half past midnight of the next day there, at half past noon here.
        for (zone, expected) in [
            (Some("Pacific/Auckland"), 0),
            (Some("Europe/Berlin"), 2),
            (Some("No/Where"), 2),
            (None, 2),
        ] {
            by.origin.zone = zone.map(str::to_owned);
            let found = service
                .page(&by, filter.clone(), PageRequest::default())
                .await;
            let issued: Vec<_> = found.unwrap().items.iter().map(|s| s.issued_at).collect();
            let since = world.core.span(&by, TimePreset::Today).from.unwrap();
            assert!(issued.iter().all(|at| *at >= since), "{zone:?}");
            if expected > 0 {
                assert_eq!(issued.len(), expected, "{}: {zone:?}", world.engine);
            }
        }
    }
}

#[tokio::test]
async fn each_order_goes_through_all_of_them_once() {
    for world in worlds().await {
        // Ties are broken by the identifier.
        add(&world, &[0, 3, 3, 3, 10]).await;
        for (sort, direction, expected) in [
            (
                SupportSessionSort::Issued,
                Direction::Descending,
                [5, 4, 3, 2, 1],
            ),
            (
                SupportSessionSort::Issued,
                Direction::Ascending,
                [1, 2, 3, 4, 5],
            ),
            (
                SupportSessionSort::Expires,
                Direction::Descending,
                [5, 4, 3, 2, 1],
            ),
            (
                SupportSessionSort::Expires,
                Direction::Ascending,
                [1, 2, 3, 4, 5],
            ),
        ] {
            let filter = SupportSessionFilter {
                sort,
                direction,
                ..SupportSessionFilter::default()
            };
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let page = PageRequest {
                    limit: Some(2),
                    cursor,
                };
                let page = list(&world, &filter, page).await;
                seen.extend(page.items.iter().map(|s| s.id.as_uuid().as_u128()));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{}: {sort} {direction}", world.engine);
        }
    }
}

#[tokio::test]
async fn sessions_are_counted_by_the_day_of_their_issue_and_their_status_now() {
    for world in worlds().await {
        let day = 24 * 60;
        // 29 days ago, one before that, and two of today, of which one runs. The second is revoked.
        add(&world, &[0, day, day, 29 * day, 29 * day + 10, -1]).await;
        world
            .clock
            .advance(TimeDelta::days(29) + TimeDelta::minutes(12));
        let service = world.support_sessions();
        let days = service.by_day(&support_admin(1)).await.unwrap();
        let engine = world.engine;
        assert_eq!(days.len(), 30, "{engine}");
        assert_eq!(days[29].start - days[0].start, TimeDelta::days(29));
        let midnight = noon() - TimeDelta::hours(12);
        assert_eq!(days[0].start, midnight, "{engine}");
        let read = |n: usize| (days[n].active, days[n].revoked, days[n].expired);
        assert_eq!(read(0), (0, 0, 2), "{engine}");
        assert_eq!(read(1), (0, 1, 1), "{engine}");
        assert_eq!(read(2), (0, 0, 0), "{engine}");
        assert_eq!(read(29), (1, 0, 1), "{engine}");
        assert_eq!(days.iter().map(SessionsOfDay::total).sum::<u64>(), 6);
        let mut there = support_admin(1);
        there.origin.zone = Some("Pacific/Auckland".to_owned());
        let elsewhere = service.by_day(&there).await.unwrap();
        assert_ne!(elsewhere[0].start, days[0].start, "{engine}");
        for (caller, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let refused = service.by_day(&caller).await.unwrap_err();
            assert_eq!(refused.code, code, "{engine}");
        }
    }
}
