//! The list of staff members.

use app::domain::{
    page::{Direction, PageRequest},
    staff::{StaffFilter, StaffList, StaffSort, StaffState},
};

use super::*;

async fn list(console: &World, filter: StaffFilter, page: PageRequest) -> StaffList {
    let listed = console.staff.list_page(&cli(), filter, &page).await;
    listed.unwrap()
}

fn names(list: &StaffList) -> Vec<&str> {
    let rows = list.staff.items.iter();
    rows.map(|row| row.member.name.as_str()).collect()
}

async fn found(console: &World, filter: StaffFilter) -> Vec<String> {
    let list = list(console, filter, PageRequest::default()).await;
    names(&list).into_iter().map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn super_admins_read_the_list_however_long_ago_they_signed_in_and_no_one_else_does() {
    for console in both().await {
        console.add("ana", SUPER).await;
        console.add("ben", SUPPORT).await;
        console.add("cem", &[]).await;
        let ana = console.context(&console.sign_in("ana").await).await;
        let ben = console.context(&console.sign_in("ben").await).await;
        let cem = console.context(&console.sign_in("cem").await).await;
        let read = async |context: &Context| {
            let page = PageRequest::default();
            let filter = StaffFilter::default();
            console.staff.list_page(context, filter, &page).await
        };
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (ben, ProblemCode::Forbidden),
            (cem, ProblemCode::Forbidden),
            (platform_key(), ProblemCode::Forbidden),
        ] {
            assert_eq!(
                code_of(read(&context).await),
                expected,
                "{}",
                console.engine
            );
            let searched = console.staff.find(&context, "ana@example.com").await;
            assert_eq!(code_of(searched), expected, "{}", console.engine);
        }
        console.clock.advance(TimeDelta::minutes(20));
        assert_eq!(read(&ana).await.unwrap().staff.total, 3);
    }
}

#[tokio::test]
async fn staff_members_are_found_by_name_address_role_and_state() {
    for console in both().await {
        console
            .add_at("Zoë Ångström", "zoe@example.com", SUPER)
            .await;
        console.add("ben", SUPPORT).await;
        console.add("cem", &[]).await;
        let jo = console.add_at("jo", "jo@bücher.example", &[]).await;
        assert_eq!(jo.email, "jo@xn--bcher-kva.example");
        let dan = console
            .add("dan", &[Role::SupportAdmin, Role::SuperAdmin])
            .await;
        console.staff.deactivate(&cli(), dan.id).await.unwrap();
        let search = |text: &str| StaffFilter {
            search: Some(text.to_owned()),
            ..StaffFilter::default()
        };
        let role = |role| StaffFilter {
            role: Some(role),
            ..StaffFilter::default()
        };
        let state = |state| StaffFilter {
            state: Some(state),
            ..StaffFilter::default()
        };
        for (filter, expected) in [
            (
                StaffFilter::default(),
                vec!["ben", "cem", "dan", "jo", "Zoë Ångström"],
            ),
            (search(" angstrom "), vec!["Zoë Ångström"]),
            (search("ZOE@"), vec!["Zoë Ångström"]),
            (search("Jo@Bücher.example"), vec!["jo"]),
            (search("jo@xn--bcher-kva"), vec!["jo"]),
            (search("%"), vec![]),
            (role(Role::SuperAdmin), vec!["dan", "Zoë Ångström"]),
            (role(Role::SupportAdmin), vec!["ben", "dan"]),
            (state(StaffState::Active), vec!["ben", "Zoë Ångström"]),
            (state(StaffState::NoRole), vec!["cem", "jo"]),
            (state(StaffState::Deactivated), vec!["dan"]),
        ] {
            let names = found(&console, filter.clone()).await;
            assert_eq!(names, expected, "{}: {filter:?}", console.engine);
        }
    }
}

#[tokio::test]
async fn the_list_says_who_signed_in_last_and_who_is_in_a_tenant() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        console.add("ben", SUPPORT).await;
        console.add("cem", SUPPORT).await;
        console.sign_in("ana").await;
        console.clock.advance(TimeDelta::minutes(1));
        console.sign_in("cem").await;
        open_support_session(&console, &ana, "acme").await;
        let filter = StaffFilter {
            sort: StaffSort::LastSignIn,
            direction: Direction::Descending,
            ..StaffFilter::default()
        };
        let listed = list(&console, filter.clone(), PageRequest::default()).await;
        assert_eq!(names(&listed), ["cem", "ana", "ben"], "{}", console.engine);
        let [cem, ana, ben] = &listed.staff.items[..] else {
            panic!("three rows")
        };
        assert_eq!(cem.last_signed_in_at, Some(noon() + TimeDelta::minutes(1)));
        assert_eq!(ben.last_signed_in_at, None);
        let active = [cem, ana, ben].map(|row| row.active_support_sessions);
        assert_eq!(active, [0, 1, 0]);
        console.clock.advance(TimeDelta::minutes(5));
        let later = list(&console, filter, PageRequest::default()).await;
        assert_eq!(later.staff.items[1].active_support_sessions, 0);
    }
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_without_gaps_and_a_cursor_holds_for_its_own_filter() {
    for console in both().await {
        for number in 0..7 {
            let id = StaffId::from_uuid(Uuid::from_u128(number + 1));
            console.add_staff(id, &format!("p{number}")).await;
        }
        let page = |cursor: Option<String>| PageRequest {
            limit: Some(3),
            cursor,
        };
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let listed = list(&console, StaffFilter::default(), page(cursor)).await;
            seen.extend(names(&listed).into_iter().map(ToOwned::to_owned));
            assert_eq!(listed.staff.total, 7);
            cursor = listed.staff.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["p0", "p1", "p2", "p3", "p4", "p5", "p6"]);
        let first = list(&console, StaffFilter::default(), page(None)).await;
        let other = StaffFilter {
            role: Some(Role::SuperAdmin),
            ..StaffFilter::default()
        };
        let stray = console
            .staff
            .list_page(&cli(), other, &page(first.staff.next_cursor))
            .await;
        assert_eq!(code_of(stray), ProblemCode::InvalidCursor);
    }
}
