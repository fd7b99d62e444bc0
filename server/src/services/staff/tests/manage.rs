//! Changing a staff member from a page: conflicts, the end of sign-ins, the page itself.

use app::domain::{caller::Caller, staff::RolesForm};

use super::*;
use crate::services::staff_sessions::Elsewhere;

fn form(seen: &str, roles: &[&str]) -> RolesForm {
    RolesForm {
        roles: roles.iter().map(ToString::to_string).collect(),
        seen: seen.to_owned(),
    }
}

/// A super admin who has just signed in.
async fn signed_in(console: &World, name: &str) -> Context {
    console.add(name, SUPER).await;
    console.context(&console.sign_in(name).await).await
}

#[tokio::test]
async fn the_second_of_two_who_edit_the_same_person_learns_what_the_first_has_changed() {
    for console in both().await {
        let ana = signed_in(&console, "ana").await;
        let ben = signed_in(&console, "ben").await;
        let cem = console.add("cem", SUPPORT).await;
        let port: &dyn StaffPort = &console.staff;
        let first = form("support_admin", &["support_admin", "super_admin"]);
        port.set_roles(&ana, cem.id, first).await.unwrap();
        let second = form("support_admin", &[]);
        let refused = port.set_roles(&ben, cem.id, second).await.unwrap_err();
        assert_eq!(refused.code, ProblemCode::Conflict, "{}", console.engine);
        for part in [
            "ana changed these roles at 12:00 UTC",
            "They are now: Support admin, Super admin",
            "Your choice is still here",
        ] {
            assert!(refused.detail.contains(part), "{}", refused.detail);
        }
        let now = console.staff.find(&cli(), "cem@example.com").await.unwrap();
        assert_eq!(now.roles.len(), 2, "nothing was saved");
        // Having seen that, the second saves.
        let again = form("support_admin super_admin", &["super_admin"]);
        let saved = port.set_roles(&ben, cem.id, again).await.unwrap();
        assert_eq!(saved.member.roles, SUPER);
        // Who asks for what there is already gets it, whatever was shown.
        let same = form("support_admin", &["super_admin"]);
        let nothing = port.set_roles(&ana, cem.id, same).await.unwrap();
        assert_eq!(nothing.audit_event_id, None);
    }
}

#[tokio::test]
async fn acts_from_a_page_are_for_super_admins_with_a_recent_sign_in() {
    for console in both().await {
        let ana = signed_in(&console, "ana").await;
        console.add("ben", SUPPORT).await;
        console.add("dan", &[]).await;
        let ben = console.context(&console.sign_in("ben").await).await;
        let dan = console.context(&console.sign_in("dan").await).await;
        let id = console.add("cem", SUPPORT).await.id;
        let port: &dyn StaffPort = &console.staff;
        let codes = async |context: &Context| {
            let roles = form("support_admin", &["super_admin"]);
            [
                port.set_roles(context, id, roles).await.unwrap_err().code,
                port.deactivate(context, id).await.unwrap_err().code,
                port.reactivate(context, id).await.unwrap_err().code,
                port.end_sign_ins(context, id).await.unwrap_err().code,
            ]
        };
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (platform_key(), ProblemCode::Forbidden),
            (ben.clone(), ProblemCode::Forbidden),
            (dan, ProblemCode::Forbidden),
        ] {
            assert_eq!(codes(&context).await, [expected; 4], "{}", console.engine);
            let detail = port.detail(&context, id).await.unwrap_err();
            assert_eq!(detail.code, expected);
        }
        console.clock.advance(TimeDelta::minutes(10));
        assert_eq!(codes(&ana).await, [ProblemCode::SignInTooOld; 4]);
        let detail = port.detail(&ana, id).await.unwrap();
        assert_eq!(detail.row.member.name, "cem");
        assert!(!detail.is_own && !detail.is_last_super_admin);
        let nobody = StaffId::from_uuid(Uuid::from_u128(77));
        let unknown = port.detail(&ana, nobody).await.unwrap_err();
        assert_eq!(unknown.code, ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn a_page_shows_what_a_person_has_open_and_what_was_done_to_them() {
    for console in both().await {
        let ana = signed_in(&console, "ana").await;
        let Caller::Staff(own) = &ana.caller else {
            panic!("signed in")
        };
        let detail = console.staff.detail_of(&ana, own.staff_id).await.unwrap();
        assert!(detail.is_own && detail.is_last_super_admin);
        assert!(detail.sign_ins[0].is_this);
        let actions: Vec<_> = detail.events.iter().map(|e| e.action.as_str()).collect();
        assert_eq!(
            actions,
            ["staff.signed_in", "staff.added"],
            "{}",
            console.engine
        );

        let ben = console.add("ben", SUPPORT).await;
        let there = console.sign_in("ben").await;
        open_support_session(&console, &ben, "acme").await;
        let ended = console.staff.end_sign_ins(&ana, ben.id).await.unwrap();
        assert_eq!((ended.sign_ins_ended, ended.support_sessions_ended), (1, 0));
        assert!(!console.stands(&there).await);
        let again = console.staff.end_sign_ins(&ana, ben.id).await.unwrap();
        assert_eq!(again.audit_event_id, None, "nobody is signed in any more");
        console.sign_in("ben").await;
        let gone = console.staff.deactivate(&ana, ben.id).await.unwrap();
        assert_eq!((gone.sign_ins_ended, gone.support_sessions_ended), (1, 1));
        let detail = console.staff.detail_of(&ana, ben.id).await.unwrap();
        assert!(detail.sign_ins.is_empty());
        assert_eq!(detail.row.active_support_sessions, 0);
        assert_eq!(detail.events[0].action, "staff.deactivated");
    }
}

#[tokio::test]
async fn people_end_their_own_sign_ins_elsewhere_and_nobody_elses() {
    for console in both().await {
        console.add("ana", SUPPORT).await;
        console.add("ben", SUPPORT).await;
        let here = console.sign_in("ana").await;
        let there = [console.sign_in("ana").await, console.sign_in("ana").await];
        let others = console.sign_in("ben").await;
        let ana = console.context(&here).await;
        let port: &dyn StaffPort = &console.staff;
        let own = port.own_sign_ins(&ana).await.unwrap();
        let this: Vec<_> = own.sign_ins.iter().filter(|s| s.is_this).collect();
        assert_eq!(
            (own.sign_ins.len(), this.len()),
            (3, 1),
            "{}",
            console.engine
        );
        assert_eq!(this[0].id, here.staff_session_id);

        let end = async |which| console.sessions.sign_out_elsewhere(&ana, which).await;
        let stray = end(Elsewhere::One(others.staff_session_id)).await;
        assert_eq!(code_of(stray), ProblemCode::NotFound);
        assert!(console.stands(&others).await, "another's sign-in stays");
        let one = Elsewhere::One(there[0].staff_session_id);
        assert_eq!(end(one).await.unwrap(), 1);
        assert!(!console.stands(&there[0]).await);
        assert_eq!(
            code_of(end(one).await),
            ProblemCode::NotFound,
            "it has ended"
        );
        assert_eq!(end(Elsewhere::All).await.unwrap(), 1);
        assert!(!console.stands(&there[1]).await);
        assert!(console.stands(&here).await && console.stands(&others).await);
        assert_eq!(end(Elsewhere::All).await.unwrap(), 0);
        for context in [anonymous(), platform_key(), cli()] {
            assert!(port.own_sign_ins(&context).await.is_err());
            let ended = console
                .sessions
                .sign_out_elsewhere(&context, Elsewhere::All);
            assert!(ended.await.is_err());
        }
    }
}
