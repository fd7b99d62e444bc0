mod links;
mod list;
mod manage;

use app::{
    domain::{
        StaffId,
        caller::Context,
        problem::ProblemCode,
        staff::{NewStaffMember, Role},
        support_sessions::SupportSession,
    },
    ports::StaffPort,
};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use store::Change;
use uuid::Uuid;

use super::*;
use crate::services::testing::{
    PASSWORD, World, anonymous, both, cli, code_of, noon, platform_key, problem_of,
};

const SUPER: &[Role] = &[Role::SuperAdmin];
const SUPPORT: &[Role] = &[Role::SupportAdmin];

fn new_member(email: &str) -> NewStaffMember {
    NewStaffMember {
        email: email.into(),
        name: "Someone".into(),
        roles: SUPPORT.to_vec(),
    }
}

/// Registers a tenant and opens a support session in it for `staff`.
async fn open_support_session(
    console: &World,
    staff: &StaffMember,
    tenant: &str,
) -> SupportSession {
    console.add_tenant(tenant).await;
    let id = console.core.new_uuid();
    console.add_session(id, tenant, staff).await
}

async fn try_every_act(console: &World, context: &Context, id: StaffId) -> Vec<ProblemCode> {
    let staff = &console.staff;
    let add = staff.add(
        context,
        new_member("new@example.com"),
        GivenPassword::OneTime,
    );
    vec![
        code_of(add.await),
        code_of(staff.set_roles(context, id, SUPER.to_vec()).await),
        code_of(
            staff
                .reset_password(context, id, GivenPassword::OneTime)
                .await,
        ),
        code_of(staff.deactivate(context, id).await),
        code_of(staff.reactivate(context, id).await),
    ]
}

#[tokio::test]
async fn staff_members_are_managed_by_super_admins_with_a_recent_sign_in_only() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        console.add("ben", SUPPORT).await;
        console.add("cem", &[]).await;
        let ana_in = console.sign_in("ana").await;
        let ben = console.context(&console.sign_in("ben").await).await;
        let cem = console.context(&console.sign_in("cem").await).await;
        for (context, expected) in [
            (anonymous(), ProblemCode::Unauthenticated),
            (ben, ProblemCode::Forbidden),
            (cem, ProblemCode::Forbidden),
            (platform_key(), ProblemCode::Forbidden),
        ] {
            let codes = try_every_act(&console, &context, ana.id).await;
            assert_eq!(codes, [expected; 5], "{}", console.engine);
        }
        let context = console.context(&ana_in).await;
        assert_eq!(console.staff.list_all(&context).await.unwrap().len(), 3);
        console.clock.advance(TimeDelta::minutes(10));
        let codes = try_every_act(&console, &context, ana.id).await;
        assert_eq!(codes, [ProblemCode::SignInTooOld; 5], "{}", console.engine);
        let expected = ["staff.added"; 3]
            .into_iter()
            .chain(["staff.signed_in"; 3])
            .collect::<Vec<_>>();
        assert_eq!(console.actions("system").await, expected);
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_staff_member_however_it_is_written() {
    for console in both().await {
        console.add("ana", SUPER).await;
        let again = console
            .staff
            .add(
                &cli(),
                new_member(" ANA@Example.com "),
                GivenPassword::OneTime,
            )
            .await;
        assert!(problem_of(again).field("email").is_some());
        let found = console.staff.find(&cli(), "Ana@Example.COM").await.unwrap();
        assert_eq!(found.email, "ana@example.com");
        assert_eq!(
            console
                .staff
                .find(&cli(), &found.id.to_string())
                .await
                .unwrap(),
            found
        );
        assert_eq!(
            code_of(console.staff.find(&cli(), "ben@example.com").await),
            ProblemCode::NotFound
        );
        assert_eq!(console.actions("system").await, ["staff.added"]);
    }
}

#[tokio::test]
async fn no_address_leads_to_one_account_in_one_browser_and_to_another_in_the_next() {
    let (typed, ascii) = ("bob@straße.example", "bob@xn--strae-oqa.example");
    let sent = "bob@strasse.example";
    for (first, second) in [(ascii, sent), (sent, ascii)] {
        for console in both().await {
            let add = async |email: &str| {
                let new = new_member(email);
                console.staff.add(&cli(), new, GivenPassword::OneTime).await
            };
            let refused = problem_of(add(typed).await);
            let message = refused.field("email").unwrap_or_default();
            assert!(message.contains("xn--strae-oqa.example"), "{message}");
            assert!(add(first).await.is_ok(), "{}", console.engine);
            let refused = problem_of(add(second).await);
            let message = refused.field("email").unwrap_or_default();
            assert!(message.contains(first), "{}: {message}", console.engine);
            let found = console.staff.find(&cli(), first).await.unwrap();
            assert_eq!(found.email, first);
            assert!(console.staff.find(&cli(), second).await.is_err());
            assert_eq!(console.actions("system").await, ["staff.added"]);
        }
    }
}

#[tokio::test]
async fn a_password_that_may_not_be_chosen_is_refused_by_name() {
    let console = crate::services::testing::sqlite().await;
    for password in ["short", "aaaaaaaaaaaaaaaaaaaa", "my ana@example.com here"] {
        let given = GivenPassword::Chosen {
            password: password.into(),
            must_change: true,
        };
        let added = console
            .staff
            .add(&cli(), new_member("ana@example.com"), given)
            .await;
        assert!(problem_of(added).field("password").is_some(), "{password}");
    }
    assert!(!console.staff.any_staff().await.unwrap());
}

#[tokio::test]
async fn a_one_time_password_is_shown_once_and_must_be_changed() {
    for console in both().await {
        assert!(!console.staff.any_staff().await.unwrap());
        let added = console
            .staff
            .add(
                &cli(),
                new_member("ana@example.com"),
                GivenPassword::OneTime,
            )
            .await
            .unwrap();
        assert!(console.staff.any_staff().await.unwrap());
        let one_time = added.one_time_password.clone().unwrap();
        assert!(!format!("{added:?}").contains(one_time.expose_secret()));
        let new = console
            .try_sign_in(&anonymous(), "ana@example.com", one_time)
            .await
            .unwrap();
        assert!(new.must_change_password);
        let context = console.context(&new).await;
        assert_eq!(
            code_of(console.staff.list_all(&context).await),
            ProblemCode::PasswordChangeRequired
        );
        let shown = console.staff.signed_in(&context).await.unwrap().unwrap();
        assert!(shown.must_change_password);
    }
}

#[tokio::test]
async fn a_reset_password_ends_what_was_signed_in_with_the_old_one() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        let before = console.sign_in("ana").await;
        let given = console
            .staff
            .reset_password(&cli(), ana.id, GivenPassword::OneTime)
            .await
            .unwrap();
        assert!(!console.stands(&before).await);
        let old = console
            .try_sign_in(&anonymous(), "ana@example.com", PASSWORD)
            .await;
        assert_eq!(code_of(old), ProblemCode::Unauthenticated);
        let one_time = given.one_time_password.unwrap();
        let new = console
            .try_sign_in(&anonymous(), "ana@example.com", one_time)
            .await;
        assert!(new.unwrap().must_change_password);
        let unknown = StaffId::from_uuid(Uuid::from_u128(9));
        let nobody = console
            .staff
            .reset_password(&cli(), unknown, GivenPassword::OneTime)
            .await;
        assert_eq!(code_of(nobody), ProblemCode::NotFound);
    }
}

#[tokio::test]
async fn the_last_super_admin_can_neither_be_removed_nor_deactivated() {
    for console in both().await {
        let ana = console
            .add("ana", &[Role::SupportAdmin, Role::SuperAdmin])
            .await;
        let ben = console.add("ben", SUPER).await;
        console.staff.deactivate(&cli(), ben.id).await.unwrap();
        for roles in [vec![], SUPPORT.to_vec()] {
            let changed = console.staff.set_roles(&cli(), ana.id, roles).await;
            assert_eq!(code_of(changed), ProblemCode::Conflict);
        }
        let deactivated = console.staff.deactivate(&cli(), ana.id).await;
        assert_eq!(code_of(deactivated), ProblemCode::Conflict);
        // The other role may go, and once there is another super admin, everything may.
        console
            .staff
            .set_roles(&cli(), ana.id, SUPER.to_vec())
            .await
            .unwrap();
        console.staff.reactivate(&cli(), ben.id).await.unwrap();
        console.staff.deactivate(&cli(), ana.id).await.unwrap();
    }
}

#[tokio::test]
async fn two_super_admins_can_not_remove_each_other_at_the_same_instant() {
    for console in both().await {
        for _ in 0..5 {
            let [ana, ben] = ["ana", "ben"].map(|name| {
                let name = format!("{name}-{}", console.core.new_uuid());
                async { console.add(&{ name }, SUPER).await }
            });
            let (ana, ben) = (ana.await, ben.await);
            // Nobody else is left from the previous round.
            for member in console.staff.list_all(&cli()).await.unwrap() {
                if ![ana.id, ben.id].contains(&member.id) {
                    console.staff.deactivate(&cli(), member.id).await.unwrap();
                }
            }
            let context = cli();
            let (one, other) = tokio::join!(
                console.staff.deactivate(&context, ana.id),
                console.staff.set_roles(&context, ben.id, Vec::new()),
            );
            assert!(
                one.is_ok() != other.is_ok(),
                "{}: {one:?} {other:?}",
                console.engine
            );
        }
    }
}

#[tokio::test]
async fn a_staff_member_without_access_loses_everything_at_once() {
    for by_roles in [false, true] {
        for console in both().await {
            console.add("root", SUPER).await;
            let member = console.add("ana", SUPPORT).await;
            let signed_in = [console.sign_in("ana").await, console.sign_in("ana").await];
            let tenants = ["bolt", "acme"];
            for tenant in tenants {
                open_support_session(&console, &member, tenant).await;
            }
            let mut changes = console.core.store.changes();
            console.core.store.follow_changes().await.unwrap();
            let after = if by_roles {
                console.staff.set_roles(&cli(), member.id, Vec::new()).await
            } else {
                console.staff.deactivate(&cli(), member.id).await
            };
            assert!(!after.unwrap().member.may_enter());
            for sign_in in &signed_in {
                assert!(!console.stands(sign_in).await, "{}", console.engine);
            }
            let mut reader = console.core.store.read().await.unwrap();
            let active = reader
                .db()
                .list_active_support_sessions_of(member.id, noon())
                .await;
            assert!(active.unwrap().is_empty());
            drop(reader);
            for tenant in tenants {
                let actions = console.actions(&format!("tenant:{tenant}")).await;
                assert_eq!(actions, ["support_session.revoked"]);
            }
            // The running server learns of every part of it.
            let mut told = Vec::new();
            while told.len() < 5 {
                let Change { kind, .. } = changes.recv().await.unwrap();
                told.push(kind);
            }
            let count = |kind| told.iter().filter(|told| **told == kind).count();
            assert_eq!(count(ChangeKind::Staff), 1);
            assert_eq!(count(ChangeKind::StaffSession), 2);
            assert_eq!(count(ChangeKind::SupportSession), 2);
        }
    }
}

#[tokio::test]
async fn a_change_that_changes_nothing_is_no_event() {
    for console in both().await {
        let ana = console.add("ana", SUPER).await;
        let roles = vec![Role::SuperAdmin, Role::SuperAdmin];
        console
            .staff
            .set_roles(&cli(), ana.id, roles)
            .await
            .unwrap();
        console.staff.reactivate(&cli(), ana.id).await.unwrap();
        let ben = console.add("ben", SUPPORT).await;
        let first = console.staff.deactivate(&cli(), ben.id).await.unwrap();
        console.clock.advance(TimeDelta::minutes(1));
        let second = console.staff.deactivate(&cli(), ben.id).await.unwrap();
        assert_eq!(first.member, second.member);
        assert_eq!(second.audit_event_id, None);
        assert_eq!(
            console.actions("system").await,
            ["staff.added", "staff.added", "staff.deactivated"]
        );
    }
}

#[tokio::test]
async fn pages_get_the_signed_in_staff_member_and_their_sessions() {
    for console in both().await {
        let ana = console.add("ana", SUPPORT).await;
        let ben = console.add("ben", SUPPORT).await;
        let own = open_support_session(&console, &ana, "acme").await;
        open_support_session(&console, &ben, "blue").await;
        assert_eq!(console.staff.signed_in(&anonymous()).await.unwrap(), None);
        assert_eq!(
            console.staff.signed_in(&platform_key()).await.unwrap(),
            None
        );
        let context = console.context(&console.sign_in("ana").await).await;
        let shown = console.staff.signed_in(&context).await.unwrap().unwrap();
        assert_eq!(shown.staff, ana);
        assert_eq!(shown.own_active, [own]);
        assert_eq!(shown.active_support_sessions, 2);
        // Someone without a role sees the page that says so, and nothing of the platform.
        console.add("cem", &[]).await;
        let context = console.context(&console.sign_in("cem").await).await;
        let shown = console.staff.signed_in(&context).await.unwrap().unwrap();
        assert!(shown.staff.roles.is_empty());
        assert_eq!(shown.active_support_sessions, 0);
    }
}

#[tokio::test]
async fn support_sessions_end_at_this_nodes_gates_before_the_answer() {
    for console in both().await {
        let ana = console
            .add_staff(StaffId::from_uuid(Uuid::from_u128(1)), "ana")
            .await;
        for (number, tenant) in [(2, "acme"), (3, "bolt")] {
            let name = format!("member{number}");
            let member = console
                .add_staff(StaffId::from_uuid(Uuid::from_u128(number)), &name)
                .await;
            let session = open_support_session(&console, &member, tenant).await;
            // Someone is at the gate.
            let held = console.gates.close(session.id).await;
            assert!(!console.gates.has_ended(session.id));
            match number {
                2 => console.staff.deactivate(&cli(), member.id).await.unwrap(),
                _ => {
                    let staff = &console.staff;
                    staff
                        .set_roles(&cli(), member.id, Vec::new())
                        .await
                        .unwrap()
                }
            };
            assert!(console.gates.has_ended(session.id), "{}", console.engine);
            drop(held);
        }
        drop(ana);
    }
}
