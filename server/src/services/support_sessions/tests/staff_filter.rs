//! The staff member that the list is filtered by is found by name.

use super::*;

#[tokio::test]
async fn a_staff_member_is_found_by_name_and_never_by_e_mail_address() {
    for world in worlds().await {
        let service = service(&world);
        for (number, name) in [(11, "Ñandú Rey"), (12, "Bo"), (13, "BO")] {
            world.add_staff(staff_id(number), name).await;
            create(&service, &support_admin(number)).await;
        }
        let named = async |text: &str| {
            let found = service.staff_named(&support_admin(1), text).await;
            found.map_err(|problem| problem.field("staff").unwrap().to_owned())
        };
        for text in [" ÑANDÚ  rey", "nandu rey"] {
            let found = named(text).await.unwrap();
            assert_eq!(found.id, staff_id(11), "{}: {text}", world.engine);
        }
        let several = format!("the ID of one: {}, {}", staff_id(12), staff_id(13));
        let part = format!("Do you mean Ñandú Rey ({})?", staff_id(11));
        for (text, why) in [
            ("bo", several.as_str()),
            ("NAN", part.as_str()),
            ("example.com", "Enter the whole name or the ID"),
            ("%", "Enter the whole name or the ID"),
            ("b\0o", ""),
        ] {
            let refused = named(text).await.unwrap_err();
            assert!(refused.contains(why), "{}: {refused}", world.engine);
        }
        for (caller, code) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (key(Some("acme")), ProblemCode::Forbidden),
        ] {
            let refused = service.staff_named(&caller, "Bo").await.unwrap_err();
            assert_eq!(refused.code, code, "{}", world.engine);
        }
    }
}

#[tokio::test]
async fn who_has_held_no_support_session_is_not_found_out_by_who_may_not_see_staff() {
    for world in worlds().await {
        world.add_staff(staff_id(11), "Zoë Quiet").await;
        let service = service(&world);
        for text in ["Zoë Quiet", "zoe quiet", "Quiet", "z"] {
            let refused = service.staff_named(&support_admin(1), text).await;
            let problem = refused.unwrap_err();
            let why = problem.field("staff").unwrap();
            assert!(!why.contains(&staff_id(11).to_string()), "{}", world.engine);
            assert!(!why.contains("Zoë Quiet ("), "{}: {why}", world.engine);
        }
        let filter = SupportSessionFilter {
            staff_id: Some(staff_id(11)),
            ..SupportSessionFilter::default()
        };
        let ana = support_admin(1);
        let list = service.list(&ana, filter, PageRequest::default());
        assert!(list.await.unwrap().staff.is_empty(), "{}", world.engine);
    }
}

#[tokio::test]
async fn a_list_names_the_staff_member_that_it_is_filtered_by_and_none_to_a_tenant() {
    for world in worlds().await {
        create(&service(&world), &support_admin(2)).await;
        let filter = SupportSessionFilter {
            staff_id: Some(staff_id(2)),
            ..SupportSessionFilter::default()
        };
        for (caller, expected) in [
            (support_admin(1), &["staff2"][..]),
            (key(Some("acme")), &[]),
        ] {
            let list = service(&world)
                .list(&caller, filter.clone(), PageRequest::default())
                .await
                .unwrap();
            let names: Vec<_> = list.staff.into_iter().map(|one| one.name).collect();
            assert_eq!(names, expected, "{}", world.engine);
        }
    }
}

#[tokio::test]
async fn a_name_stands_for_the_one_who_is_filtered_by_only_if_nobody_else_has_it_in_any_case() {
    for world in worlds().await {
        let service = service(&world);
        for (number, name) in [(11, "Ñandú Rey"), (12, "Bo"), (13, "BO"), (14, "Bö")] {
            world.add_staff(staff_id(number), name).await;
            create(&service, &support_admin(number)).await;
        }
        // Has held no session, so nobody finds this name.
        world.add_staff(staff_id(15), "ñandú rey").await;
        let named = async |caller: Context, number: u128| {
            let filter = SupportSessionFilter {
                staff_id: Some(staff_id(number)),
                ..SupportSessionFilter::default()
            };
            let list = service.list(&caller, filter, PageRequest::default());
            list.await.unwrap().named
        };
        for (number, stands) in [
            (11, true),
            (12, false),
            (13, false),
            (14, true),
            (15, false),
        ] {
            let named = named(support_admin(1), number).await;
            let asked = format!("{}: {number}", world.engine);
            assert_eq!(named.is_some(), stands, "{asked}");
            if let Some(one) = named {
                let found = service.staff_named(&support_admin(1), &one.name).await;
                assert_eq!(found.unwrap().id, staff_id(number), "{asked}");
            }
        }
        assert_eq!(named(key(Some("acme")), 11).await, None, "{}", world.engine);
    }
}
